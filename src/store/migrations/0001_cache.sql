-- The local cache. Append-only: a change is a new numbered file.

-- Records as DESIGN.md section 5 has them. `version` is what the screen sees: the hub's version of the content
-- plus the ops of ours that the hub has not confirmed.
CREATE TABLE record (
  n          INTEGER PRIMARY KEY,
  scope      TEXT    NOT NULL,
  id         BLOB    NOT NULL,
  root       BLOB    NOT NULL,
  kind       TEXT    NOT NULL,
  visibility TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  ord        TEXT    NOT NULL,
  deleted    INTEGER NOT NULL,
  body       TEXT    NOT NULL,
  -- The hub's version that the content without our unconfirmed ops is.
  base       INTEGER NOT NULL DEFAULT 0,
  -- The highest version the hub has confirmed to us; an older one never replaces it.
  acked      INTEGER NOT NULL DEFAULT 0,
  -- Ops of ours on this record that the hub has not confirmed.
  pending    INTEGER NOT NULL DEFAULT 0
) STRICT;
-- One record by id, in whatever scope it lives: an edit, a payer of a chart. (In the hub the key begins with
-- scope; a cache is one file and is asked by id.)
CREATE UNIQUE INDEX record_key ON record (id, scope);
-- All records of an encounter: opening a chart. Rows of one import lie beside each other.
CREATE INDEX record_root ON record (root);
-- The directory: every payer, provider, site and fee table, which are few.
CREATE INDEX record_directory ON record (kind) WHERE kind IN ('payer', 'provider', 'site', 'fees');

CREATE TABLE work_item (
  n           INTEGER PRIMARY KEY,
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
  -- Minus the priority, so that every list reads its index forward.
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
  -- 0 open, 1 submitted and not final, 2 final.
  stage       INTEGER NOT NULL
) STRICT;
-- The row of an open chart.
CREATE UNIQUE INDEX work_key ON work_item (id, scope);
-- The list "mine", a page at a time in its order.
CREATE INDEX work_mine ON work_item (assigned, rank, last_day, account, id) WHERE stage = 0 AND assigned IS NOT NULL;
-- The lists by kind of visit.
CREATE INDEX work_kind ON work_item (kind, rank, last_day, account, id) WHERE stage = 0;
-- The list "held".
CREATE INDEX work_held ON work_item (rank, last_day, account, id) WHERE holds > 0;
-- The list "coded".
CREATE INDEX work_coded ON work_item (rank, last_day, account, id) WHERE stage = 1;
-- The lists "rejected" and "denied".
CREATE INDEX work_claim ON work_item (claim, rank, last_day, account, id) WHERE claim IS NOT NULL;
-- The list "all".
CREATE INDEX work_all ON work_item (rank, last_day, account, id);
-- The beginning of an account number or of a name, typed; one account number, exactly.
CREATE INDEX work_account ON work_item (account_key);
CREATE INDEX work_name ON work_item (name_key);
-- The rows to rewrite when a patient, a coverage or a payer changes.
CREATE INDEX work_patient ON work_item (patient);
CREATE INDEX work_coverage ON work_item (coverage) WHERE coverage IS NOT NULL;
CREATE INDEX work_payer ON work_item (payer_id) WHERE payer_id IS NOT NULL;

