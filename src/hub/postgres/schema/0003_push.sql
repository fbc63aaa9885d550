-- Taking one op: number, rules, fields, then records, log, work item, result and audit in one transaction.
-- Locks are taken in one order (client, records by id, work items by id), so that two pushes never wait for each
-- other in a circle. The same rules as `hub::rules`; both pass the same conformance tests.

CREATE FUNCTION codesk.frame(bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT int8send(octet_length($1)::bigint) || $1 $$;
CREATE FUNCTION codesk.frame(text) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT int8send(octet_length(convert_to($1, 'UTF8'))::bigint) || convert_to($1, 'UTF8') $$;

-- The digest of a record as its row holds it.
CREATE FUNCTION codesk.record_digest(r codesk.record) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(codesk.frame(r.kind) || codesk.frame(r.visibility) || int8send(r.version) || codesk.frame(r.ord)
    || CASE WHEN r.deleted THEN '\x01'::bytea ELSE '\x00'::bytea END || codesk.frame(r.body::text))
$$;

-- A record as the client reads it.
CREATE FUNCTION codesk.record_json(r codesk.record, seen boolean) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('scope', r.scope, 'id', r.id, 'root', r.root, 'kind', r.kind,
    'visibility', r.visibility, 'version', r.version, 'order', r.ord,
    'deleted', r.deleted OR NOT seen, 'body', CASE WHEN seen THEN r.body ELSE '{}'::jsonb END)
$$;

-- A field or pseudo-field of a record as it is now; of none, those of a vacant one.
CREATE FUNCTION codesk.field_now(path text, deleted boolean, ord text, body jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE path WHEN '$deleted' THEN to_jsonb(coalesce(deleted, true))
                   WHEN '$order' THEN to_jsonb(coalesce(ord, ''))
                   ELSE coalesce(body -> path, 'null'::jsonb) END
$$;

-- The writes of an op beside the records as they are.
CREATE FUNCTION codesk.writes(p_op jsonb) RETURNS TABLE (n bigint, id uuid, kind text, visibility text, set jsonb,
  now codesk.record) LANGUAGE sql STABLE AS $$
  SELECT w.n, (w.v ->> 'record')::uuid, w.v ->> 'kind', coalesce(w.v ->> 'visibility', 'all'), w.v -> 'set', r
  FROM jsonb_array_elements(p_op -> 'writes') WITH ORDINALITY AS w (v, n)
  LEFT JOIN codesk.record r ON r.scope = p_op ->> 'scope' AND r.id = (w.v ->> 'record')::uuid
$$;

-- The records an op touches, as they are now and as the caller may see them; vacant where there is none.
CREATE FUNCTION codesk.enclosed(p_op jsonb, p_role text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH touched AS (
    SELECT n, id, kind, visibility, now FROM codesk.writes(p_op)
    UNION ALL
    SELECT 1000000000, (p_op ->> 'root')::uuid, 'encounter', 'all', (SELECT r FROM codesk.record r
      WHERE r.scope = p_op ->> 'scope' AND r.id = (p_op ->> 'root')::uuid)
    WHERE NOT EXISTS (SELECT FROM codesk.writes(p_op) w WHERE w.id = (p_op ->> 'root')::uuid)
  )
  SELECT jsonb_agg(CASE
    WHEN (now).id IS NOT NULL
      THEN codesk.record_json(now, codesk.may_see(p_role, (now).visibility, (now).author))
    ELSE jsonb_build_object('scope', p_op ->> 'scope', 'id', id, 'kind', kind, 'visibility', visibility,
      'root', CASE WHEN (SELECT k.is_root FROM codesk.record_kind k WHERE k.scope = '*' AND k.kind = touched.kind)
        THEN id ELSE (p_op ->> 'root')::uuid END,
      'version', 0, 'order', '', 'deleted', true, 'body', '{}'::jsonb)
    END ORDER BY n)
  FROM touched
$$;

-- An answer as it is sent: what is remembered of it, with the records of now.
CREATE FUNCTION codesk.answer(p_op jsonb, p_role text, p_outcome jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p_outcome ->> 'answer' = 'applied' THEN p_outcome
    ELSE p_outcome || jsonb_build_object('records', codesk.enclosed(p_op, p_role)) END
$$;

-- Why an op is not applied, or null. The order of the questions is that of `hub::rules`.
CREATE FUNCTION codesk.judge(p_op jsonb, p_role text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_scope text := p_op ->> 'scope';
  v_root  uuid := (p_op ->> 'root')::uuid;
  v_here  codesk.record;
  v_why   text;
  v_item  codesk.work_item;
  v_new   boolean;
  w       record;
  v_to    text;
  v_from  text;
BEGIN
  IF p_op ->> 'actor' <> session_user THEN
    RETURN jsonb_build_object('answer', 'rejected', 'why', 'this edit names another person as its author');
  END IF;
  SELECT r.* INTO v_here FROM codesk.record r WHERE r.scope = v_scope AND r.id = v_root;
  v_new := NOT FOUND;
  IF v_new AND NOT EXISTS (SELECT FROM codesk.writes(p_op) x WHERE x.id = v_root) THEN
    RETURN jsonb_build_object('answer', 'rejected', 'why', 'it is not in the shared database');
  END IF;
  IF EXISTS (SELECT FROM codesk.writes(p_op) x
    WHERE (x.now).id IS NOT NULL AND NOT codesk.may_see(p_role, (x.now).visibility, (x.now).author)) THEN
    RETURN jsonb_build_object('answer', 'rejected', 'why', 'the record is not yours to change');
  END IF;
  SELECT CASE WHEN (x.now).kind <> x.kind THEN 'a record of another kind or site has this id'
              WHEN k.kind IS NULL THEN 'the shared database does not know this kind of record; upgrade it'
              ELSE format('a %s may not change a %s', p_role, x.kind) END
    INTO v_why
    FROM codesk.writes(p_op) x
    LEFT JOIN codesk.record_kind k ON k.scope = '*' AND k.kind = x.kind
    WHERE (x.now).kind <> x.kind OR NOT EXISTS (SELECT FROM codesk.may_write m
      WHERE m.scope = '*' AND m.role = p_role AND m.kind = x.kind AND m.fresh = ((x.now).id IS NULL))
    ORDER BY x.n LIMIT 1;
  IF FOUND THEN
    RETURN jsonb_build_object('answer', 'rejected', 'why', v_why);
  END IF;
  -- Codes, lines, holds and the coding state are the lease holder's; documents and registration are not.
  IF NOT v_new AND EXISTS (SELECT FROM codesk.writes(p_op) x
      JOIN codesk.record_kind k ON k.scope = '*' AND k.kind = x.kind
      WHERE CASE x.kind WHEN 'encounter' THEN EXISTS (SELECT FROM jsonb_array_elements(x.set) f WHERE f ->> 0 = 'state')
                        WHEN 'claim' THEN false ELSE k.is_coding END) THEN
    SELECT i.* INTO v_item FROM codesk.work_item i WHERE i.scope = v_scope AND i.id = v_root;
    IF FOUND AND ((v_item.holder <> session_user AND v_item.lease_until > codesk.now_ms())
      OR (p_op ->> 'fence')::bigint < v_item.fence) THEN
      RETURN jsonb_build_object('answer', 'fenced', 'holder', v_item.holder);
    END IF;
  END IF;
  FOR w IN SELECT x.* FROM codesk.writes(p_op) x
    WHERE (x.now).id IS NOT NULL AND x.kind IN ('encounter', 'claim') ORDER BY x.n LOOP
    SELECT coalesce(f ->> 2, '') INTO v_to FROM jsonb_array_elements(w.set) f WHERE f ->> 0 = 'state' LIMIT 1;
    IF NOT FOUND THEN
      v_to := NULL;
    END IF;
    v_from := (w.now).body ->> 'state';
    IF w.kind = 'claim' AND EXISTS (SELECT FROM jsonb_array_elements(w.set) f
      WHERE f ->> 0 = '$deleted' AND f -> 2 = 'true'::jsonb) THEN
      SELECT t.why INTO v_why FROM codesk.transition t
        WHERE t.scope = '*' AND t.what = 'claim.remove' AND t.from_state = v_from AND t.to_state = '';
    ELSIF v_to IS NULL THEN
      CONTINUE;
    ELSIF w.kind = 'claim' THEN
      SELECT t.why INTO v_why FROM codesk.transition t
        WHERE t.scope = '*' AND t.what = 'claim' AND t.from_state = v_from AND t.to_state = v_to;
    ELSE
      v_why := codesk.judge_state(p_op, p_role, v_scope, v_root, v_from, v_to);
    END IF;
    IF v_why IS NOT NULL THEN
      RETURN jsonb_build_object('answer', 'rejected', 'why', v_why);
    END IF;
  END LOOP;
  -- An op that depends on the whole, a field that has changed, or a record read that the hub has never had.
  IF (NOT v_new AND (p_op ->> 'base')::bigint <> v_here.version)
    OR EXISTS (SELECT FROM codesk.writes(p_op) x, jsonb_array_elements(x.set) f,
        codesk.field_now(f ->> 0, (x.now).deleted, (x.now).ord, (x.now).body) AS now_is
      WHERE (now_is <> f -> 1 AND now_is <> f -> 2)
        OR ((x.now).id IS NULL AND f ->> 0 = '$deleted' AND f -> 1 = 'false'::jsonb)) THEN
    RETURN jsonb_build_object('answer', 'conflict');
  END IF;
  RETURN NULL;
END $$;

-- Why the coding state may not change this way, or null.
CREATE FUNCTION codesk.judge_state(p_op jsonb, p_role text, p_scope text, p_root uuid, p_from text, p_to text)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_why text;
  v_open constant text[] := ARRAY['new', 'coding', 'returned'];
BEGIN
  IF NOT EXISTS (SELECT FROM codesk.transition t
    WHERE t.scope = '*' AND t.what = 'coding' AND t.to_state = p_to) THEN
    RETURN 'this program does not know that state';
  END IF;
  SELECT t.why INTO v_why FROM codesk.transition t
    WHERE t.scope = '*' AND t.what = 'coding' AND t.from_state = p_from AND t.to_state = p_to;
  IF v_why IS NOT NULL THEN
    RETURN v_why;
  END IF;
  IF p_to = 'coded' AND p_from = ANY (v_open) THEN
    IF p_role NOT IN ('coder', 'supervisor', 'admin') THEN
      RETURN format('a %s may not submit; a coder has to', p_role);
    END IF;
    -- A hold that this very op clears is no longer in the way.
    IF EXISTS (SELECT FROM codesk.record r WHERE r.scope = p_scope AND r.root = p_root AND r.kind = 'hold'
      AND NOT r.deleted AND coalesce(r.body -> 'cleared_at', 'null'::jsonb) = 'null'::jsonb
      AND NOT EXISTS (SELECT FROM codesk.writes(p_op) x, jsonb_array_elements(x.set) f WHERE x.id = r.id
        AND ((f ->> 0 = 'cleared_at' AND f -> 2 <> 'null'::jsonb) OR f ->> 0 = '$deleted'))) THEN
      RETURN 'it is on hold; clear the hold first';
    END IF;
  END IF;
  IF p_from = 'coded' AND p_to = ANY (v_open) AND EXISTS (SELECT FROM codesk.record r
    WHERE r.scope = p_scope AND r.root = p_root AND r.kind = 'claim' AND NOT r.deleted
      AND r.body ->> 'state' IN ('sent', 'accepted')) THEN
    RETURN 'a claim of it has been sent; wait for the payer''s answer';
  END IF;
  RETURN NULL;
END $$;

-- The work item of an encounter, made again from its records; its lease stays. Returns whether there is one.
CREATE FUNCTION codesk.refresh(p_scope text, p_root uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO codesk.work_item AS old (scope, id, account, name, kind, payer, first_day, last_day, dollars, state,
    holds, hold, claim, response, file_by, assigned, rank, why, documents, diagnoses, lines, version, patient,
    coverage, payer_id, stage)
  SELECT p_scope, p_root, e.body ->> 'account',
    coalesce(p.body -> 'name' ->> 'last', '')
      || coalesce(' ' || nullif(left(p.body -> 'name' ->> 'first', 1), ''), ''),
    e.body ->> 'kind', coalesce(payer.body ->> 'name', ''), (e.body ->> 'from')::date, (e.body ->> 'through')::date,
    coalesce(nullif(part.charges, 0), (e.body ->> 'expected')::bigint, 0), e.body ->> 'state',
    part.holds, coalesce(part.hold, ''), claim.state, coalesce(claim.response, ''), claim.file_by,
    e.body ->> 'assigned', -coalesce((e.body ->> 'priority')::int, 0), coalesce(e.body ->> 'why', ''),
    part.documents, part.diagnoses, part.lines, e.version, (e.body ->> 'patient')::uuid,
    (e.body -> 'coverages' ->> 0)::uuid, (c.body ->> 'payer')::uuid,
    CASE WHEN e.body ->> 'state' IN ('coded', 'in_review') THEN 1 WHEN e.body ->> 'state' = 'final' THEN 2 ELSE 0 END
  FROM codesk.record e
  LEFT JOIN codesk.record p ON p.scope = p_scope AND p.id = (e.body ->> 'patient')::uuid AND p.kind = 'patient'
    AND NOT p.deleted
  LEFT JOIN codesk.record c ON c.scope = p_scope AND c.id = (e.body -> 'coverages' ->> 0)::uuid
    AND c.kind = 'coverage' AND NOT c.deleted
  LEFT JOIN LATERAL (SELECT y.body FROM codesk.record y WHERE y.scope IN ('shared', p_scope)
    AND y.id = (c.body ->> 'payer')::uuid AND y.kind = 'payer' AND NOT y.deleted LIMIT 1) payer ON true
  CROSS JOIN LATERAL (SELECT
      coalesce(sum((x.body ->> 'charge')::bigint) FILTER (WHERE x.kind = 'line'), 0)::bigint AS charges,
      count(*) FILTER (WHERE x.kind = 'document')::int AS documents,
      count(*) FILTER (WHERE x.kind = 'diagnosis')::int AS diagnoses,
      count(*) FILTER (WHERE x.kind = 'line')::int AS lines,
      count(*) FILTER (WHERE x.kind = 'hold' AND x.body ->> 'cleared_at' IS NULL)::int AS holds,
      (array_agg((SELECT k.label FROM codesk.word k
          WHERE k.scope = '*' AND k.what = 'hold' AND k.key = x.body ->> 'reason') ORDER BY x.ord, x.id)
        FILTER (WHERE x.kind = 'hold' AND x.body ->> 'cleared_at' IS NULL))[1] AS hold
    FROM codesk.record x WHERE x.scope = p_scope AND x.root = p_root AND NOT x.deleted) part
  LEFT JOIN LATERAL (SELECT x.body ->> 'state' AS state, x.body -> 'responses' -> -1 ->> 'code' AS response,
      (x.body ->> 'file_by')::date AS file_by
    FROM codesk.record x WHERE x.scope = p_scope AND x.root = p_root AND x.kind = 'claim' AND NOT x.deleted
    ORDER BY CASE x.body ->> 'state' WHEN 'rejected' THEN 0 WHEN 'denied' THEN 1 WHEN 'partly_paid' THEN 2
      WHEN 'draft' THEN 3 WHEN 'ready' THEN 4 WHEN 'sent' THEN 5 WHEN 'accepted' THEN 6 ELSE 7 END, x.ord, x.id
    LIMIT 1) claim ON true
  WHERE e.scope = p_scope AND e.id = p_root AND e.kind = 'encounter' AND NOT e.deleted
  ON CONFLICT (scope, id) DO UPDATE SET account = excluded.account, name = excluded.name, kind = excluded.kind,
    payer = excluded.payer, first_day = excluded.first_day, last_day = excluded.last_day,
    dollars = excluded.dollars, state = excluded.state, holds = excluded.holds, hold = excluded.hold,
    claim = excluded.claim, response = excluded.response, file_by = excluded.file_by,
    assigned = excluded.assigned, rank = excluded.rank, why = excluded.why, documents = excluded.documents,
    diagnoses = excluded.diagnoses, lines = excluded.lines, version = excluded.version,
    patient = excluded.patient, coverage = excluded.coverage, payer_id = excluded.payer_id, stage = excluded.stage;
  IF FOUND THEN
    RETURN true;
  END IF;
  DELETE FROM codesk.work_item WHERE scope = p_scope AND id = p_root;
  RETURN false;
END $$;

-- Writes the records of an op that was judged; returns their new versions. `p_roots`: work items to make again.
CREATE FUNCTION codesk.apply(p_op jsonb, p_roots uuid[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_scope text := p_op ->> 'scope';
  v_root  uuid := (p_op ->> 'root')::uuid;
  v_op    uuid := (p_op ->> 'op_id')::uuid;
  v_at    bigint := codesk.now_ms();
  v_out   jsonb := '[]';
  v_items uuid[] := '{}';
  w       record;
  r       codesk.record;
  v_n     bigint;
  i       uuid;
BEGIN
  FOR w IN
    SELECT x.n, x.id, x.kind, x.visibility, x.set, x.now FROM codesk.writes(p_op) x
    UNION ALL
    SELECT 1000000000, v_root, e.kind, e.visibility, '[]'::jsonb, e FROM codesk.record e
      WHERE e.scope = v_scope AND e.id = v_root
        AND NOT EXISTS (SELECT FROM codesk.writes(p_op) x WHERE x.id = v_root)
    ORDER BY 1
  LOOP
    r := w.now;
    IF r.id IS NULL THEN
      r.scope := v_scope;
      r.id := w.id;
      r.kind := w.kind;
      r.root := CASE WHEN (SELECT k.is_root FROM codesk.record_kind k WHERE k.scope = '*' AND k.kind = w.kind)
        THEN w.id ELSE v_root END;
      r.visibility := w.visibility;
      r.version := 0;
      r.ord := '';
      r.deleted := true;
      r.body := '{}';
      r.author := session_user;
    END IF;
    r.version := r.version + 1;
    SELECT coalesce((SELECT (f -> 2) = 'true'::jsonb FROM jsonb_array_elements(w.set) f WHERE f ->> 0 = '$deleted' LIMIT 1), r.deleted),
           coalesce((SELECT f ->> 2 FROM jsonb_array_elements(w.set) f WHERE f ->> 0 = '$order' LIMIT 1), r.ord),
           (r.body - coalesce((SELECT array_agg(f ->> 0) FROM jsonb_array_elements(w.set) f
              WHERE f -> 2 = 'null'::jsonb), '{}'::text[]))
             || coalesce((SELECT jsonb_object_agg(f ->> 0, f -> 2) FROM jsonb_array_elements(w.set) f
              WHERE f -> 2 <> 'null'::jsonb AND f ->> 0 NOT IN ('$deleted', '$order')), '{}'::jsonb)
      INTO r.deleted, r.ord, r.body;
    IF r.kind = 'document' THEN
      r.hash := r.body ->> 'hash';
    END IF;
    IF r.version = 1 THEN
      -- Somebody who makes the same record at the same moment is told apart by the key; the op comes again.
      INSERT INTO codesk.record SELECT r.*;
    ELSE
      UPDATE codesk.record u SET version = r.version, ord = r.ord, deleted = r.deleted, body = r.body, hash = r.hash
        WHERE u.scope = v_scope AND u.id = r.id;
    END IF;
    INSERT INTO codesk.fresh_log (scope, what, id, version, digest, op_id, at_ms, base)
      VALUES (v_scope, 'record', r.id, r.version, codesk.record_digest(r), v_op, v_at,
        r.kind IN ('payer', 'provider', 'site', 'fees')) RETURNING n INTO v_n;
    v_out := v_out || jsonb_build_array(jsonb_build_array(r.id, r.version));
    IF r.kind = 'payer' THEN
      UPDATE codesk.work_item x SET payer = coalesce(r.body ->> 'name', '')
        WHERE x.payer_id = r.id AND x.payer <> coalesce(r.body ->> 'name', '');
    END IF;
  END LOOP;
  FOREACH i IN ARRAY p_roots LOOP
    IF codesk.refresh(v_scope, i) THEN
      v_items := v_items || i;
    END IF;
  END LOOP;
  IF v_items <> '{}' THEN
    UPDATE codesk.fresh_log l SET items = v_items WHERE l.scope = v_scope AND l.n = v_n;
  END IF;
  RETURN v_out;
END $$;

CREATE FUNCTION codesk.push(p_client uuid, p_op jsonb, p_hashes text[], p_texts bytea[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_scope   text := p_op ->> 'scope';
  v_root    uuid := (p_op ->> 'root')::uuid;
  v_seq     bigint := (p_op ->> 'seq')::bigint;
  v_op      uuid := (p_op ->> 'op_id')::uuid;
  v_role    text := codesk.role_in(v_scope);
  v_client  codesk.client;
  v_before  codesk.result;
  v_outcome jsonb;
  v_ids     uuid[];
  v_roots   uuid[] := '{}';
BEGIN
  IF v_role IS NULL THEN
    RETURN '{"answer": "revoked"}';
  END IF;
  -- A dead connection of the same client that is still at work is waited for here.
  SELECT c.* INTO v_client FROM codesk.client c WHERE c.scope = v_scope AND c.client = p_client FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO codesk.client (scope, client, login) VALUES (v_scope, p_client, session_user) ON CONFLICT DO NOTHING;
    SELECT c.* INTO v_client FROM codesk.client c WHERE c.scope = v_scope AND c.client = p_client FOR UPDATE;
  END IF;
  IF v_client.login <> session_user THEN
    RAISE EXCEPTION 'this cache belongs to another person; use a data folder of your own' USING ERRCODE = 'CS004';
  END IF;
  IF v_seq <= v_client.last_seq THEN
    SELECT x.* INTO v_before FROM codesk.result x WHERE x.scope = v_scope AND x.client = p_client AND x.seq = v_seq;
    IF v_before.op_id IS DISTINCT FROM v_op THEN
      RETURN '{"answer": "fork"}';
    END IF;
    RETURN jsonb_build_object('answer', 'duplicate', 'first', codesk.answer(p_op, v_role, v_before.answer));
  END IF;
  IF v_seq > v_client.last_seq + 1 THEN
    RETURN jsonb_build_object('answer', 'gap', 'have', v_client.last_seq);
  END IF;
  IF jsonb_array_length(p_op -> 'writes') = 0 THEN
    -- An empty op only keeps the numbers without a gap.
    v_outcome := '{"answer": "applied", "versions": []}';
  ELSE
    SELECT array_agg((x ->> 'record')::uuid) || v_root INTO v_ids FROM jsonb_array_elements(p_op -> 'writes') x;
    PERFORM FROM codesk.record r WHERE r.scope = v_scope AND r.id = ANY (v_ids) ORDER BY r.id FOR UPDATE;
    SELECT array_agg(DISTINCT i) INTO v_roots FROM (
      SELECT v_root
      UNION ALL SELECT x.id FROM codesk.work_item x WHERE x.scope = v_scope AND x.patient = ANY (v_ids)
      UNION ALL SELECT x.id FROM codesk.work_item x WHERE x.scope = v_scope AND x.coverage = ANY (v_ids)
    ) AS of_op(i);
    PERFORM FROM codesk.work_item x WHERE x.scope = v_scope AND x.id = ANY (v_roots) ORDER BY x.id FOR UPDATE;
    v_outcome := codesk.judge(p_op, v_role);
    IF v_outcome IS NULL THEN
      FOR i IN 1 .. coalesce(array_length(p_hashes, 1), 0) LOOP
        IF encode(sha256(p_texts[i]), 'hex') <> p_hashes[i] THEN
          RAISE EXCEPTION 'a document''s text is not what its hash says' USING ERRCODE = 'CS004';
        END IF;
        INSERT INTO codesk.document_text (scope, hash, text) VALUES (v_scope, p_hashes[i], p_texts[i])
          ON CONFLICT DO NOTHING;
      END LOOP;
      BEGIN
        v_outcome := jsonb_build_object('answer', 'applied', 'versions', codesk.apply(p_op, v_roots));
      EXCEPTION WHEN data_exception OR not_null_violation THEN
        v_outcome := jsonb_build_object('answer', 'rejected',
          'why', 'the shared database cannot read one of its fields');
      END;
    END IF;
  END IF;
  UPDATE codesk.client c SET last_seq = v_seq WHERE c.scope = v_scope AND c.client = p_client;
  INSERT INTO codesk.result (scope, client, seq, op_id, at_ms, answer)
    VALUES (v_scope, p_client, v_seq, v_op, codesk.now_ms(), v_outcome);
  PERFORM codesk.note(v_scope, p_client, coalesce(p_op ->> 'label', ''), v_root, v_op,
    CASE v_outcome ->> 'answer' WHEN 'applied' THEN '' ELSE v_outcome ->> 'answer' END,
    (p_op ->> 'at_ms')::bigint, NULL);
  RETURN codesk.answer(p_op, v_role, v_outcome);
END $$;
