-- story_links: one row per key of a record, with the first of its keys as `root`; `last_ns` is when
-- it was last heard of. Records that share a key are one story, and what the ledger says of a story
-- follows from its records alone. Keys are trace, session and plan, and a call's id within its
-- service, by which an answer is found in another trace. Plans that name nothing share the key ''.
WITH record AS (
  SELECT trace_id, session_id, plan_id, max(end_ns) AS last_ns
  FROM spans
  GROUP BY ALL
  UNION ALL
  SELECT trace_id, session_id, plan_id, max(coalesce(time_ns, observed_ns))
  FROM logs
  WHERE coalesce(trace_id, session_id, plan_id, plan_document) IS NOT NULL
  GROUP BY ALL
),
talk AS (
  SELECT trace_id AS root, service_name, tool_requests AS told, end_ns AS last_ns
  FROM spans
  WHERE tool_requests IS NOT NULL
  UNION ALL
  SELECT trace_id, service_name, tool_answers, end_ns
  FROM spans
  WHERE tool_answers IS NOT NULL
  UNION ALL
  SELECT coalesce(trace_id, session_id, plan_id), service_name,
    unnest([tool_requests, tool_answers]), coalesce(time_ns, observed_ns)
  FROM logs
  WHERE coalesce(tool_requests, tool_answers) IS NOT NULL
    AND coalesce(trace_id, session_id, plan_id) IS NOT NULL
),
call AS (
  SELECT root, service_name, last_ns, unnest(from_json(told, '[{"id":"VARCHAR"}]')).id AS id
  FROM talk
)
SELECT
  coalesce(trace_id, session_id, plan_id, '') AS root,
  unnest(list_distinct([coalesce(trace_id, session_id, plan_id, ''), session_id, plan_id])) AS key,
  last_ns
FROM record
UNION ALL
SELECT root, concat_ws('|', 'call', service_name, id), last_ns
FROM call
WHERE id IS NOT NULL