-- How many rows each list has, kept by the triggers below: counting 100,000 rows at every key is too slow.
CREATE TABLE work_tally (
  kind     TEXT    NOT NULL,
  stage    INTEGER NOT NULL,
  held     INTEGER NOT NULL,
  claim    TEXT    NOT NULL,
  assigned TEXT    NOT NULL,
  rows     INTEGER NOT NULL,
  PRIMARY KEY (kind, stage, held, claim, assigned)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER work_added AFTER INSERT ON work_item BEGIN
  INSERT INTO work_tally VALUES
    (new.kind, new.stage, new.holds > 0, coalesce(new.claim, ''), coalesce(new.assigned, ''), 1)
    ON CONFLICT DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER work_gone AFTER DELETE ON work_item BEGIN
  UPDATE work_tally SET rows = rows - 1 WHERE kind = old.kind AND stage = old.stage AND held = (old.holds > 0)
    AND claim = coalesce(old.claim, '') AND assigned = coalesce(old.assigned, '');
END;
CREATE TRIGGER work_changed AFTER UPDATE OF kind, stage, holds, claim, assigned ON work_item
WHEN old.kind <> new.kind OR old.stage <> new.stage OR (old.holds > 0) <> (new.holds > 0)
  OR old.claim IS NOT new.claim OR old.assigned IS NOT new.assigned BEGIN
  UPDATE work_tally SET rows = rows - 1 WHERE kind = old.kind AND stage = old.stage AND held = (old.holds > 0)
    AND claim = coalesce(old.claim, '') AND assigned = coalesce(old.assigned, '');
  INSERT INTO work_tally VALUES
    (new.kind, new.stage, new.holds > 0, coalesce(new.claim, ''), coalesce(new.assigned, ''), 1)
    ON CONFLICT DO UPDATE SET rows = rows + 1;
END;

-- Texts by their SHA-256. Never changed: coding does not rewrite a note.
CREATE TABLE document_text (
  hash   TEXT    NOT NULL PRIMARY KEY,
  packed INTEGER NOT NULL,
  text   BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- Ops in the order they were made. `state`: pending, applied, conflict, fenced, rejected.
CREATE TABLE outbox (
  scope   TEXT    NOT NULL,
  seq     INTEGER NOT NULL,
  op_id   BLOB    NOT NULL,
  root    BLOB    NOT NULL,
  state   TEXT    NOT NULL,
  done_ms INTEGER,
  -- The root's version after it, for a call that is repeated.
  version INTEGER NOT NULL,
  op      TEXT    NOT NULL,
  PRIMARY KEY (scope, seq)
) STRICT, WITHOUT ROWID;
-- A repeated commit finds its own op.
CREATE UNIQUE INDEX outbox_op ON outbox (scope, op_id);
-- What to push next, and the count in the corner of the screen.
CREATE INDEX outbox_pending ON outbox (scope, seq) WHERE state = 'pending';
-- Our unconfirmed ops of one encounter, laid again over what the hub sends.
CREATE INDEX outbox_root ON outbox (root) WHERE state = 'pending';
-- What is old enough to be forgotten.
CREATE INDEX outbox_done ON outbox (done_ms) WHERE state = 'applied';

-- Per scope: how far we have read the hub's log, and the numbers we give.
CREATE TABLE cursor (
  scope    TEXT    NOT NULL PRIMARY KEY,
  pos      INTEGER NOT NULL DEFAULT 0,
  hash     BLOB    NOT NULL DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000',
  next_seq INTEGER NOT NULL DEFAULT 1,
  -- The highest seq the hub has answered.
  answered INTEGER NOT NULL DEFAULT 0,
  -- 1 while everything is read again from a restored hub.
  again    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Who did what, chained by hash per scope.
CREATE TABLE audit (
  scope  TEXT    NOT NULL,
  n      INTEGER NOT NULL,
  at_ms  INTEGER NOT NULL,
  actor  TEXT    NOT NULL,
  what   TEXT    NOT NULL,
  root   BLOB    NOT NULL,
  op_id  BLOB    NOT NULL,
  detail TEXT    NOT NULL,
  hash   BLOB    NOT NULL,
  -- 1 when the hub has it: an edit goes with its op, a view by itself.
  sent   INTEGER NOT NULL,
  PRIMARY KEY (scope, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_unsent ON audit (scope, n) WHERE sent = 0;

-- Work the hub did not take, kept whole until somebody has decided. `why`: conflict, fenced, rejected.
CREATE TABLE proposal (
  scope   TEXT    NOT NULL,
  op_id   BLOB    NOT NULL,
  root    BLOB    NOT NULL,
  at_ms   INTEGER NOT NULL,
  why     TEXT    NOT NULL,
  detail  TEXT    NOT NULL,
  op      TEXT    NOT NULL,
  theirs  TEXT    NOT NULL,
  PRIMARY KEY (scope, op_id)
) STRICT, WITHOUT ROWID;
-- The proposals of the chart that is open.
CREATE INDEX proposal_root ON proposal (root);

CREATE TABLE setting (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Charts opened lately, newest last.
CREATE TABLE recent (
  root  BLOB    NOT NULL PRIMARY KEY,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
