-- error_groups: one row per type of error and function it came from, the commonest first.
-- Narrow with: SET VARIABLE agent = '…';
SELECT
  type,
  code_function,
  count(*) AS errors,
  count(DISTINCT session_id) AS sessions,
  count(DISTINCT agent) AS agents,
  min("at") AS first_at,
  max("at") AS last_at,
  max_by(message, "at") AS last_message
FROM errors
WHERE coalesce(agent = getvariable('agent'), getvariable('agent') IS NULL)
GROUP BY type, code_function
ORDER BY count(*) DESC, type, code_function
