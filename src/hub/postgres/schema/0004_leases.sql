-- Leases: the right to work an encounter for a time, by the hub's clock. The fence rises with every change of hands,
-- so that an op of an earlier holder is told apart.

CREATE FUNCTION codesk.item_json(i codesk.work_item) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_array(i.id, i.account, i.name, i.kind, i.payer, i.first_day, i.last_day, i.dollars, i.state,
    i.holds, i.hold, i.claim, i.response, i.file_by, i.assigned, i.holder, i.lease_until, i.rank, i.why,
    i.documents, i.diagnoses, i.lines, i.version, i.fence)
$$;

CREATE FUNCTION codesk.lease_json(i codesk.work_item) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('holder', i.holder, 'until', i.lease_until, 'fence', i.fence)
$$;

-- Offline leases last half a day at most.
CREATE FUNCTION codesk.lease_end(p_minutes int) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT codesk.now_ms() + least(greatest(p_minutes, 1), 720)::bigint * 60000 $$;

CREATE FUNCTION codesk.lease_set(p_scope text, p_id uuid, p_holder text, p_until bigint, p_fence bigint,
  p_what text, p_detail text) RETURNS codesk.work_item LANGUAGE plpgsql AS $$
DECLARE
  v codesk.work_item;
BEGIN
  UPDATE codesk.work_item i SET holder = p_holder, lease_until = p_until, fence = p_fence
    WHERE i.scope = p_scope AND i.id = p_id RETURNING i.* INTO v;
  INSERT INTO codesk.fresh_log (scope, what, id, version, digest, op_id, at_ms, items)
    VALUES (p_scope, 'lease', p_id, p_fence,
      sha256(codesk.frame(coalesce(p_holder, '')) || int8send(p_fence) || int8send(coalesce(p_until, 0))),
      codesk.nil(), codesk.now_ms(), ARRAY[p_id]);
  PERFORM codesk.note(p_scope, codesk.nil(), p_what, p_id, codesk.nil(), p_detail, NULL, NULL);
  RETURN v;
END $$;

