-- open_logs: one row per log record of a story that is not settled, or goes on after it was.
SELECT * FROM settled.tail_logs
UNION ALL
SELECT *
FROM settled.logs
WHERE coalesce(trace_id, session_id, plan_id, '') IN (SELECT key FROM woken_keys)
