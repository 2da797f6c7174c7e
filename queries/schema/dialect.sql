-- dialect: which emitter's conventions a record follows, decided once for all dialect files.

-- library_dialect(scope_name, service_name, event_name) is made of the sections `recognition` of the
-- files in queries/dialects, in the order of their names.

-- is_openllmetry: OpenLLMetry and the official instrumentations share a prefix and differ in the word
-- after it.
CREATE OR REPLACE MACRO is_openllmetry(scope_name) AS
  regexp_matches(
    scope_name,
    '^opentelemetry\.instrumentation\.(openai\.v[01]|openai_agents|anthropic|langchain|llamaindex'
    || '|cohere|bedrock|mistralai|ollama|replicate|together|groq|watsonx|crewai|haystack'
    || '|google_generativeai|mcp|agno|transformers|sagemaker|writer|voyageai)$'
  );

-- is_openinference: by the kind of span, which is upper case; others write theirs in lower case.
CREATE OR REPLACE MACRO is_openinference(span_kind) AS
  coalesce(span_kind IN (
    'LLM', 'CHAIN', 'TOOL', 'AGENT', 'RETRIEVER', 'EMBEDDING', 'RERANKER', 'GUARDRAIL',
    'EVALUATOR', 'PROMPT', 'DECISION', 'UNKNOWN'
  ), false);

-- dialect_of: first match wins; NULL is a record of no agent dialect (kept, not projected). Spans
-- that OpenInference rewrote keep the scope of the framework that made them. The two commonest scopes
-- come first, so that millions of rows are not held against all the others.
CREATE OR REPLACE MACRO dialect_of(scope_name, service_name, event_name, span_kind, operation) AS
  coalesce(
    CASE
      WHEN is_openinference(span_kind) OR scope_name LIKE 'openinference.%' THEN 'openinference'
      WHEN scope_name LIKE 'opentelemetry.%'
      THEN CASE WHEN is_openllmetry(scope_name) THEN 'traceloop' END
      ELSE library_dialect(scope_name, service_name, event_name)
    END,
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
    'opencode', 'adk'
  );
