-- step_costs: one row per step that model calls are counted for, the most tokens first.
-- `share` is the step's part of its plan's tokens; what no step was running for is in none.
-- Narrow with: SET VARIABLE plan_id = '…';
SELECT
  plan_id,
  position,
  title,
  status,
  llm_calls,
  input_tokens,
  output_tokens,
  cost_usd,
  round((coalesce(input_tokens, 0) + coalesce(output_tokens, 0))
    / nullif(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0))
      OVER (PARTITION BY plan_id), 0), 3) AS share
FROM plan_steps
WHERE llm_calls > 0 AND coalesce(plan_id = getvariable('plan_id'), true)
ORDER BY coalesce(input_tokens, 0) + coalesce(output_tokens, 0) DESC, plan_id, position
