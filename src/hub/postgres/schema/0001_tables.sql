-- The hub's tables. Every unique and foreign key begins with scope, which is the sharding key; `*` stands for what
-- belongs to the hub as a whole. Append-only: a change is a new numbered file. The marks `/*by scope*/` become
-- `PARTITION BY LIST (scope)` in a hub that is made with partitions. Every text is of collation "C", as logins are: a
-- comparison with `session_user` anywhere in a call would otherwise turn the whole call's keys away from their indexes.

CREATE TABLE codesk.hub (
  scope text COLLATE "C" NOT NULL,
  key   text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  PRIMARY KEY (scope, key)
);

-- Who may do what where; scope `*` for everywhere. The login is the database's.
CREATE TABLE codesk.person (
  scope  text COLLATE "C"    NOT NULL,
  login  text COLLATE "C"    NOT NULL,
  role   text COLLATE "C"    NOT NULL CHECK (role IN ('coder', 'trainee', 'supervisor', 'biller', 'admin', 'read-only')),
  locked boolean NOT NULL DEFAULT false,
  PRIMARY KEY (scope, login)
);
-- The caller's roles: every call.
CREATE INDEX person_login ON codesk.person (login);

-- The end of each scope's log and of its audit trail. Whoever holds the row numbers what has committed.
CREATE TABLE codesk.head (
  scope      text COLLATE "C"   NOT NULL PRIMARY KEY,
  pos        bigint NOT NULL DEFAULT 0,
  hash       bytea  NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
  audit_n    bigint NOT NULL DEFAULT 0,
  audit_hash bytea  NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
);

-- Caches and how far their ops are numbered here. A cache belongs to the person who first used it.
CREATE TABLE codesk.client (
  scope    text COLLATE "C"   NOT NULL,
  client   uuid   NOT NULL,
  login    text COLLATE "C"   NOT NULL,
  last_seq bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (scope, client)
) /*by scope*/;
CREATE INDEX client_id ON codesk.client (client);

-- What every op was answered, for the op that comes again.
CREATE TABLE codesk.result (
  scope  text COLLATE "C"   NOT NULL,
  client uuid   NOT NULL,
  seq    bigint NOT NULL,
  op_id  uuid   NOT NULL,
  at_ms  bigint NOT NULL,
  answer jsonb  NOT NULL,
  PRIMARY KEY (scope, client, seq),
  FOREIGN KEY (scope, client) REFERENCES codesk.client (scope, client)
) /*by scope*/;

CREATE TABLE codesk.record (
  scope      text COLLATE "C"    NOT NULL,
  id         uuid    NOT NULL,
  root       uuid    NOT NULL,
  kind       text COLLATE "C"    NOT NULL,
  visibility text COLLATE "C"    NOT NULL,
  version    bigint  NOT NULL,
  ord        text    COLLATE "C" NOT NULL,
  deleted    boolean NOT NULL,
  body       jsonb   NOT NULL,
  -- Who made it.
  author     text COLLATE "C"    NOT NULL,
  -- Of a document, the name of its text. A column, so that updates of bodies touch no index.
  hash       text COLLATE "C",
  PRIMARY KEY (scope, id)
) /*by scope*/;
-- An encounter's records: its work item, the rules for an op.
CREATE INDEX record_root ON codesk.record (scope, root);
-- Whether a text belongs to a document the caller may see.
CREATE INDEX record_hash ON codesk.record (scope, hash) WHERE hash IS NOT NULL;

