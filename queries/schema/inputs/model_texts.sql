-- model_texts: one row per span of model_spans, with its attributes. Apart, because sums over
-- millions of calls must not read them.
SELECT
  trace_id,
  span_id,
  operation,
  span_kind,
  attributes,
  events,
  dialect_of(scope_name, service_name, NULL, span_kind, operation) AS dialect
FROM spans
WHERE (model IS NOT NULL OR input_tokens IS NOT NULL) AND tool_name IS NULL
