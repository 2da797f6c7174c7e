-- accepted_lists: one row per list of steps, in the lane whose plan it belongs to; `list_number`
-- counts through lane after lane, so that the list before is the one with the number before.
-- One sort of everything: PARTITION BY costs DuckDB some 50 ms for 2,000 lanes of a few rows.
WITH laned AS (
  SELECT list.* REPLACE (coalesce(handed.first_lane, list.lane) AS lane)
  FROM parsed_lists AS list
  LEFT JOIN handed_lanes AS handed ON handed.lane = list.lane
)
SELECT *, row_number() OVER (ORDER BY lane, at_ns, tie, span_id) AS list_number
FROM laned
