-- planned_spans: one row per span of a trace in which work on a plan may be.
SELECT *
FROM spans
WHERE trace_id IN (SELECT key FROM planned_traces)
