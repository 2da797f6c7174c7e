-- state_timeline: one row per change of a state, as it happened, with the step it happened in.
-- `is_continuous` is false where the state was changed meanwhile and nobody told.
-- Narrow with: SET VARIABLE state_key = '…'; or session_id.
SELECT
  diffs.at,
  diffs.session_id,
  diffs.state_key,
  diffs.operation,
  diffs.change_count,
  diffs.changes,
  diffs.after_size,
  lag(diffs.after_hash, 1, diffs.before_hash) OVER (
    PARTITION BY diffs.session_id, diffs.state_key ORDER BY diffs.at, diffs.before_hash
  ) IS NOT DISTINCT FROM diffs.before_hash AS is_continuous,
  steps.title AS step
FROM state_diffs AS diffs
LEFT JOIN plan_steps AS steps ON steps.plan_id = diffs.plan_id AND steps.step_id = diffs.step_id
WHERE coalesce(diffs.state_key = getvariable('state_key'), getvariable('state_key') IS NULL)
  AND coalesce(diffs.session_id = getvariable('session_id'), getvariable('session_id') IS NULL)
ORDER BY diffs.at, diffs.session_id, diffs.state_key, diffs.before_hash
