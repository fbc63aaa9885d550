-- The state of the hub in figures.

-- Anti-entropy: counts and sums of what the caller sees of a scope, read as row security allows.
CREATE FUNCTION codesk.sums(p_scope text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM codesk.must_have(p_scope);
  RETURN (SELECT jsonb_build_object('records', count(*), 'versions', coalesce(sum(version), 0),
      'live', count(*) FILTER (WHERE NOT deleted)) FROM codesk.record WHERE scope = p_scope)
    || (SELECT jsonb_build_object('items', count(*), 'item_versions', coalesce(sum(version), 0))
      FROM codesk.work_item WHERE scope = p_scope);
END $$;

-- For `codesk doctor` and `codesk hub status`.
CREATE FUNCTION codesk.status() RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF codesk.my_scopes(0) = '{}' THEN
    RAISE EXCEPTION '%', session_user USING ERRCODE = 'CS001';
  END IF;
  RETURN jsonb_build_object(
    'server', current_setting('server_version'),
    'schema', (SELECT value::int FROM codesk.hub WHERE scope = '*' AND key = 'schema'),
    'min_client', (SELECT value::int FROM codesk.hub WHERE scope = '*' AND key = 'min_client'),
    'backup', (SELECT value FROM codesk.hub WHERE scope = '*' AND key = 'backup'),
    'restored', (SELECT value FROM codesk.hub WHERE scope = '*' AND key = 'restored'),
    'replica', pg_is_in_recovery(),
    'now_ms', codesk.now_ms(),
    'bytes', pg_database_size(current_database()),
    'connections', (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),
    'max_connections', current_setting('max_connections')::int,
    'unnumbered', (SELECT count(*) FROM codesk.fresh_log),
    'bad_indexes', (SELECT coalesce(jsonb_agg(c.relname), '[]') FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE c.relnamespace = 'codesk'::regnamespace AND NOT (i.indisvalid AND i.indisready)),
    'tables', (SELECT jsonb_agg(jsonb_build_object('table', t.relname, 'rows', t.n_live_tup, 'dead', t.n_dead_tup,
        'bytes', pg_total_relation_size(t.relid)) ORDER BY pg_total_relation_size(t.relid) DESC)
      FROM pg_stat_user_tables t WHERE t.schemaname = 'codesk'));
END $$;

REVOKE ALL ON FUNCTION codesk.sums(text), codesk.status() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION codesk.sums(text), codesk.status() TO codesk_user;
GRANT CREATE ON SCHEMA codesk TO codesk_reader;
ALTER FUNCTION codesk.sums(text) OWNER TO codesk_reader;
REVOKE CREATE ON SCHEMA codesk FROM codesk_reader;
