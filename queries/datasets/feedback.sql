-- feedback: one row per judgement of a session, plan, step or call: the events
-- gen_ai.evaluation.result, whoever sent them. `good` is what its label says, else whether its score
-- is at least half of 1, NULL for words that say neither.
-- Narrow with: SET VARIABLE name = 'consent';
WITH said AS (
  SELECT
    session_id,
    plan_id,
    step_id,
    trace_id,
    span_id,
    "at",
    seq,
    attributes['gen_ai.evaluation.name'] AS name,
    attributes['gen_ai.evaluation.score.label'] AS label,
    TRY_CAST(attributes['gen_ai.evaluation.score.value'] AS DOUBLE) AS score,
    attributes['gen_ai.evaluation.explanation'] AS explanation
  FROM logs
  WHERE event_name = 'gen_ai.evaluation.result'
)
SELECT
  session_id,
  plan_id,
  step_id,
  trace_id,
  span_id,
  "at",
  name,
  label,
  score,
  explanation,
  CASE
    WHEN lower(label) IN ('good', 'pass', 'passed', 'accept', 'accepted', 'approve', 'approved',
      'correct', 'yes', 'true', 'positive', 'helpful', 'relevant', 'granted', 'done', 'success')
      THEN true
    WHEN lower(label) IN ('bad', 'fail', 'failed', 'reject', 'rejected', 'deny', 'denied',
      'incorrect', 'wrong', 'no', 'false', 'negative', 'unhelpful', 'irrelevant', 'error', 'failure')
      THEN false
    ELSE score >= 0.5
  END AS good
FROM said
WHERE getvariable('name') IS NULL OR name = getvariable('name')
ORDER BY "at", seq