CREATE TABLE codesk.work_item (
  scope       text COLLATE "C"     NOT NULL,
  id          uuid     NOT NULL,
  account     text     COLLATE "C" NOT NULL,
  name        text COLLATE "C"     NOT NULL,
  kind        text COLLATE "C"     NOT NULL,
  payer       text COLLATE "C"     NOT NULL,
  first_day   date     NOT NULL,
  last_day    date     NOT NULL,
  dollars     bigint   NOT NULL,
  state       text COLLATE "C"     NOT NULL,
  holds       int      NOT NULL,
  hold        text COLLATE "C"     NOT NULL,
  claim       text COLLATE "C",
  response    text COLLATE "C"     NOT NULL,
  file_by     date,
  assigned    text COLLATE "C",
  holder      text COLLATE "C",
  lease_until bigint,
  -- Minus the priority, so that every list reads its index forward.
  rank        int      NOT NULL,
  why         text COLLATE "C"     NOT NULL,
  documents   int      NOT NULL,
  diagnoses   int      NOT NULL,
  lines       int      NOT NULL,
  version     bigint   NOT NULL,
  fence       bigint   NOT NULL DEFAULT 0,
  patient     uuid     NOT NULL,
  coverage    uuid,
  payer_id    uuid,
  -- 0 open, 1 submitted and not final, 2 final.
  stage       smallint NOT NULL,
  PRIMARY KEY (scope, id)
) /*by scope*/;
-- get_next: leases that ran out, then free rows in the manager's order.
CREATE INDEX work_expired ON codesk.work_item (scope, lease_until)
  WHERE stage = 0 AND holds = 0 AND holder IS NOT NULL;
CREATE INDEX work_free ON codesk.work_item (scope, rank, last_day, account)
  WHERE stage = 0 AND holds = 0 AND holder IS NULL;
-- The rows to rewrite when a patient, a coverage or a payer changes.
CREATE INDEX work_patient ON codesk.work_item (scope, patient);
CREATE INDEX work_coverage ON codesk.work_item (scope, coverage) WHERE coverage IS NOT NULL;
CREATE INDEX work_payer ON codesk.work_item (payer_id) WHERE payer_id IS NOT NULL;