-- The caller's role in a scope, or an error.
CREATE FUNCTION codesk.must_have(p_scope text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_role text := codesk.role_in(p_scope);
BEGIN
  IF v_role IS NULL THEN
    RAISE EXCEPTION '%', p_scope USING ERRCODE = 'CS003';
  END IF;
  RETURN v_role;
END $$;

CREATE FUNCTION codesk.item_locked(p_scope text, p_id uuid) RETURNS codesk.work_item LANGUAGE plpgsql AS $$
DECLARE
  v codesk.work_item;
BEGIN
  SELECT i.* INTO v FROM codesk.work_item i WHERE i.scope = p_scope AND i.id = p_id FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION '%', p_id USING ERRCODE = 'CS005';
  END IF;
  RETURN v;
END $$;

-- Takes a lease or, with its fence, renews it.
CREATE FUNCTION codesk.lease(p_scope text, p_id uuid, p_fence bigint, p_minutes int) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_role text := codesk.must_have(p_scope);
  v      codesk.work_item := codesk.item_locked(p_scope, p_id);
  v_mine boolean := coalesce(v.holder = session_user, false);
  v_live boolean := v.holder IS NOT NULL AND v.lease_until > codesk.now_ms();
BEGIN
  IF (v_live AND NOT v_mine) OR (p_fence IS NOT NULL AND (NOT v_mine OR p_fence <> v.fence)) THEN
    RETURN jsonb_build_object('granted', false) || codesk.lease_json(v);
  END IF;
  v := codesk.lease_set(p_scope, p_id, session_user, codesk.lease_end(p_minutes),
    v.fence + CASE WHEN v_mine THEN 0 ELSE 1 END, CASE WHEN v_mine THEN 'lease.renew' ELSE 'lease.take' END, '');
  RETURN jsonb_build_object('granted', true) || codesk.lease_json(v);
END $$;

-- Gives it back; nothing if it has changed hands already.
CREATE FUNCTION codesk.release(p_scope text, p_id uuid, p_fence bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_role text := codesk.must_have(p_scope);
  v      codesk.work_item := codesk.item_locked(p_scope, p_id);
BEGIN
  IF v.holder = session_user AND v.fence = p_fence THEN
    v := codesk.lease_set(p_scope, p_id, NULL, NULL, p_fence, 'lease.release', '');
  END IF;
  RETURN codesk.lease_json(v);
END $$;

CREATE FUNCTION codesk.break_lease(p_scope text, p_id uuid, p_why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_role text := codesk.must_have(p_scope);
  v      codesk.work_item;
BEGIN
  IF v_role NOT IN ('supervisor', 'admin') THEN
    RAISE EXCEPTION 'a % may not take a lease away', v_role USING ERRCODE = 'CS004';
  END IF;
  v := codesk.item_locked(p_scope, p_id);
  v := codesk.lease_set(p_scope, p_id, NULL, NULL, v.fence + 1, 'lease.break', p_why);
  RETURN codesk.lease_json(v);
END $$;

-- Leases that ran out first, then free rows: highest priority, oldest last day, account. Work given to somebody else
-- is theirs. A row that another call is taking at this moment is passed over.
CREATE FUNCTION codesk.get_next(p_scope text, p_request uuid, p_n int, p_kind text, p_minutes int) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_role  text := codesk.must_have(p_scope);
  v_now   bigint := codesk.now_ms();
  v_n     int := least(greatest(p_n, 0), 100);
  v_ids   uuid[] := '{}';
  v_login text;
  v_out   jsonb := '[]';
  v       codesk.work_item;
BEGIN
  IF v_role NOT IN ('coder', 'trainee', 'supervisor', 'admin') THEN
    RAISE EXCEPTION 'a % does not take work to code', v_role USING ERRCODE = 'CS004';
  END IF;
  SELECT q.ids, q.login INTO v_ids, v_login FROM codesk.request q WHERE q.scope = p_scope AND q.request = p_request;
  IF FOUND THEN
    -- What has changed hands since is no longer part of the answer.
    RETURN coalesce((SELECT jsonb_agg(codesk.item_json(i) ORDER BY a.n)
      FROM unnest(v_ids) WITH ORDINALITY AS a (id, n)
      JOIN codesk.work_item i ON i.scope = p_scope AND i.id = a.id
      WHERE i.holder = session_user AND v_login = session_user), '[]');
  END IF;
  v_ids := '{}';
  FOR v IN SELECT i.* FROM codesk.work_item i
    WHERE i.scope = p_scope AND i.stage = 0 AND i.holds = 0 AND i.holder IS NOT NULL AND i.lease_until <= v_now
      AND (p_kind IS NULL OR i.kind = p_kind) AND (i.assigned IS NULL OR i.assigned = session_user)
    ORDER BY i.lease_until LIMIT v_n FOR UPDATE SKIP LOCKED
  LOOP
    v := codesk.lease_set(p_scope, v.id, session_user, codesk.lease_end(p_minutes),
      v.fence + CASE WHEN v.holder = session_user THEN 0 ELSE 1 END,
      CASE WHEN v.holder = session_user THEN 'lease.renew' ELSE 'lease.take' END, '');
    v_ids := v_ids || v.id;
    v_out := v_out || jsonb_build_array(codesk.item_json(v));
  END LOOP;
  FOR v IN SELECT i.* FROM codesk.work_item i
    WHERE i.scope = p_scope AND i.stage = 0 AND i.holds = 0 AND i.holder IS NULL
      AND (p_kind IS NULL OR i.kind = p_kind) AND (i.assigned IS NULL OR i.assigned = session_user)
    ORDER BY i.rank, i.last_day, i.account LIMIT v_n - cardinality(v_ids) FOR UPDATE SKIP LOCKED
  LOOP
    v := codesk.lease_set(p_scope, v.id, session_user, codesk.lease_end(p_minutes), v.fence + 1, 'lease.take', '');
    v_ids := v_ids || v.id;
    v_out := v_out || jsonb_build_array(codesk.item_json(v));
  END LOOP;
  INSERT INTO codesk.request (scope, request, login, at_ms, ids)
    VALUES (p_scope, p_request, session_user, v_now, v_ids);
  RETURN v_out;
END $$;
