-- open_spans: one row per span of a story that is not settled, or goes on after it was.
SELECT * FROM settled.tail_spans
UNION ALL
SELECT * FROM settled.spans WHERE trace_id IN (SELECT key FROM woken_keys)