-- Changes that have been written and not numbered yet, in the order they were written.
CREATE SEQUENCE codesk.fresh_n;
CREATE TABLE codesk.fresh_log (
  scope   text COLLATE "C"   NOT NULL,
  n       bigint NOT NULL DEFAULT nextval('codesk.fresh_n'),
  what    text COLLATE "C"   NOT NULL,
  id      uuid   NOT NULL,
  version bigint NOT NULL,
  digest  bytea  NOT NULL,
  op_id   uuid   NOT NULL,
  at_ms   bigint NOT NULL,
  -- Whether it is of a kind that every cache holds. Here, so that numbering looks at no other table.
  base    boolean NOT NULL DEFAULT false,
  -- Work items that changed with it.
  items   uuid[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (scope, n)
) /*by scope*/;

-- The change log, chained by hash. `what`: record or lease.
CREATE TABLE codesk.log (
  scope   text COLLATE "C"   NOT NULL,
  pos     bigint NOT NULL,
  what    text COLLATE "C"   NOT NULL,
  id      uuid   NOT NULL,
  version bigint NOT NULL,
  -- SHA-256 of the record, or of the lease, as it became.
  digest  bytea  NOT NULL,
  op_id   uuid   NOT NULL,
  at_ms   bigint NOT NULL,
  hash    bytea  NOT NULL,
  PRIMARY KEY (scope, pos)
) /*by scope*/;

-- Where the last change of a record or a work item stands in the log: every pull. Written by the one who numbers,
-- so that no push waits for it.
CREATE TABLE codesk.place (
  scope text COLLATE "C"   NOT NULL,
  what  text COLLATE "C"   NOT NULL,
  id    uuid   NOT NULL,
  pos   bigint NOT NULL,
  PRIMARY KEY (scope, what, id)
) /*by scope*/;
-- `what`: item, record, or base for the kinds that every cache holds (payers, providers, sites, fees).
CREATE INDEX place_pos ON codesk.place (scope, what, pos) INCLUDE (id);

-- The encounters, patients and coverages whose records a cache holds, where caches hold only what is worked on.
CREATE TABLE codesk.want (
  scope  text COLLATE "C" NOT NULL,
  client uuid NOT NULL,
  root   uuid NOT NULL,
  PRIMARY KEY (scope, client, root)
) /*by scope*/;

CREATE TABLE codesk.document_text (
  scope text COLLATE "C"  NOT NULL,
  hash  text COLLATE "C"  NOT NULL,
  text  bytea NOT NULL,
  PRIMARY KEY (scope, hash)
) /*by scope*/;

-- Answers to get_next, for the request that comes again.
CREATE TABLE codesk.request (
  scope   text COLLATE "C"   NOT NULL,
  request uuid   NOT NULL,
  login   text COLLATE "C"   NOT NULL,
  at_ms   bigint NOT NULL,
  ids     uuid[] NOT NULL,
  PRIMARY KEY (scope, request)
) /*by scope*/;

-- Who did what, by the hub's clock and the device's. Written fresh, then numbered and chained like the log.
CREATE TABLE codesk.fresh_audit (
  scope     text COLLATE "C"   NOT NULL,
  n         bigint NOT NULL DEFAULT nextval('codesk.fresh_n'),
  at_ms     bigint NOT NULL,
  device_ms bigint NOT NULL,
  login     text COLLATE "C"   NOT NULL,
  client    uuid   NOT NULL,
  client_n  bigint,
  what      text COLLATE "C"   NOT NULL,
  root      uuid   NOT NULL,
  op_id     uuid   NOT NULL,
  detail    text COLLATE "C"   NOT NULL,
  PRIMARY KEY (scope, n)
) /*by scope*/;
CREATE TABLE codesk.audit (
  scope     text COLLATE "C"   NOT NULL,
  n         bigint NOT NULL,
  at_ms     bigint NOT NULL,
  device_ms bigint NOT NULL,
  login     text COLLATE "C"   NOT NULL,
  client    uuid   NOT NULL,
  -- The client's own number of an event, so that each is taken once; null for what the hub saw itself.
  client_n  bigint,
  what      text COLLATE "C"   NOT NULL,
  root      uuid   NOT NULL,
  op_id     uuid   NOT NULL,
  detail    text COLLATE "C"   NOT NULL,
  hash      bytea  NOT NULL,
  PRIMARY KEY (scope, n)
) /*by scope*/;
CREATE INDEX audit_client ON codesk.audit (scope, client, client_n) WHERE client_n IS NOT NULL;

-- The rules of the program, written again with every upgrade (`hub::postgres::rules`).
CREATE TABLE codesk.record_kind (
  scope     text COLLATE "C"    NOT NULL,
  kind      text COLLATE "C"    NOT NULL,
  is_root   boolean NOT NULL,
  is_coding boolean NOT NULL,
  PRIMARY KEY (scope, kind)
);
CREATE TABLE codesk.may_write (
  scope text COLLATE "C"    NOT NULL,
  role  text COLLATE "C"    NOT NULL,
  kind  text COLLATE "C"    NOT NULL,
  fresh boolean NOT NULL,
  PRIMARY KEY (scope, role, kind, fresh)
);
-- Every pair of states; `why` is the refusal, null when the step is allowed.
CREATE TABLE codesk.transition (
  scope      text COLLATE "C" NOT NULL,
  what       text COLLATE "C" NOT NULL,
  from_state text COLLATE "C" NOT NULL,
  to_state   text COLLATE "C" NOT NULL,
  why        text COLLATE "C",
  PRIMARY KEY (scope, what, from_state, to_state)
);
-- Words the program has for a key.
CREATE TABLE codesk.word (
  scope text COLLATE "C" NOT NULL,
  what  text COLLATE "C" NOT NULL,
  key   text COLLATE "C" NOT NULL,
  label text COLLATE "C" NOT NULL,
  PRIMARY KEY (scope, what, key)
);

-- What has been numbered is never changed or removed, not even by the owner.
CREATE FUNCTION codesk.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log is only ever added to' USING ERRCODE = 'CS004';
END $$;
CREATE TRIGGER log_stays BEFORE UPDATE OR DELETE ON codesk.log FOR EACH ROW EXECUTE FUNCTION codesk.refuse_change();
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON codesk.audit FOR EACH ROW EXECUTE FUNCTION codesk.refuse_change();
CREATE TRIGGER log_whole BEFORE TRUNCATE ON codesk.log EXECUTE FUNCTION codesk.refuse_change();
CREATE TRIGGER audit_whole BEFORE TRUNCATE ON codesk.audit EXECUTE FUNCTION codesk.refuse_change();
