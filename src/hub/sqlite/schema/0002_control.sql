-- Interchange control numbers by sender (ISA06): the next one to give. In the shared scope, like payers.
CREATE TABLE control_number (
  scope  TEXT    NOT NULL,
  sender TEXT    NOT NULL,
  next   INTEGER NOT NULL,
  PRIMARY KEY (scope, sender)
) STRICT, WITHOUT ROWID;
