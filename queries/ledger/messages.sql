-- messages: one row per message of a session, in the order in which it was said, once, whether the
-- emitter sends what is new or whole histories. `role` is system, user, assistant or tool;
-- `call_ids` are the tool calls that the assistant asked for or the tool answered; `redacted` says
-- that the emitter hid the content. What was said before the first recorded call is only in
-- llm_calls.input_messages.
WITH told AS (
  SELECT trace_id, span_id, 'span' AS source, seq, new_messages, tool_answers,
    NULL AS event_name, start_ns AS moment
  FROM spans
  WHERE new_messages IS NOT NULL
  UNION ALL
  SELECT trace_id, span_id, 'log', seq, new_messages, tool_answers, event_name, nanos("at")
  FROM logs
  WHERE new_messages IS NOT NULL
),
-- The older events repeat the history before each answer: what was heard before it is old.
fresh AS (
  SELECT *,
    bool_or(source = 'span') OVER (PARTITION BY trace_id, span_id) AS has_span,
    max(CASE WHEN event_name = 'gen_ai.assistant.message' THEN moment END) OVER said_before AS heard,
    max(CASE WHEN event_name = 'gen_ai.assistant.message' THEN seq END) OVER said_before AS heard_seq
  FROM told
  WINDOW said_before AS (PARTITION BY trace_id, span_id)
),
spoken AS (
  SELECT
    trace_id, span_id, source, moment, seq,
    from_json(new_messages,
      '[{"role":"VARCHAR","content":"VARCHAR","calls":["VARCHAR"],"answers":["VARCHAR"]}]')
      AS messages,
    from_json(tool_answers, '[{"id":"VARCHAR","content":"VARCHAR"}]') AS answers
  FROM fresh
  WHERE source = 'span'
    OR (NOT has_span AND (heard IS NULL OR (moment, seq) > (heard, heard_seq)))
),
single AS (
  SELECT
    call.session_id,
    call.agent,
    call.dialect,
    call.plan_id,
    call.step_id,
    call.at_ns AS call_ns,
    CASE WHEN message.role = 'assistant'
      THEN coalesce(TRY(call.at_ns + CAST(call.duration_ms * 1000000 AS BIGINT)), call.at_ns)
      ELSE call.at_ns END AS at_ns,
    spoken.trace_id,
    spoken.span_id,
    spoken.source,
    spoken.seq,
    number,
    message.role AS role,
    CASE WHEN message.role = 'tool' THEN array_to_string(list_transform(
        list_filter(answers, lambda answer:
          list_contains(message.answers, answer.id) OR answer.id IS NULL),
        lambda answer: answer.content
      ), chr(10)) ELSE message.content END AS content,
    coalesce(message.calls, message.answers) AS call_ids
  FROM placed_llm_calls AS call
  JOIN (
    SELECT *, unnest(messages) AS message, generate_subscripts(messages, 1) AS number FROM spoken
  ) AS spoken
    ON spoken.trace_id = call.trace_id AND spoken.span_id = call.span_id
),
turned AS (
  SELECT *,
    count_if(role = 'assistant') OVER (PARTITION BY session_id, agent
      ORDER BY call_ns, seq, number ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS turn
  FROM single
),
counted AS (
  SELECT *,
    row_number() OVER (
      PARTITION BY session_id, agent, role, content, call_ids,
        CASE WHEN role = 'user' OR role = 'assistant' THEN turn END
      ORDER BY call_ns, seq, number
    ) AS copy
  FROM turned
)
SELECT
  session_id,
  row_number() OVER (PARTITION BY session_id ORDER BY call_ns, seq, number) AS position,
  agent,
  role,
  visible(content) AS content,
  call_ids,
  at_nanos(at_ns) AS "at",
  plan_id,
  step_id,
  trace_id,
  span_id,
  dialect,
  source,
  content IS NOT NULL AND visible(content) IS NULL AS redacted
FROM counted
WHERE copy = 1
