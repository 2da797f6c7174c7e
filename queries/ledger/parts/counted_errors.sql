-- counted_errors: one row per thing that went wrong, however often it was told. Of reports with the
-- same type and message on one span the fullest count; an exception that went up through enclosing
-- spans counts where it began, or where its context was captured; a failed span, model or tool call
-- counts if nothing else says what went wrong in it, and a failed span right below a failed call is
-- that call's failure. Types are compared without their module.
WITH report AS (
  SELECT * EXCLUDE (dialect), false AS is_vague
  FROM owned_errors
  WHERE rank <> 6
  UNION ALL
  SELECT * EXCLUDE (dialect), true
  FROM owned_errors
  WHERE rank = 6
  UNION ALL BY NAME
  SELECT source, session_id, agent, trace_id, span_id, parent_span_id, plan_id, step_id, named_by,
    'tool ' || tool AS type, error AS message, 7 AS rank, source = 'span' AS is_vague, at_ns
  FROM counted_tool_calls
  WHERE NOT ok
  UNION ALL BY NAME
  SELECT source, session_id, agent, trace_id, span_id, parent_span_id, plan_id, step_id, named_by,
    'model call' AS type, error AS message, 7 AS rank, source = 'span' AS is_vague, at_ns
  FROM counted_llm_calls
  WHERE error IS NOT NULL
),
keyed AS (
  SELECT
    *,
    hash(trace_id, span_id) AS place,
    hash(coalesce(regexp_extract(type, '[^.]*$'), ''), coalesce(message, '')) AS what,
    row_number() OVER () AS number
  FROM report
),
placed AS (
  SELECT
    *,
    CASE WHEN span_id IS NULL THEN hash(session_id, plan_id, step_id, at_ns // 1000000000)
      ELSE place END AS spot
  FROM keyed
),
judged AS (
  SELECT
    *,
    rank = min(rank) OVER (PARTITION BY spot, what) AS is_fullest,
    rank = min(rank) OVER (PARTITION BY spot) AS is_only,
    -- Recorded where it was caught, and once more when it left the span.
    coalesce(at_ns - lag(at_ns) OVER (PARTITION BY spot, what, rank ORDER BY at_ns, number)
      < 100000000 AND span_id IS NOT NULL, false) AS is_again
  FROM placed
),
captured AS (
  SELECT DISTINCT hash(place, what) AS key FROM placed WHERE rank = 1
),
called AS (
  SELECT place, bool_or(NOT is_vague) AS is_logged
  FROM placed
  WHERE rank = 7 AND span_id IS NOT NULL
  GROUP BY place
),
child AS (
  SELECT DISTINCT hash(hash(trace_id, parent_span_id), what) AS key
  FROM placed
  WHERE parent_span_id IS NOT NULL AND message IS NOT NULL
)
SELECT * EXCLUDE (place, what, number, spot, is_fullest, is_only, is_again, is_vague)
FROM judged
WHERE is_fullest AND NOT is_again
  AND (NOT is_vague OR is_only)
  AND (rank <> 6 OR (
    place NOT IN (SELECT place FROM called WHERE is_logged)
    AND hash(trace_id, parent_span_id) NOT IN (SELECT place FROM called)
  ))
  AND (rank = 1 OR (
    hash(place, what) NOT IN (SELECT key FROM child)
    AND hash(hash(trace_id, parent_span_id), what) NOT IN (SELECT key FROM captured)
  ))
