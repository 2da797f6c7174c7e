-- trace_tree: one row per span of one trace, each under its parent, children in order of start.
-- A span whose parent never came is a root too. `depth` is 0 for roots.
-- Needs: SET VARIABLE trace_id = '…';
WITH RECURSIVE span AS (
  SELECT span_id, parent_span_id, name, start_ns, started_at, duration_ms, status_code, tool_name,
    model, step_id
  FROM spans
  WHERE trace_id = getvariable('trace_id')
),
tree AS (
  SELECT span_id, 0 AS depth, [concat(lpad(CAST(start_ns AS VARCHAR), 20, '0'), span_id)] AS path
  FROM span
  WHERE parent_span_id IS NULL OR parent_span_id NOT IN (SELECT span_id FROM span)
  UNION ALL
  SELECT
    span.span_id,
    tree.depth + 1,
    list_append(tree.path, concat(lpad(CAST(span.start_ns AS VARCHAR), 20, '0'), span.span_id))
  FROM tree
  JOIN span ON span.parent_span_id = tree.span_id
  WHERE tree.depth < 1000
)
SELECT
  tree.depth,
  repeat('  ', CAST(tree.depth AS INTEGER)) || span.name AS span,
  span.started_at,
  span.duration_ms,
  CASE span.status_code WHEN 1 THEN 'ok' WHEN 2 THEN 'error' END AS status,
  span.tool_name,
  span.model,
  span.step_id,
  span.span_id,
  span.parent_span_id
FROM tree
JOIN span ON span.span_id = tree.span_id
ORDER BY tree.path
