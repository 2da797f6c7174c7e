-- planned_logs: one row per log record of a trace or session in which work on a plan may be.
SELECT *
FROM logs
WHERE coalesce(trace_id, session_id, plan_id, step_id) IN (SELECT key FROM planned_traces)
