-- plan_stretches: one row per stretch of time in which a lane works on one plan; lanes as in
-- current_steps, told from it so that plans and steps add up to the same.
WITH moment AS (
  SELECT
    session_id,
    lane,
    plan_id,
    from_ns,
    plan_id IS DISTINCT FROM lag(plan_id) OVER moment_order
      OR lane IS DISTINCT FROM lag(lane) OVER moment_order
      OR session_id IS DISTINCT FROM lag(session_id) OVER moment_order AS is_edge
  FROM current_steps
  WINDOW moment_order AS (ORDER BY session_id, lane, from_ns)
)
SELECT
  session_id,
  lane,
  plan_id,
  from_ns,
  CASE WHEN lane = lead(lane) OVER edge_order AND session_id = lead(session_id) OVER edge_order
    THEN lead(from_ns) OVER edge_order ELSE 9223372036854775807 END AS to_ns
FROM moment
WHERE is_edge
WINDOW edge_order AS (ORDER BY session_id, lane, from_ns)
