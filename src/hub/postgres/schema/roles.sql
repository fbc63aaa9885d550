-- Roles of the hub, the same for every hub of a server. Run before the numbered files, each time; changes nothing
-- that is there. Nobody signs in as one of these three.
DO $$
DECLARE
  r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['codesk_owner', 'codesk_reader', 'codesk_user'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = r) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', r);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- another hub of this server is being made at this moment
      END;
    END IF;
  END LOOP;
  -- codesk_owner owns tables and writing functions and makes the logins of people;
  -- codesk_reader owns reading functions, so that row security applies to what they read;
  -- codesk_user is what every person is a member of: it may call functions, nothing else.
  IF NOT (SELECT rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = 'codesk_owner') THEN
    ALTER ROLE codesk_owner CREATEROLE;
  END IF;
  -- What is granted already is left alone: two hubs of one server may be upgraded at the same time.
  FOREACH r IN ARRAY ARRAY['codesk_owner', 'codesk_reader'] LOOP
    IF NOT pg_catalog.pg_has_role(current_user, r, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO %I', r, current_user);
    END IF;
  END LOOP;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members
    WHERE member = 'codesk_owner'::regrole AND roleid = 'codesk_reader'::regrole) THEN
    GRANT codesk_reader TO codesk_owner;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members
    WHERE member = 'codesk_owner'::regrole AND roleid = 'codesk_user'::regrole AND admin_option) THEN
    GRANT codesk_user TO codesk_owner WITH ADMIN OPTION;
  END IF;
END $$;
