-- dialect: which emitter's conventions a record follows, decided once for all dialect files.

-- library_dialect: by instrumentation scope. The two commonest prefixes come first, so that
-- millions of rows are not held against all the others. OpenLLMetry and the official
-- instrumentations share one and differ in the word after it.
CREATE OR REPLACE MACRO library_dialect(scope_name, service_name) AS
  CASE
    WHEN scope_name LIKE 'opentelemetry.%' THEN CASE WHEN regexp_matches(
      scope_name,
      '^opentelemetry\.instrumentation\.(openai\.v[01]|openai_agents|anthropic|langchain|llamaindex'
      || '|cohere|bedrock|mistralai|ollama|replicate|together|groq|watsonx|crewai|haystack'
      || '|google_generativeai|mcp|agno|transformers|sagemaker|writer|voyageai)$'
    ) THEN 'traceloop' END
    WHEN scope_name LIKE 'openinference.%' THEN 'openinference'
    WHEN scope_name = 'spanledger' OR scope_name LIKE 'spanledger.%' THEN 'native'
    WHEN scope_name LIKE 'com.anthropic.claude\_code.%' ESCAPE '\'
      OR service_name = 'claude-code' THEN 'claude_code'
    WHEN scope_name LIKE 'codex\_%' ESCAPE '\' THEN 'codex'
    WHEN scope_name = 'gemini-cli' OR service_name = 'gemini-cli' THEN 'gemini_cli'
    WHEN scope_name = 'qwen-code' OR service_name = 'qwen-code' THEN 'qwen_code'
    WHEN scope_name = 'github.copilot' OR service_name = 'github-copilot' THEN 'copilot_cli'
    WHEN service_name = 'copilot-chat' THEN 'copilot_vscode'
    WHEN scope_name = 'opencode' OR service_name = 'opencode' THEN 'opencode'
    WHEN scope_name = 'goose' OR service_name = 'goose' THEN 'goose'
    WHEN scope_name LIKE '@arizeai/openinference%' THEN 'openinference'
    WHEN scope_name = 'pydantic-ai' THEN 'pydantic_ai'
    WHEN scope_name = 'langsmith' THEN 'langsmith'
    WHEN scope_name LIKE 'traceloop%' THEN 'traceloop'
    WHEN scope_name LIKE '@mastra/%' OR scope_name LIKE 'mastra%' THEN 'mastra'
    WHEN scope_name = 'ai' OR scope_name LIKE '@ai-sdk/%' THEN 'vercel'
    WHEN scope_name LIKE 'autogen%' THEN 'autogen'
    WHEN scope_name LIKE 'llama%index%' THEN 'llamaindex'
    WHEN scope_name = 'gcp.vertex.agent' THEN 'adk'
    WHEN scope_name LIKE 'strands.%' THEN 'strands'
    WHEN scope_name LIKE 'crewai%' THEN 'crewai'
    WHEN scope_name LIKE 'agent\_framework%' ESCAPE '\' THEN 'ms_af'
    WHEN scope_name LIKE 'com.anthropic.sdk.%' THEN 'anthropic_sdk'
  END;

-- is_openinference: by the kind of span, which is upper case; others write theirs in lower case.
CREATE OR REPLACE MACRO is_openinference(span_kind) AS
  coalesce(span_kind IN (
    'LLM', 'CHAIN', 'TOOL', 'AGENT', 'RETRIEVER', 'EMBEDDING', 'RERANKER', 'GUARDRAIL',
    'EVALUATOR', 'PROMPT', 'DECISION', 'UNKNOWN'
  ), false);

-- dialect_of: first match wins; NULL is a record of no agent dialect (kept, not projected). Spans
-- that OpenInference rewrote keep the scope of the framework that made them.
CREATE OR REPLACE MACRO dialect_of(scope_name, service_name, event_name, span_kind, operation) AS
  coalesce(
    CASE WHEN is_openinference(span_kind) THEN 'openinference'
      ELSE library_dialect(scope_name, service_name) END,
    CASE
      WHEN event_name LIKE 'spanledger.%' THEN 'native'
      WHEN event_name LIKE 'claude\_code.%' ESCAPE '\' THEN 'claude_code'
      WHEN event_name LIKE 'codex.%' THEN 'codex'
      WHEN event_name LIKE 'gemini\_cli.%' ESCAPE '\' THEN 'gemini_cli'
      WHEN event_name LIKE 'qwen-code.%' THEN 'qwen_code'
      WHEN span_kind IN ('workflow', 'task', 'agent', 'tool') THEN 'traceloop'
      WHEN span_kind IN ('llm', 'chain', 'retriever', 'embedding', 'prompt', 'parser')
      THEN 'langsmith'
      WHEN span_kind IN (
        'agent_run', 'model_generation', 'model_step', 'model_chunk', 'tool_call',
        'mcp_tool_call', 'workflow_run', 'workflow_step', 'workflow_conditional', 'workflow_loop',
        'workflow_parallel'
      ) THEN 'mastra'
      WHEN operation LIKE 'ai.%' THEN 'vercel'
      WHEN operation IS NOT NULL THEN 'semconv'
      WHEN event_name LIKE 'gen\_ai.%' ESCAPE '\' THEN 'semconv'
    END
  );

-- tells_every_call: agents that report every tool call themselves, so that nobody has to look for
-- calls in the messages of their models.
CREATE OR REPLACE MACRO tells_every_call(dialect) AS
  coalesce(dialect, 'native') IN (
    'native', 'claude_code', 'codex', 'gemini_cli', 'qwen_code', 'copilot_cli', 'copilot_vscode',
    'opencode', 'goose', 'adk'
  );
