-- Who is calling and what they see. The caller is `session_user`: the login of the connection, which no client can
-- change and no function replaces.

-- Milliseconds since 1970. A function of its own, so that a test can let time pass.
CREATE FUNCTION codesk.now_ms() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint $$;

CREATE FUNCTION codesk.weight(role text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE role WHEN 'admin' THEN 5 WHEN 'supervisor' THEN 4 WHEN 'biller' THEN 3 WHEN 'coder' THEN 2
                   WHEN 'trainee' THEN 1 ELSE 0 END
$$;

-- The caller's role in a scope; null for no access. Whoever has a role somewhere has it in the shared scope.
CREATE FUNCTION codesk.role_in(p_scope text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT role FROM codesk.person
  WHERE login = session_user AND NOT locked AND (scope = p_scope OR scope = '*' OR p_scope = 'shared')
  ORDER BY codesk.weight(role) DESC LIMIT 1
$$;

-- The scopes in which the caller has a role of this weight or more. Row security asks once a statement.
CREATE FUNCTION codesk.my_scopes(p_weight int) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH mine AS (
    SELECT scope FROM codesk.person
    WHERE login = session_user AND NOT locked AND codesk.weight(role) >= p_weight
  )
  SELECT coalesce(array_agg(DISTINCT s), '{}') FROM (
    SELECT scope FROM mine
    UNION ALL SELECT 'shared' WHERE EXISTS (SELECT FROM mine)
    UNION ALL SELECT scope FROM codesk.head WHERE EXISTS (SELECT FROM mine WHERE scope = '*')
    UNION ALL SELECT scope FROM codesk.person WHERE EXISTS (SELECT FROM mine WHERE scope = '*')
  ) AS all_of(s)
$$;

-- Whether a record of this visibility is for a caller of this role.
CREATE FUNCTION codesk.may_see(role text, visibility text, author text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE visibility
    WHEN 'all' THEN true
    WHEN 'own' THEN author = session_user OR role IN ('supervisor', 'admin')
    WHEN 'supervisor' THEN role IN ('supervisor', 'admin')
    WHEN 'biller' THEN role IN ('biller', 'supervisor', 'admin')
    WHEN 'private' THEN author = session_user
    ELSE false END
$$;

-- Row security. Tables without a policy are closed to everybody but their owner's functions.
DO $$
DECLARE
  t text;
BEGIN
  FOR t IN SELECT c.relname FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'codesk'::regnamespace AND c.relkind IN ('r', 'p') LOOP
    EXECUTE format('ALTER TABLE codesk.%I ENABLE ROW LEVEL SECURITY', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['head', 'log', 'place', 'want', 'work_item'] LOOP
    EXECUTE format('CREATE POLICY of_my_scopes ON codesk.%I FOR SELECT TO codesk_reader
      USING (scope = ANY ((SELECT codesk.my_scopes(0))::text[]))', t);
  END LOOP;
END $$;
CREATE POLICY of_my_scopes_and_for_me ON codesk.record FOR SELECT TO codesk_reader USING (
  scope = ANY ((SELECT codesk.my_scopes(0))::text[])
  AND (visibility = 'all'
    OR (visibility IN ('own', 'private') AND author = session_user)
    OR (visibility IN ('own', 'supervisor') AND scope = ANY ((SELECT codesk.my_scopes(4))::text[]))
    OR (visibility = 'biller' AND scope = ANY ((SELECT codesk.my_scopes(3))::text[])))
);
-- A text is for those who see a document that names it.
CREATE POLICY of_a_document_i_see ON codesk.document_text FOR SELECT TO codesk_reader USING (
  scope = ANY ((SELECT codesk.my_scopes(0))::text[])
  AND EXISTS (SELECT FROM codesk.record r
    WHERE r.scope = document_text.scope AND r.hash = document_text.hash AND NOT r.deleted)
);
GRANT SELECT ON codesk.head, codesk.log, codesk.place, codesk.want, codesk.work_item, codesk.record, codesk.document_text
  TO codesk_reader;

-- A row of the audit trail, numbered later.
CREATE FUNCTION codesk.note(p_scope text, p_client uuid, p_what text, p_root uuid, p_op uuid, p_detail text,
  p_device_ms bigint, p_client_n bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO codesk.fresh_audit (scope, at_ms, device_ms, login, client, client_n, what, root, op_id, detail)
  VALUES (p_scope, codesk.now_ms(), coalesce(p_device_ms, codesk.now_ms()), session_user, p_client, p_client_n,
    p_what, p_root, p_op, p_detail)
$$;

CREATE FUNCTION codesk.nil() RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT '00000000-0000-0000-0000-000000000000'::uuid $$;

-- Greets a client and says what it may do.
CREATE FUNCTION codesk.hello(p_client uuid, p_login text, p_schema int) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_need int := (SELECT value::int FROM codesk.hub WHERE scope = '*' AND key = 'min_client');
BEGIN
  IF p_login <> session_user THEN
    RAISE EXCEPTION 'you signed in to the shared database as %, not as %', session_user, p_login
      USING ERRCODE = 'CS004';
  END IF;
  IF p_schema < v_need THEN
    RAISE EXCEPTION '%', v_need USING ERRCODE = 'CS006';
  END IF;
  IF NOT EXISTS (SELECT FROM codesk.person WHERE login = session_user) THEN
    RAISE EXCEPTION '%', session_user USING ERRCODE = 'CS001';
  END IF;
  IF NOT EXISTS (SELECT FROM codesk.person WHERE login = session_user AND NOT locked) THEN
    RAISE EXCEPTION '%', session_user USING ERRCODE = 'CS002';
  END IF;
  RETURN jsonb_build_object(
    'hub', (SELECT value FROM codesk.hub WHERE scope = '*' AND key = 'id'),
    'schema', (SELECT value::int FROM codesk.hub WHERE scope = '*' AND key = 'schema'),
    'scopes', (SELECT jsonb_agg(jsonb_build_array(s, codesk.role_in(s)) ORDER BY s <> 'shared', s)
      FROM unnest(codesk.my_scopes(0)) AS s WHERE s <> '*'),
    'all_scopes', EXISTS (SELECT FROM codesk.person WHERE login = session_user AND scope = '*' AND NOT locked),
    'have', (SELECT coalesce(jsonb_agg(jsonb_build_array(scope, last_seq) ORDER BY scope), '[]')
      FROM codesk.client WHERE client = p_client AND login = session_user AND last_seq > 0),
    'now_ms', codesk.now_ms());
END $$;

-- For administrators only, of the scope or of all.
CREATE FUNCTION codesk.must_be_admin(p_scope text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM codesk.person
    WHERE login = session_user AND role = 'admin' AND NOT locked AND scope IN (p_scope, '*')) THEN
    RAISE EXCEPTION 'only an administrator may do that' USING ERRCODE = 'CS004';
  END IF;
END $$;

-- Gives a person a role in a scope, making the database login if there is none. The verifier is what SCRAM stores:
-- the password itself never comes here.
CREATE FUNCTION codesk.person_set(p_login text, p_role text, p_scope text, p_verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_known boolean := EXISTS (SELECT FROM pg_roles WHERE rolname = p_login);
  v_ours  boolean := EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles p ON p.oid = m.member
    JOIN pg_roles g ON g.oid = m.roleid WHERE p.rolname = p_login AND g.rolname = 'codesk_user');
BEGIN
  PERFORM codesk.must_be_admin(p_scope);
  IF p_login !~ '^[A-Za-z][A-Za-z0-9_.-]{0,62}$' OR p_login ~ '^(pg_|codesk_)' THEN
    RAISE EXCEPTION 'a login is letters, digits, dot, hyphen and underline, and does not begin with pg_ or codesk_'
      USING ERRCODE = 'CS004';
  END IF;
  IF NOT v_known THEN
    EXECUTE format('CREATE ROLE %I LOGIN', p_login);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = ''60s''', p_login);
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''60s''', p_login);
  END IF;
  IF NOT v_ours THEN
    EXECUTE format('GRANT codesk_user TO %I', p_login);
  END IF;
  IF p_verifier IS NOT NULL THEN
    IF v_known AND NOT v_ours THEN
      RAISE EXCEPTION 'the login % belongs to the database: its password is changed there', p_login
        USING ERRCODE = 'CS004';
    END IF;
    IF p_verifier !~ '^SCRAM-SHA-256\$' THEN
      RAISE EXCEPTION 'a password comes as a SCRAM verifier' USING ERRCODE = 'CS004';
    END IF;
    EXECUTE format('ALTER ROLE %I PASSWORD %L', p_login, p_verifier);
  END IF;
  IF p_role IS NOT NULL THEN
    INSERT INTO codesk.person (scope, login, role) VALUES (p_scope, p_login, p_role)
      ON CONFLICT (scope, login) DO UPDATE SET role = excluded.role, locked = false;
  END IF;
  PERFORM codesk.note('*', codesk.nil(), 'person', codesk.nil(), codesk.nil(),
    p_login || ': ' || coalesce(p_role || ' in ' || p_scope, 'new password'), NULL, NULL);
END $$;

-- Takes a person's access to a scope away; the next pull erases what their cache holds of it.
CREATE FUNCTION codesk.person_remove(p_login text, p_scope text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM codesk.must_be_admin(p_scope);
  DELETE FROM codesk.person WHERE login = p_login AND scope = p_scope;
  PERFORM codesk.note('*', codesk.nil(), 'person', codesk.nil(), codesk.nil(),
    p_login || ': no access to ' || p_scope, NULL, NULL);
END $$;

-- Locks a person everywhere and frees what they hold, or unlocks them.
CREATE FUNCTION codesk.person_lock(p_login text, p_locked boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v record;
BEGIN
  PERFORM codesk.must_be_admin('*');
  UPDATE codesk.person SET locked = p_locked WHERE login = p_login;
  IF NOT FOUND THEN
    RAISE EXCEPTION '%', p_login USING ERRCODE = 'CS001';
  END IF;
  IF p_locked THEN
    FOR v IN SELECT scope, id, fence FROM codesk.work_item WHERE holder = p_login ORDER BY scope, id FOR UPDATE LOOP
      PERFORM codesk.lease_set(v.scope, v.id, NULL, NULL, v.fence + 1, 'lease.break', p_login || ' is locked');
    END LOOP;
  END IF;
  PERFORM codesk.note('*', codesk.nil(), 'person', codesk.nil(), codesk.nil(),
    p_login || ': ' || CASE WHEN p_locked THEN 'locked' ELSE 'unlocked' END, NULL, NULL);
END $$;

CREATE FUNCTION codesk.people() RETURNS TABLE (login text, scope text, role text, locked boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM codesk.person p
    WHERE p.login = session_user AND NOT p.locked AND p.role IN ('admin', 'supervisor')) THEN
    RAISE EXCEPTION 'only supervisors and administrators see who has access' USING ERRCODE = 'CS004';
  END IF;
  RETURN QUERY SELECT p.login, p.scope, p.role, p.locked FROM codesk.person p
    WHERE p.scope = '*' OR p.scope = ANY (codesk.my_scopes(4)) ORDER BY p.login, p.scope;
END $$;
