"""Decide what is taken out of the attributes into columns of its own, and from which keys."""

import re
from typing import Final

from spanledger_exporters.column import Column

PLANNING_TOOLS: Final = (
    "TodoWrite",
    "TaskCreate",
    "TaskUpdate",
    "ExitPlanMode",
    "exit_plan_mode",
    "update_plan",
    "create_goal",
    "update_goal",
    "write_todos",
    "tracker_create_task",
    "tracker_update_task",
    "todo_write",
    "todowrite",
    "manage_todo_list",
    "todos_add",
    "todos_complete",
    "todos_remove",
    "todo__todo_write",
    "update_todo",
    "sql",
    # Qwen Code's wrapper: the tool's name and arguments are inside its own arguments.
    "tool_call",
)
"""Tools whose arguments are a plan or a change of one (reference: docs/dialects.md)."""

PLAN_DOCUMENT: Final = "plan_document"
PLAN_RESULT: Final = "plan_result"
"""The promoted columns with a condition: see `PROMOTED`."""
PLAN_SNAPSHOT: Final = "spanledger.plan.steps"

NEW_MESSAGES: Final = "new_messages"
TOOL_REQUESTS: Final = "tool_requests"
TOOL_ANSWERS: Final = "tool_answers"
PLAN_REQUESTS: Final = "plan_requests"

INTEGER: Final = re.compile(r"\s*-?[0-9]{1,18}(\.0+)?\s*")
NUMBER: Final = re.compile(r"\s*-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*")
"""What a text must look like, wholly, to become a BIGINT or a DOUBLE column."""

NO_SESSION: Final = "resp_"
"""How OpenAI's ids of one answer begin: Agent Framework names the last as the conversation's."""

