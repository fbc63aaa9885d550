-- Numbering what has committed, and reading after a cursor.

CREATE FUNCTION codesk.log_link(before bytea, scope text, pos bigint, what text, id uuid, version bigint, digest bytea,
  op_id uuid, at_ms bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(before || codesk.frame(scope) || int8send(pos) || codesk.frame(what) || uuid_send(id)
    || int8send(version) || codesk.frame(digest) || uuid_send(op_id) || int8send(at_ms))
$$;

CREATE FUNCTION codesk.audit_link(before bytea, scope text, n bigint, at_ms bigint, device_ms bigint, login text,
  client uuid, client_n bigint, what text, root uuid, op_id uuid, detail text) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(before || codesk.frame(scope) || int8send(n) || int8send(at_ms) || int8send(device_ms)
    || codesk.frame(login) || uuid_send(client) || int8send(coalesce(client_n, 0)) || codesk.frame(what)
    || uuid_send(root) || uuid_send(op_id) || codesk.frame(detail))
$$;

-- Gives positions to what has committed in a scope and chains it. Whoever comes while another is at it passes by:
-- rows that commit behind the numbering are numbered by the next call. Nothing waits for this but the next numbering.
CREATE FUNCTION codesk.number_scope(p_scope text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  h         codesk.head;
  f         record;
  v_pos     bigint[] := '{}';
  v_what    text[] := '{}';
  v_id      uuid[] := '{}';
  v_version bigint[] := '{}';
  v_digest  bytea[] := '{}';
  v_op      uuid[] := '{}';
  v_at      bigint[] := '{}';
  v_hash    bytea[] := '{}';
  v_base    boolean[] := '{}';
  v_item    uuid[] := '{}';
  v_itempos bigint[] := '{}';
  i         uuid;
BEGIN
  SELECT x.* INTO h FROM codesk.head x WHERE x.scope = p_scope FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    INSERT INTO codesk.head (scope) VALUES (p_scope) ON CONFLICT DO NOTHING;
    SELECT x.* INTO h FROM codesk.head x WHERE x.scope = p_scope FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN;
    END IF;
  END IF;
  FOR f IN WITH gone AS (DELETE FROM codesk.fresh_log l WHERE l.scope = p_scope RETURNING l.*)
    SELECT * FROM gone ORDER BY n LOOP
    h.pos := h.pos + 1;
    h.hash := codesk.log_link(h.hash, p_scope, h.pos, f.what, f.id, f.version, f.digest, f.op_id, f.at_ms);
    v_pos := v_pos || h.pos;
    v_what := v_what || f.what;
    v_id := v_id || f.id;
    v_version := v_version || f.version;
    v_digest := v_digest || f.digest;
    v_op := v_op || f.op_id;
    v_at := v_at || f.at_ms;
    v_hash := v_hash || h.hash;
    v_base := v_base || f.base;
    FOREACH i IN ARRAY f.items LOOP
      v_item := v_item || i;
      v_itempos := v_itempos || h.pos;
    END LOOP;
  END LOOP;
  IF v_pos <> '{}' THEN
    INSERT INTO codesk.log (scope, pos, what, id, version, digest, op_id, at_ms, hash)
      SELECT p_scope, * FROM unnest(v_pos, v_what, v_id, v_version, v_digest, v_op, v_at, v_hash);
    INSERT INTO codesk.place AS old (scope, what, id, pos)
      SELECT p_scope, CASE WHEN a.base THEN 'base' ELSE 'record' END, a.id, max(a.pos)
        FROM unnest(v_id, v_pos, v_what, v_base) AS a (id, pos, what, base)
        WHERE a.what = 'record' GROUP BY a.id, a.base
      UNION ALL
      SELECT p_scope, 'item', a.id, max(a.pos) FROM unnest(v_item, v_itempos) AS a (id, pos) GROUP BY a.id
      ON CONFLICT (scope, what, id) DO UPDATE SET pos = excluded.pos;
  END IF;
  FOR f IN WITH gone AS (DELETE FROM codesk.fresh_audit l WHERE l.scope = p_scope RETURNING l.*)
    SELECT * FROM gone ORDER BY n LOOP
    h.audit_n := h.audit_n + 1;
    h.audit_hash := codesk.audit_link(h.audit_hash, p_scope, h.audit_n, f.at_ms, f.device_ms, f.login, f.client,
      f.client_n, f.what, f.root, f.op_id, f.detail);
    INSERT INTO codesk.audit (scope, n, at_ms, device_ms, login, client, client_n, what, root, op_id, detail, hash)
      VALUES (p_scope, h.audit_n, f.at_ms, f.device_ms, f.login, f.client, f.client_n, f.what, f.root, f.op_id,
        f.detail, h.audit_hash);
  END LOOP;
  UPDATE codesk.head x SET pos = h.pos, hash = h.hash, audit_n = h.audit_n, audit_hash = h.audit_hash
    WHERE x.scope = p_scope AND (x.pos, x.audit_n) <> (h.pos, h.audit_n);
END $$;

CREATE FUNCTION codesk.cursor_json(p_pos bigint, p_hash bytea) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$ SELECT jsonb_build_object('pos', p_pos, 'hash', encode(p_hash, 'hex')) $$;

CREATE FUNCTION codesk.head_json(p_scope text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT codesk.cursor_json(h.pos, h.hash) FROM codesk.head h WHERE h.scope = p_scope),
    codesk.cursor_json(0, decode(repeat('00', 32), 'hex')))
$$;

CREATE FUNCTION codesk.stamp(p_scope text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM codesk.must_have(p_scope);
  IF EXISTS (SELECT FROM codesk.fresh_log l WHERE l.scope = p_scope)
    OR EXISTS (SELECT FROM codesk.fresh_audit l WHERE l.scope = p_scope) THEN
    PERFORM codesk.number_scope(p_scope);
  END IF;
  RETURN codesk.head_json(p_scope);
END $$;

-- Everything that follows here reads as codesk_reader: row security decides what is seen, whatever the query says.

CREATE FUNCTION codesk.head_of(p_scope text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM codesk.must_have(p_scope);
  RETURN codesk.head_json(p_scope);
END $$;

-- The encounters a cache holds, and what they lean on: from now on pulls bring their records.
CREATE FUNCTION codesk.want_add(p_scope text, p_client uuid, p_roots uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_owner text;
BEGIN
  PERFORM codesk.must_have(p_scope);
  INSERT INTO codesk.client (scope, client, login) VALUES (p_scope, p_client, session_user) ON CONFLICT DO NOTHING;
  SELECT c.login INTO v_owner FROM codesk.client c WHERE c.scope = p_scope AND c.client = p_client;
  IF v_owner <> session_user THEN
    RAISE EXCEPTION 'this cache belongs to another person; use a data folder of your own' USING ERRCODE = 'CS004';
  END IF;
  INSERT INTO codesk.want (scope, client, root)
    SELECT DISTINCT p_scope, p_client, x FROM unnest(p_roots) AS i (id)
      LEFT JOIN codesk.work_item w ON w.scope = p_scope AND w.id = i.id
      CROSS JOIN LATERAL unnest(ARRAY[i.id, w.patient, w.coverage]) AS all_of(x) WHERE x IS NOT NULL
    ON CONFLICT DO NOTHING;
END $$;

-- Whether a cache that holds only what is worked on holds this root. The cache's own person asks.
CREATE FUNCTION codesk.wanted(p_scope text, p_client uuid, p_root uuid) RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT EXISTS (SELECT FROM codesk.want w WHERE w.scope = p_scope AND w.client = p_client AND w.root = p_root) $$;

-- That a record changed which the caller may not see: no more than that it is gone.
CREATE FUNCTION codesk.hidden(p_scope text, p_after bigint, p_end bigint, p_client uuid)
RETURNS TABLE (pos bigint, gone jsonb) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.pos, codesk.record_json(r, false)
  FROM (SELECT codesk.role_in(p_scope) AS role) me, codesk.place p
  JOIN codesk.record r ON r.scope = p.scope AND r.id = p.id
  WHERE p.scope = p_scope AND p.what IN ('record', 'base') AND p.pos > p_after AND p.pos <= p_end
    AND (p_client IS NULL OR p.what = 'base' OR codesk.wanted(p_scope, p_client, r.root))
    AND r.visibility <> 'all' AND NOT codesk.may_see(me.role, r.visibility, r.author) AND me.role IS NOT NULL
$$;

-- The changes after a cursor, as they are now: one snapshot, since the function is STABLE. With a client, only what
-- that cache holds: lists whole (but for what has long been final), records of the roots it asked for.
CREATE FUNCTION codesk.pull(p_scope text, p_pos bigint, p_hash bytea, p_limit int, p_client uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  h        codesk.head;
  v_end    bigint;
  v_hash   bytea;
  -- A cache that holds no chart yet needs no look at records.
  v_bodies boolean := p_client IS NULL
    OR EXISTS (SELECT FROM codesk.want w WHERE w.scope = p_scope AND w.client = p_client);
BEGIN
  IF codesk.role_in(p_scope) IS NULL THEN
    RETURN '{"answer": "revoked"}';
  END IF;
  SELECT x.* INTO h FROM codesk.head x WHERE x.scope = p_scope;
  IF p_pos > coalesce(h.pos, 0)
    OR (p_pos > 0 AND p_hash IS DISTINCT FROM (SELECT l.hash FROM codesk.log l WHERE l.scope = p_scope AND l.pos = p_pos)) THEN
    RETURN jsonb_build_object('answer', 'restored', 'head', codesk.head_json(p_scope));
  END IF;
  IF h.scope IS NULL THEN
    RETURN jsonb_build_object('answer', 'page', 'records', '[]'::jsonb, 'items', '[]'::jsonb, 'more', false,
      'cursor', codesk.head_json(p_scope), 'head', codesk.head_json(p_scope));
  END IF;
  SELECT coalesce(min(e.pos), h.pos) INTO v_end FROM (
    (SELECT p.pos FROM codesk.place p WHERE p.scope = p_scope AND p.what = 'record' AND p.pos > p_pos
      AND p_client IS NULL ORDER BY p.pos OFFSET greatest(p_limit, 1) - 1 LIMIT 1)
    UNION ALL
    (SELECT p.pos FROM codesk.place p WHERE p.scope = p_scope AND p.what = 'base' AND p.pos > p_pos
      ORDER BY p.pos OFFSET greatest(p_limit, 1) - 1 LIMIT 1)
    UNION ALL
    (SELECT p.pos FROM codesk.place p WHERE p.scope = p_scope AND p.what = 'item' AND p.pos > p_pos
      ORDER BY p.pos OFFSET greatest(p_limit, 1) - 1 LIMIT 1)) e;
  SELECT CASE WHEN v_end = h.pos THEN h.hash
    ELSE (SELECT l.hash FROM codesk.log l WHERE l.scope = p_scope AND l.pos = v_end) END INTO v_hash;
  RETURN jsonb_build_object('answer', 'page', 'more', v_end < h.pos,
    'cursor', codesk.cursor_json(v_end, v_hash), 'head', codesk.cursor_json(h.pos, h.hash),
    'records', coalesce((SELECT jsonb_agg(c.r ORDER BY c.pos) FROM (
        SELECT p.pos, codesk.record_json(r, true) AS r
        FROM codesk.place p JOIN codesk.record r ON r.scope = p.scope AND r.id = p.id
        WHERE p.scope = p_scope AND p.what = 'base' AND p.pos > p_pos AND p.pos <= v_end
        UNION ALL
        SELECT p.pos, codesk.record_json(r, true)
        FROM codesk.place p JOIN codesk.record r ON r.scope = p.scope AND r.id = p.id
        WHERE v_bodies AND p.scope = p_scope AND p.what = 'record' AND p.pos > p_pos AND p.pos <= v_end
          AND (p_client IS NULL OR codesk.wanted(p_scope, p_client, r.root))
        UNION ALL SELECT x.pos, x.gone FROM codesk.hidden(p_scope, p_pos, v_end, p_client) x WHERE v_bodies) c), '[]'),
    'items', coalesce((SELECT jsonb_agg(codesk.item_json(i) ORDER BY p.pos)
        FROM codesk.place p JOIN codesk.work_item i ON i.scope = p.scope AND i.id = p.id
        WHERE p.scope = p_scope AND p.what = 'item' AND p.pos > p_pos AND p.pos <= v_end
          AND (p_client IS NULL OR i.stage < 2 OR i.last_day > current_date - 90
            OR (SELECT l.at_ms FROM codesk.log l WHERE l.scope = p_scope AND l.pos = p.pos)
              > codesk.now_ms() - 90 * 86400000::bigint)), '[]'));
END $$;

-- The records of encounters and what they lean on, as they are now and as the caller may see them.
CREATE FUNCTION codesk.fetch(p_scope text, p_roots uuid[]) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM codesk.must_have(p_scope);
  RETURN coalesce((SELECT jsonb_agg(codesk.record_json(r, true)) FROM (
      SELECT i.id FROM unnest(p_roots) AS i (id)
      UNION SELECT x FROM codesk.work_item w CROSS JOIN LATERAL unnest(ARRAY[w.patient, w.coverage]) AS all_of(x)
        WHERE w.scope = p_scope AND w.id = ANY (p_roots) AND x IS NOT NULL) roots
    JOIN codesk.record r ON r.scope = p_scope AND r.root = roots.id), '[]');
END $$;

-- Texts by hash, those the hub has and the caller may see.
CREATE FUNCTION codesk.texts(p_scope text, p_hashes text[]) RETURNS TABLE (hash text, text bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM codesk.must_have(p_scope);
  RETURN QUERY SELECT t.hash, t.text FROM unnest(p_hashes) WITH ORDINALITY AS a (hash, n)
    JOIN codesk.document_text t ON t.scope = p_scope AND t.hash = a.hash ORDER BY a.n;
END $$;
