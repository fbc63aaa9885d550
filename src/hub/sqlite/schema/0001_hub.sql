-- The hub in one file. Every unique and foreign key begins with scope, as in the PostgreSQL hub, where scope
-- is the sharding key; `*` stands for what belongs to the hub as a whole. Append-only: a change is a new file.

CREATE TABLE hub (
  scope TEXT NOT NULL,
  key   TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

-- Who may do what where; scope `*` for everywhere.
CREATE TABLE person (
  scope  TEXT    NOT NULL,
  login  TEXT    NOT NULL,
  role   TEXT    NOT NULL,
  locked INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, login)
) STRICT, WITHOUT ROWID;

-- The end of each scope's log.
CREATE TABLE head (
  scope TEXT    NOT NULL PRIMARY KEY,
  pos   INTEGER NOT NULL,
  hash  BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- Caches and how far their ops are numbered here.
CREATE TABLE client (
  scope    TEXT    NOT NULL,
  client   BLOB    NOT NULL,
  login    TEXT    NOT NULL,
  last_seq INTEGER NOT NULL,
  PRIMARY KEY (scope, client)
) STRICT, WITHOUT ROWID;

-- What every op was answered, for the op that comes again.
CREATE TABLE result (
  scope  TEXT    NOT NULL,
  client BLOB    NOT NULL,
  seq    INTEGER NOT NULL,
  op_id  BLOB    NOT NULL,
  at_ms  INTEGER NOT NULL,
  answer TEXT    NOT NULL,
  PRIMARY KEY (scope, client, seq),
  FOREIGN KEY (scope, client) REFERENCES client (scope, client)
) STRICT, WITHOUT ROWID;

CREATE TABLE record (
  scope      TEXT    NOT NULL,
  id         BLOB    NOT NULL,
  root       BLOB    NOT NULL,
  kind       TEXT    NOT NULL,
  visibility TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  ord        TEXT    NOT NULL,
  deleted    INTEGER NOT NULL,
  body       TEXT    NOT NULL,
  -- Who made it.
  author     TEXT    NOT NULL DEFAULT '',
  -- Where its last change stands in the log.
  pos        INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, id)
) STRICT;
-- One record by id: what an op writes, a payer of another scope.
CREATE INDEX record_id ON record (id);
-- An encounter's records: its work item, the rules for an op.
CREATE INDEX record_root ON record (root);
-- Changes after a cursor: every pull.
CREATE INDEX record_pos ON record (scope, pos);

CREATE TABLE work_item (
  scope       TEXT    NOT NULL,
  id          BLOB    NOT NULL,
  account     TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  kind        TEXT    NOT NULL,
  payer       TEXT    NOT NULL,
  first_day   TEXT    NOT NULL,
  last_day    TEXT    NOT NULL,
  dollars     INTEGER NOT NULL,
  state       TEXT    NOT NULL,
  holds       INTEGER NOT NULL,
  hold        TEXT    NOT NULL,
  claim       TEXT,
  response    TEXT    NOT NULL,
  file_by     TEXT,
  assigned    TEXT,
  holder      TEXT,
  lease_until INTEGER,
  rank        INTEGER NOT NULL,
  why         TEXT    NOT NULL,
  documents   INTEGER NOT NULL,
  diagnoses   INTEGER NOT NULL,
  lines       INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  fence       INTEGER NOT NULL,
  patient     BLOB    NOT NULL,
  coverage    BLOB,
  payer_id    BLOB,
  account_key TEXT    NOT NULL,
  name_key    TEXT    NOT NULL,
  stage       INTEGER NOT NULL,
  pos         INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, id)
) STRICT;
-- The lease of one encounter.
CREATE INDEX work_id ON work_item (id);
-- Rows that changed after a cursor: every pull.
CREATE INDEX work_pos ON work_item (scope, pos);
-- get_next: leases that ran out, then free rows in the manager's order.
CREATE INDEX work_expired ON work_item (scope, lease_until) WHERE stage = 0 AND holds = 0 AND holder IS NOT NULL;
CREATE INDEX work_free ON work_item (scope, rank, last_day, account) WHERE stage = 0 AND holds = 0 AND holder IS NULL;
-- The rows to rewrite when a patient, a coverage or a payer changes.
CREATE INDEX work_patient ON work_item (patient);
CREATE INDEX work_coverage ON work_item (coverage) WHERE coverage IS NOT NULL;
CREATE INDEX work_payer ON work_item (payer_id) WHERE payer_id IS NOT NULL;

-- The change log, chained by hash. `what`: record or lease.
CREATE TABLE log (
  scope   TEXT    NOT NULL,
  pos     INTEGER NOT NULL,
  what    TEXT    NOT NULL,
  id      BLOB    NOT NULL,
  version INTEGER NOT NULL,
  -- SHA-256 of the record, or of the lease, as it became.
  digest  BLOB    NOT NULL,
  op_id   BLOB    NOT NULL,
  at_ms   INTEGER NOT NULL,
  hash    BLOB    NOT NULL,
  PRIMARY KEY (scope, pos)
) STRICT, WITHOUT ROWID;

CREATE TABLE document_text (
  scope  TEXT    NOT NULL,
  hash   TEXT    NOT NULL,
  packed INTEGER NOT NULL,
  text   BLOB    NOT NULL,
  PRIMARY KEY (scope, hash)
) STRICT, WITHOUT ROWID;

-- Answers to get_next, for the request that comes again.
CREATE TABLE request (
  scope   TEXT    NOT NULL,
  request BLOB    NOT NULL,
  login   TEXT    NOT NULL,
  at_ms   INTEGER NOT NULL,
  ids     TEXT    NOT NULL,
  PRIMARY KEY (scope, request)
) STRICT, WITHOUT ROWID;

-- Who did what, by the hub's clock and the device's, chained by hash per scope.
CREATE TABLE audit (
  scope     TEXT    NOT NULL,
  n         INTEGER NOT NULL,
  at_ms     INTEGER NOT NULL,
  device_ms INTEGER NOT NULL,
  login     TEXT    NOT NULL,
  client    BLOB    NOT NULL,
  -- The client's own number of an event, so that each is taken once; null for what the hub saw itself.
  client_n  INTEGER,
  what      TEXT    NOT NULL,
  root      BLOB    NOT NULL,
  op_id     BLOB    NOT NULL,
  detail    TEXT    NOT NULL,
  hash      BLOB    NOT NULL,
  PRIMARY KEY (scope, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX audit_client ON audit (scope, client, client_n) WHERE client_n IS NOT NULL;
