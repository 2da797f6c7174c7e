-- keys: one row per key of a story that is over, with the dialects of the story's records, joined by
-- commas, and the relations of few that they need. Written over `told` and `speech` (key, name).
WITH spoken AS (
  SELECT story, string_agg(DISTINCT name, ',' ORDER BY name) AS dialects
  FROM speech
  JOIN told USING (key)
  GROUP BY story
)
SELECT key, story, coalesce(dialects, '') AS dialects
FROM told
LEFT JOIN spoken USING (story)
WHERE is_over
