-- prompt_logs: one row per log record of what a person asked an agent.
SELECT
  session_id,
  event_name,
  nanos("at") AS at_ns,
  attributes,
  dialect_of(scope_name, service_name, event_name, span_kind, operation) AS dialect
FROM logs
WHERE event_name IN (
  'user_prompt', 'claude_code.user_prompt', 'codex.user_prompt', 'gemini_cli.user_prompt',
  'qwen-code.user_prompt'
)
