-- prompts: one row per thing a person asked an agent, where it may be known.
SELECT
  CAST(NULL AS VARCHAR) AS session_id,
  CAST(NULL AS VARCHAR) AS content,
  CAST(NULL AS BIGINT) AS at_ns
WHERE false
