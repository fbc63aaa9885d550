-- How often codes are used, for the order of search: by the person of this cache, and at the sites it holds.
CREATE TABLE code_use (
  -- diagnosis, procedure or line: the kind of record that carried the code.
  kind TEXT    NOT NULL,
  code TEXT    NOT NULL,
  -- 1 the person's own, 0 somebody else's at the site.
  own  INTEGER NOT NULL,
  -- Uses as they counted on `day`: older ones had faded by then.
  uses REAL    NOT NULL,
  -- Days since 1970.
  day  INTEGER NOT NULL,
  PRIMARY KEY (kind, code, own)
) STRICT, WITHOUT ROWID;

-- What was coded and submitted before there was a table counts for the site.
INSERT INTO code_use (kind, code, own, uses, day)
  SELECT r.kind, json_extract(r.body, '$.code'), 0, count(*),
         max(coalesce(CAST(julianday(w.last_day) - 2440587.5 AS INTEGER), 0))
  FROM record r JOIN work_item w ON w.id = r.root AND w.scope = r.scope
  WHERE r.kind IN ('diagnosis', 'procedure', 'line') AND r.deleted = 0 AND w.stage > 0
    AND coalesce(json_extract(r.body, '$.code'), '') <> ''
  GROUP BY 1, 2;