PROMOTED: Final = (
    Column("service_name", "VARCHAR", of_resource=("service.name",)),
    Column(
        "session_id",
        "VARCHAR",
        aliases=(
            "session.id",
            "gen_ai.conversation.id",
            "conversation.id",
            "langsmith.metadata.thread_id",
            "langsmith.metadata.session_id",
            "langsmith.metadata.conversation_id",
            "traceloop.association.properties.session_id",
            "traceloop.association.properties.thread_id",
            "anthropic.session.id",
            "mastra.metadata.threadId",
            "ai.telemetry.metadata.sessionId",
            "gcp.vertex.agent.session_id",
            "cursor.conversation.id",
        ),
        of_resource=("session.id",),
    ),
    Column(
        "agent_name",
        "VARCHAR",
        aliases=(
            "gen_ai.agent.name",
            "agent.name",
            "agent_name",
            "crewai.agent.role",
            "ai.telemetry.functionId",
            "github.copilot.agent.type",
        ),
    ),
    Column(
        "operation",
        "VARCHAR",
        aliases=("gen_ai.operation.name", "ai.operationId", "llm.request.type"),
    ),
    Column(
        "span_kind",
        "VARCHAR",
        aliases=(
            "openinference.span.kind",
            "traceloop.span.kind",
            "langsmith.span.kind",
            "mastra.span.type",
            "logfire.span_type",
        ),
    ),
    Column("plan_id", "VARCHAR", aliases=("spanledger.plan.id",)),
    Column("step_id", "VARCHAR", aliases=("spanledger.step.id",)),
    Column("step_status", "VARCHAR", aliases=("spanledger.step.status",)),
    Column("lock_key", "VARCHAR", aliases=("spanledger.lock.key",)),
    Column(
        "tool_name",
        "VARCHAR",
        aliases=(
            "gen_ai.tool.name",
            "tool.name",
            "tool_name",
            "function_name",
            "crewai.tool.name",
            "ai.toolCall.name",
        ),
    ),
    Column(
        "tool_call_id",
        "VARCHAR",
        aliases=(
            "gen_ai.tool.call.id",
            "gen_ai.tool.call_id",
            "call_id",
            "tool_use_id",
            "tool_call_id",
            "tool.call_id",
            "tool.id",
            "ai.toolCall.id",
        ),
    ),
    Column("tool_ok", "VARCHAR", aliases=("success", "gen_ai.tool.status", "gen_ai.task.status")),
    Column(
        "model",
        "VARCHAR",
        aliases=(
            "gen_ai.response.model",
            "llm.response.model_name",
            "gen_ai.request.model",
            "llm.model_name",
            "llm.request.model_name",
            "ai.response.model",
            "ai.model.id",
            "model",
        ),
    ),
    Column(
        "provider",
        "VARCHAR",
        aliases=(
            "gen_ai.provider.name",
            "llm.provider",
            "gen_ai.system",
            "llm.system",
            "ai.model.provider",
            "provider_name",
        ),
    ),
    Column("response_id", "VARCHAR", aliases=("gen_ai.response.id", "ai.response.id")),
    Column(
        "input_tokens",
        "BIGINT",
        aliases=(
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.prompt_tokens",
            "llm.token_count.prompt",
            "input_token_count",
            "input_tokens",
            "ai.usage.inputTokens",
            "ai.usage.promptTokens",
        ),
    ),
    Column(
        "output_tokens",
        "BIGINT",
        aliases=(
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.completion_tokens",
            "llm.token_count.completion",
            "output_token_count",
            "output_tokens",
            "ai.usage.outputTokens",
            "ai.usage.completionTokens",
        ),
    ),
    Column(
        "cache_read_tokens",
        "BIGINT",
        aliases=(
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "llm.token_count.prompt_details.cache_read",
            "cached_token_count",
            "cached_content_token_count",
            "cache_read_tokens",
            "gen_ai.usage.cached_input_tokens",
            "ai.usage.cachedInputTokens",
            "ai.usage.inputTokenDetails.cacheReadTokens",
        ),
    ),
    Column(
        "cache_write_tokens",
        "BIGINT",
        aliases=(
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "llm.token_count.prompt_details.cache_write",
            "cache_write_token_count",
            "cache_creation_tokens",
            "ai.usage.inputTokenDetails.cacheWriteTokens",
        ),
    ),
    Column(
        "reasoning_tokens",
        "BIGINT",
        aliases=(
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.reasoning_tokens",
            "gen_ai.usage.details.reasoning_tokens",
            "codex.usage.reasoning_output_tokens",
            "llm.token_count.completion_details.reasoning",
            "reasoning_token_count",
            "thoughts_token_count",
            "ai.usage.reasoningTokens",
            "ai.usage.outputTokenDetails.reasoningTokens",
        ),
    ),
    Column(
        "cost_usd",
        "DOUBLE",
        aliases=("spanledger.cost.usd", "cost_usd", "llm.cost.total", "operation.cost"),
    ),
    Column("error_type", "VARCHAR", aliases=("error.type", "exception.type", "error_type")),
    Column(
        PLAN_DOCUMENT,
        "VARCHAR",
        aliases=(
            "spanledger.plan.steps",
            "gen_ai.tool.call.arguments",
            "arguments",
            "tool_input",
            "function_args",
            "ai.toolCall.args",
            "tool_arguments",
            "gcp.vertex.agent.tool_call_args",
            "traceloop.entity.input",
            "input.value",
            "mastra.tool_call.input",
            "mastra.mcp_tool_call.input",
            "gen_ai.prompt",
            "input",
            "gen_ai.input.messages",
        ),
    ),
    Column(
        PLAN_RESULT,
        "VARCHAR",
        aliases=(
            "gen_ai.tool.call.result",
            "output",
            "ai.toolCall.result",
            "tool_response",
            "gcp.vertex.agent.tool_response",
            "new_context",
            "traceloop.entity.output",
            "output.value",
            "mastra.tool_call.output",
            "mastra.mcp_tool_call.output",
            "gen_ai.completion",
            "gen_ai.output.messages",
        ),
    ),
)
"""Typed columns for every key a canned query filters on; the attribute itself stays in its map.

A value that does not fit the type is NULL here and untouched in the map. `plan_document` and
`plan_result` are filled only where `tool_name` is one of `PLANNING_TOOLS`, or a key is
`spanledger.plan.steps`: the few records that plans are rebuilt from are then found without reading
anybody's attributes."""

TALK: Final = tuple(
    Column(name, "VARCHAR") for name in (NEW_MESSAGES, TOOL_REQUESTS, TOOL_ANSWERS, PLAN_REQUESTS)
)
"""What is new in the messages of a model call, as JSON lists (`decoding/talk.py`): the messages
`{role, content, calls, answers}`, the tool calls asked for `{id, name, arguments}`, the answers to
earlier ones `{id, content, failed}`, and of the calls asked for those of `PLANNING_TOOLS`."""
