-- woken_stories: one row per settled story that goes on in the tail.
SELECT DISTINCT story
FROM settled.keys
WHERE key IN (SELECT key FROM story_links)
  AND story NOT IN (SELECT story FROM settled.retired)
