-- log_homes: one row per log record without a trace that belongs to one, with what linked it.
WITH loose AS (
  SELECT writer, seq, session_id, nanos("at") AS at_ns, own_key(tool_call_id, response_id, attributes)
    AS own_key, turn_of(attributes) AS turn
  FROM logs
  WHERE trace_id IS NULL AND session_id IS NOT NULL
),
told AS (
  SELECT session_id, trace_id, own_key(tool_call_id, response_id, attributes) AS own_key,
    turn_of(attributes) AS turn
  FROM spans
  WHERE session_id IN (SELECT session_id FROM loose)
  UNION
  SELECT session_id, trace_id, own_key(tool_call_id, response_id, attributes), turn_of(attributes)
  FROM logs
  WHERE trace_id IS NOT NULL AND session_id IN (SELECT session_id FROM loose)
),
lasting AS (
  SELECT session_id, trace_id, min(start_ns) AS from_ns, max(end_ns) AS to_ns
  FROM spans
  WHERE session_id IN (SELECT session_id FROM loose)
  GROUP BY session_id, trace_id
),
home AS (
  SELECT loose.writer, loose.seq, told.trace_id, 'call_id' AS linked_by, 0.95 AS confidence
  FROM loose
  JOIN told ON told.session_id = loose.session_id AND told.own_key = loose.own_key
  UNION
  SELECT loose.writer, loose.seq, told.trace_id, 'prompt_id', 0.85
  FROM loose
  JOIN told ON told.session_id = loose.session_id AND told.turn = loose.turn
  UNION
  SELECT loose.writer, loose.seq, lasting.trace_id, 'time', 0.6
  FROM loose
  JOIN lasting
    ON lasting.session_id = loose.session_id
    AND lasting.from_ns <= loose.at_ns
    AND lasting.to_ns >= loose.at_ns
)
SELECT
  writer,
  seq,
  trace_id,
  linked_by,
  round(confidence / count(*) OVER (PARTITION BY writer, seq, linked_by), 2) AS confidence
FROM home
QUALIFY row_number() OVER (PARTITION BY writer, seq ORDER BY home.confidence DESC, trace_id) = 1
