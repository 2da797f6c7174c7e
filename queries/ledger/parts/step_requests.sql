-- step_requests: one row per accepted call of a planning tool that changes steps one by one. A lane
-- is a session's agent: each keeps steps of its own.
SELECT
  *,
  row_number() OVER (ORDER BY at_ns, tie, span_id) AS call_number,
  concat_ws('|', dialect, session_id, agent) AS lane
FROM (
  SELECT * REPLACE (unwrapped(document) AS document)
  FROM owned_plan_lists
  WHERE changes_steps(tool)
)
