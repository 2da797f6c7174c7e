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
    WHEN scope_name LIKE 'com.anthropic.claude\_code.%' ESCAPE '\' THEN 'claude_code'
    WHEN scope_name LIKE 'codex\_%' ESCAPE '\' THEN 'codex'
    WHEN scope_name = 'gemini-cli' OR service_name = 'gemini-cli' THEN 'gemini_cli'
    WHEN scope_name = 'qwen-code' OR service_name = 'qwen-code' THEN 'qwen_code'
    WHEN scope_name = 'github.copilot' THEN 'copilot_cli'
    WHEN service_name = 'copilot-chat' THEN 'copilot_vscode'
    WHEN scope_name = 'opencode' THEN 'opencode'
    WHEN scope_name LIKE '@arizeai/openinference%' THEN 'openinference'
    WHEN scope_name = 'pydantic-ai' THEN 'pydantic_ai'
    WHEN scope_name = 'langsmith' THEN 'langsmith'
    WHEN scope_name LIKE '@mastra/%' THEN 'mastra'
    WHEN scope_name = 'gcp.vertex.agent' THEN 'adk'
    WHEN scope_name LIKE 'strands.%' THEN 'strands'
    WHEN scope_name LIKE 'crewai%' THEN 'crewai'
    WHEN scope_name LIKE 'agent\_framework%' ESCAPE '\' THEN 'ms_af'
    WHEN scope_name LIKE 'com.anthropic.sdk.%' THEN 'anthropic_sdk'
  END;

-- dialect_of: first match wins; NULL is a record of no agent dialect (kept, not projected).
-- An OpenInference kind is upper case, Traceloop's and LangSmith's are lower case.
CREATE OR REPLACE MACRO dialect_of(scope_name, service_name, event_name, span_kind, operation) AS
  coalesce(
    library_dialect(scope_name, service_name),
    CASE
      WHEN event_name LIKE 'spanledger.%' THEN 'native'
      WHEN event_name LIKE 'claude\_code.%' ESCAPE '\' THEN 'claude_code'
      WHEN event_name LIKE 'codex.%' THEN 'codex'
      WHEN event_name LIKE 'gemini\_cli.%' ESCAPE '\' THEN 'gemini_cli'
      WHEN event_name LIKE 'qwen-code.%' THEN 'qwen_code'
      WHEN span_kind IN (
        'LLM', 'CHAIN', 'TOOL', 'AGENT', 'RETRIEVER', 'EMBEDDING', 'RERANKER', 'GUARDRAIL',
        'EVALUATOR', 'PROMPT', 'DECISION', 'UNKNOWN'
      ) THEN 'openinference'
      WHEN span_kind IN ('workflow', 'task', 'agent', 'tool') THEN 'traceloop'
      WHEN operation LIKE 'ai.%' THEN 'vercel'
      WHEN operation IS NOT NULL THEN 'semconv'
      WHEN event_name LIKE 'gen\_ai.%' ESCAPE '\' THEN 'semconv'
    END
  );
