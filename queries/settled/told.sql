-- told: one row per key of a story, numbered by what it is connected with; `is_over` says whether
-- its last record is older than the variable `over_ns`. Written over `link` (story_links) and
-- `grouped` (key, story).
WITH life AS (
  SELECT story, coalesce(max(last_ns) < getvariable('over_ns'), true) AS is_over
  FROM link
  JOIN grouped USING (key)
  GROUP BY story
)
SELECT key, hash(getvariable('settlement'), story) AS story, is_over
FROM grouped
JOIN life USING (story)
