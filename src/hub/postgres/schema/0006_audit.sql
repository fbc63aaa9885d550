-- The audit trail and its proof; then who may call what.

-- Events a client recorded; each taken once. The trail names the login of the connection.
CREATE FUNCTION codesk.record_events(p_client uuid, p_events jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  e       record;
  v_owner text;
BEGIN
  FOR e IN SELECT x ->> 'scope' AS scope, (x ->> 'n')::bigint AS n, (x ->> 'at_ms')::bigint AS at_ms,
      x ->> 'actor' AS actor, x ->> 'what' AS what, (x ->> 'root')::uuid AS root, x ->> 'detail' AS detail
    FROM jsonb_array_elements(p_events) x ORDER BY 1, 2 LOOP
    IF codesk.role_in(e.scope) IS NULL THEN
      CONTINUE; -- access was taken away: the pull that follows says so
    END IF;
    INSERT INTO codesk.client (scope, client, login) VALUES (e.scope, p_client, session_user) ON CONFLICT DO NOTHING;
    SELECT c.login INTO v_owner FROM codesk.client c WHERE c.scope = e.scope AND c.client = p_client FOR UPDATE;
    IF v_owner <> session_user THEN
      RAISE EXCEPTION 'this cache belongs to another person; use a data folder of your own' USING ERRCODE = 'CS004';
    END IF;
    IF EXISTS (SELECT FROM codesk.audit a WHERE a.scope = e.scope AND a.client = p_client AND a.client_n = e.n
        AND a.device_ms = e.at_ms)
      OR EXISTS (SELECT FROM codesk.fresh_audit a WHERE a.scope = e.scope AND a.client = p_client
        AND a.client_n = e.n AND a.device_ms = e.at_ms) THEN
      CONTINUE;
    END IF;
    PERFORM codesk.note(e.scope, p_client, e.what, e.root, codesk.nil(),
      CASE WHEN e.actor = session_user THEN e.detail ELSE e.detail || ' (recorded for ' || e.actor || ')' END,
      e.at_ms, e.n);
  END LOOP;
END $$;

-- The scopes whose trail the caller may read.
CREATE FUNCTION codesk.trail_scopes() RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  v text[] := codesk.my_scopes(4);
BEGIN
  IF v = '{}' THEN
    RAISE EXCEPTION 'only supervisors and administrators read the audit trail' USING ERRCODE = 'CS004';
  END IF;
  RETURN v || CASE WHEN EXISTS (SELECT FROM codesk.person
    WHERE login = session_user AND scope = '*' AND NOT locked AND codesk.weight(role) >= 4) THEN ARRAY['*'] ELSE '{}'::text[] END;
END $$;

-- Numbers what is fresh in the caller's scopes, so that the trail is read whole.
CREATE FUNCTION codesk.stamp_all() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s text;
BEGIN
  FOREACH s IN ARRAY codesk.trail_scopes() LOOP
    PERFORM codesk.number_scope(s);
  END LOOP;
END $$;

-- The first row that is not what its chain says, or null.
CREATE FUNCTION codesk.verify() RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_scopes text[] := codesk.trail_scopes();
  v_zero   bytea := decode(repeat('00', 32), 'hex');
  v        record;
BEGIN
  SELECT x.scope, x.pos,
      CASE WHEN x.pos <> x.pos_before + 1 THEN 'rows before it are missing' ELSE 'the row was changed after it was written' END AS why
    INTO v FROM (SELECT l.*, coalesce(lag(l.pos) OVER o, 0) AS pos_before, coalesce(lag(l.hash) OVER o, v_zero) AS before
      FROM codesk.log l WHERE l.scope = ANY (v_scopes) WINDOW o AS (PARTITION BY l.scope ORDER BY l.pos)) x
    WHERE x.pos <> x.pos_before + 1
      OR x.hash <> codesk.log_link(x.before, x.scope, x.pos, x.what, x.id, x.version, x.digest, x.op_id, x.at_ms)
    ORDER BY x.scope, x.pos LIMIT 1;
  IF FOUND THEN
    RETURN jsonb_build_object('scope', v.scope, 'table', 'log', 'pos', v.pos, 'why', v.why);
  END IF;
  SELECT h.scope, h.pos INTO v FROM codesk.head h
    LEFT JOIN codesk.log l ON l.scope = h.scope AND l.pos = h.pos
    WHERE h.scope = ANY (v_scopes) AND h.pos > 0 AND l.hash IS DISTINCT FROM h.hash ORDER BY h.scope LIMIT 1;
  IF FOUND THEN
    RETURN jsonb_build_object('scope', v.scope, 'table', 'log', 'pos', v.pos, 'why', 'the end of the log is missing');
  END IF;
  WITH newest AS (
    SELECT DISTINCT ON (l.scope, l.id) l.scope, l.id, l.pos, l.version, l.digest FROM (
      SELECT scope, id, pos, version, digest FROM codesk.log WHERE what = 'record' AND scope = ANY (v_scopes)
      UNION ALL
      SELECT scope, id, NULL, version, digest FROM codesk.fresh_log WHERE what = 'record' AND scope = ANY (v_scopes)) l
    ORDER BY l.scope, l.id, l.version DESC
  )
  SELECT coalesce(n.scope, r.scope) AS scope, coalesce(n.pos, 0) AS pos,
      CASE WHEN n.id IS NULL THEN 'the record is not in the log'
           WHEN r.id IS NULL THEN 'the log names a record that is gone'
           ELSE 'the record is not what the log says it became' END AS why
    INTO v FROM newest n
    FULL JOIN (SELECT * FROM codesk.record WHERE scope = ANY (v_scopes)) r ON r.scope = n.scope AND r.id = n.id
    WHERE n.id IS NULL OR r.id IS NULL OR n.version <> r.version OR n.digest <> codesk.record_digest(r)
    ORDER BY 1, 2 LIMIT 1;
  IF FOUND THEN
    RETURN jsonb_build_object('scope', v.scope, 'table', 'record', 'pos', v.pos, 'why', v.why);
  END IF;
  SELECT x.scope, x.n AS pos,
      CASE WHEN x.n <> x.n_before + 1 THEN 'rows before it are missing' ELSE 'the row was changed after it was written' END AS why
    INTO v FROM (SELECT l.*, coalesce(lag(l.n) OVER o, 0) AS n_before, coalesce(lag(l.hash) OVER o, v_zero) AS before
      FROM codesk.audit l WHERE l.scope = ANY (v_scopes) WINDOW o AS (PARTITION BY l.scope ORDER BY l.n)) x
    WHERE x.n <> x.n_before + 1
      OR x.hash <> codesk.audit_link(x.before, x.scope, x.n, x.at_ms, x.device_ms, x.login, x.client, x.client_n,
        x.what, x.root, x.op_id, x.detail)
    ORDER BY x.scope, x.n LIMIT 1;
  IF FOUND THEN
    RETURN jsonb_build_object('scope', v.scope, 'table', 'audit', 'pos', v.pos, 'why', v.why);
  END IF;
  SELECT h.scope, h.audit_n AS pos INTO v FROM codesk.head h
    LEFT JOIN codesk.audit l ON l.scope = h.scope AND l.n = h.audit_n
    WHERE h.scope = ANY (v_scopes) AND h.audit_n > 0 AND l.hash IS DISTINCT FROM h.audit_hash ORDER BY h.scope LIMIT 1;
  IF FOUND THEN
    RETURN jsonb_build_object('scope', v.scope, 'table', 'audit', 'pos', v.pos, 'why', 'the end of the trail is missing');
  END IF;
  RETURN NULL;
END $$;

-- A page of the trail in its order.
CREATE FUNCTION codesk.trail(p_scope text, p_after bigint, p_limit int) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT p_scope = ANY (codesk.trail_scopes()) THEN
    RAISE EXCEPTION '%', p_scope USING ERRCODE = 'CS003';
  END IF;
  RETURN coalesce((SELECT jsonb_agg(jsonb_build_object('scope', a.scope, 'n', a.n, 'at_ms', a.at_ms,
      'device_ms', a.device_ms, 'login', a.login, 'client', a.client, 'what', a.what, 'root', a.root,
      'op_id', a.op_id, 'detail', a.detail, 'hash', encode(a.hash, 'hex')) ORDER BY a.n)
    FROM (SELECT * FROM codesk.audit x WHERE x.scope = p_scope AND x.n > p_after ORDER BY x.n LIMIT p_limit) a), '[]');
END $$;

CREATE FUNCTION codesk.my_trail() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT codesk.trail_scopes() $$;

-- An administrator's word about the hub as a whole: a backup, a restore.
CREATE FUNCTION codesk.hub_note(p_key text, p_value text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM codesk.must_be_admin('*');
  IF p_key NOT IN ('backup', 'restored') THEN
    RAISE EXCEPTION 'there is nothing of that name to note' USING ERRCODE = 'CS004';
  END IF;
  INSERT INTO codesk.hub (scope, key, value) VALUES ('*', p_key, p_value)
    ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value;
  PERFORM codesk.note('*', codesk.nil(), 'hub.' || p_key, codesk.nil(), codesk.nil(), p_value, NULL, NULL);
END $$;

-- What clients may call, and who the reading functions are.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'codesk'::regnamespace LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO codesk_reader', f);
  END LOOP;
  FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'codesk'::regnamespace
    AND p.proname IN ('hello', 'push', 'stamp', 'head_of', 'pull', 'texts', 'get_next', 'lease', 'release',
      'break_lease', 'want_add', 'fetch', 'record_events', 'verify', 'stamp_all', 'trail', 'my_trail', 'people', 'person_set',
      'person_remove', 'person_lock', 'hub_note') LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO codesk_user', f);
  END LOOP;
  GRANT USAGE ON SCHEMA codesk TO codesk_user, codesk_reader;
  GRANT CREATE ON SCHEMA codesk TO codesk_reader;
  FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'codesk'::regnamespace
    AND p.proname IN ('head_of', 'pull', 'fetch', 'texts') LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO codesk_reader', f);
  END LOOP;
  REVOKE CREATE ON SCHEMA codesk FROM codesk_reader;
END $$;
