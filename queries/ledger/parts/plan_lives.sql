-- plan_lives: one row per plan: whose it is, when it began and was last heard of, and when the next
-- plan of the same agent began.
WITH life AS (
  SELECT
    plan_id,
    min(session_id) AS session_id,
    min_by(agent, at_ns) AS agent,
    min(dialect) AS dialect,
    min(source) AS source,
    min_by(trace_id, at_ns) AS trace_id,
    max(revision) AS revision,
    min(at_ns) AS from_ns,
    max(at_ns) AS last_ns
  FROM step_states
  GROUP BY plan_id
)
SELECT
  *,
  CASE WHEN concat_ws('|', dialect, session_id, agent)
      = lead(concat_ws('|', dialect, session_id, agent)) OVER life_order
    THEN lead(from_ns) OVER life_order END AS next_ns
FROM life
WINDOW life_order AS (ORDER BY concat_ws('|', dialect, session_id, agent), from_ns, plan_id)
