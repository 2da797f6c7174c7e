"""Decide every column of the three tables, once: name, type, source.

The journal's lines, the Parquet segments, the DuckDB views, OTLP export and the coverage test all
read these tables. `otlp` names the protocol field a column holds (opentelemetry-proto 1.x message
and field names); `aliases` are the attribute keys a promoted column is filled from, first hit wins.

Conventions: ids are lower-case hex; `*_ns` are the 64 bits of OTLP's unix nanoseconds as a signed
BIGINT (2^64-1 reads as -1); a scalar at its protobuf default is NULL unless it carries meaning
(`name`, `kind`, `start_ns`, `end_ns`, `status_code` of a status that was sent); an absent message
(status, resource, scope) is NULL in all of its columns.
"""

import re
from dataclasses import dataclass
from typing import Final

MAP: Final = "MAP(VARCHAR, VARCHAR)"
"""Attribute values: strings as they are, all others as JSON text; a `*_types` column restores."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: DuckDB type, the OTLP field it holds, the attribute keys it is promoted from."""

    name: str
    type: str
    otlp: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    of_resource: tuple[str, ...] = ()


def _struct(*fields: tuple[str, str]) -> str:
    return "STRUCT(" + ", ".join(f"{name} {kind}" for name, kind in fields) + ")"


EVENT: Final = _struct(
    ("time_ns", "BIGINT"),
    ("name", "VARCHAR"),
    ("attributes", MAP),
    ("attribute_types", "VARCHAR"),
    ("dropped_attributes_count", "BIGINT"),
)
LINK: Final = _struct(
    ("trace_id", "VARCHAR"),
    ("span_id", "VARCHAR"),
    ("trace_state", "VARCHAR"),
    ("attributes", MAP),
    ("attribute_types", "VARCHAR"),
    ("dropped_attributes_count", "BIGINT"),
    ("flags", "BIGINT"),
)
QUANTILE: Final = _struct(("quantile", "DOUBLE"), ("value", "DOUBLE"))
EXEMPLAR: Final = _struct(
    ("time_ns", "BIGINT"),
    ("value_int", "BIGINT"),
    ("value_double", "DOUBLE"),
    ("span_id", "VARCHAR"),
    ("trace_id", "VARCHAR"),
    ("filtered_attributes", MAP),
    ("attribute_types", "VARCHAR"),
)


_SOURCE: Final = (
    Column("resource", MAP, ("Resource.attributes",)),
    Column("resource_types", "VARCHAR"),
    Column("resource_dropped_attributes_count", "BIGINT", ("Resource.dropped_attributes_count",)),
    Column("resource_entity_refs", "VARCHAR", ("Resource.entity_refs",)),
    Column(
        "resource_schema_url",
        "VARCHAR",
        ("ResourceSpans.schema_url", "ResourceLogs.schema_url", "ResourceMetrics.schema_url"),
    ),
    Column("scope_name", "VARCHAR", ("InstrumentationScope.name",)),
    Column("scope_version", "VARCHAR", ("InstrumentationScope.version",)),
    Column("scope_attributes", MAP, ("InstrumentationScope.attributes",)),
    Column("scope_attribute_types", "VARCHAR"),
    Column(
        "scope_dropped_attributes_count",
        "BIGINT",
        ("InstrumentationScope.dropped_attributes_count",),
    ),
    Column(
        "scope_schema_url",
        "VARCHAR",
        ("ScopeSpans.schema_url", "ScopeLogs.schema_url", "ScopeMetrics.schema_url"),
    ),
)
"""Where a record came from; the same in every table."""

_RECEIPT: Final = (
    Column("wire", "VARCHAR"),
    Column("received_ns", "BIGINT"),
    Column("writer", "VARCHAR"),
    Column("seq", "BIGINT"),
)
"""How it was received. `wire` is the base64 of the whole OTLP request with this one record, kept
only where the columns cannot restore it (a repeated attribute key, a field from the future)."""

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

SPANS: Final = (
    Column("trace_id", "VARCHAR", ("Span.trace_id",)),
    Column("span_id", "VARCHAR", ("Span.span_id",)),
    Column("parent_span_id", "VARCHAR", ("Span.parent_span_id",)),
    Column("trace_state", "VARCHAR", ("Span.trace_state",)),
    Column("flags", "BIGINT", ("Span.flags",)),
    Column("name", "VARCHAR", ("Span.name",)),
    Column("kind", "INTEGER", ("Span.kind",)),
    Column("start_ns", "BIGINT", ("Span.start_time_unix_nano",)),
    Column("end_ns", "BIGINT", ("Span.end_time_unix_nano",)),
    Column("status_code", "INTEGER", ("Status.code",)),
    Column("status_message", "VARCHAR", ("Status.message",)),
    Column("attributes", MAP, ("Span.attributes",)),
    Column("attribute_types", "VARCHAR"),
    Column("dropped_attributes_count", "BIGINT", ("Span.dropped_attributes_count",)),
    Column("events", f"{EVENT}[]", ("Span.events",)),
    Column("dropped_events_count", "BIGINT", ("Span.dropped_events_count",)),
    Column("links", f"{LINK}[]", ("Span.links",)),
    Column("dropped_links_count", "BIGINT", ("Span.dropped_links_count",)),
    *PROMOTED,
    *TALK,
    *_SOURCE,
    *_RECEIPT,
    # Above 1 on a copy of a span that was stored before: kept, but not in the view `spans`.
    Column("delivery", "INTEGER"),
)

LOGS: Final = (
    Column("time_ns", "BIGINT", ("LogRecord.time_unix_nano",)),
    Column("observed_ns", "BIGINT", ("LogRecord.observed_time_unix_nano",)),
    Column("trace_id", "VARCHAR", ("LogRecord.trace_id",)),
    Column("span_id", "VARCHAR", ("LogRecord.span_id",)),
    Column("flags", "BIGINT", ("LogRecord.flags",)),
    Column("severity_number", "INTEGER", ("LogRecord.severity_number",)),
    Column("severity_text", "VARCHAR", ("LogRecord.severity_text",)),
    # What happened: the attribute event.name, else the field EventName (emitters put junk there).
    Column("event_name", "VARCHAR", aliases=("event.name",)),
    Column("event_name_field", "VARCHAR", ("LogRecord.event_name",)),
    Column("body", "VARCHAR", ("LogRecord.body",)),
    Column("body_type", "VARCHAR"),
    Column("attributes", MAP, ("LogRecord.attributes",)),
    Column("attribute_types", "VARCHAR"),
    Column("dropped_attributes_count", "BIGINT", ("LogRecord.dropped_attributes_count",)),
    *PROMOTED,
    *TALK,
    *_SOURCE,
    *_RECEIPT,
)

METRICS: Final = (
    Column("name", "VARCHAR", ("Metric.name",)),
    Column("description", "VARCHAR", ("Metric.description",)),
    Column("unit", "VARCHAR", ("Metric.unit",)),
    Column("metadata", MAP, ("Metric.metadata",)),
    Column("metadata_types", "VARCHAR"),
    # gauge, sum, histogram, exponential_histogram, summary: the oneof of Metric.data.
    Column(
        "type",
        "VARCHAR",
        (
            "Metric.gauge",
            "Metric.sum",
            "Metric.histogram",
            "Metric.exponential_histogram",
            "Metric.summary",
        ),
    ),
    Column(
        "aggregation_temporality",
        "INTEGER",
        (
            "Sum.aggregation_temporality",
            "Histogram.aggregation_temporality",
            "ExponentialHistogram.aggregation_temporality",
        ),
    ),
    Column("is_monotonic", "BOOLEAN", ("Sum.is_monotonic",)),
    Column("start_ns", "BIGINT", ("NumberDataPoint.start_time_unix_nano",)),
    Column("time_ns", "BIGINT", ("NumberDataPoint.time_unix_nano",)),
    Column("value_int", "BIGINT", ("NumberDataPoint.as_int",)),
    Column("value_double", "DOUBLE", ("NumberDataPoint.as_double",)),
    Column("flags", "BIGINT", ("NumberDataPoint.flags",)),
    Column("count", "BIGINT", ("HistogramDataPoint.count",)),
    Column("sum", "DOUBLE", ("HistogramDataPoint.sum",)),
    Column("min", "DOUBLE", ("HistogramDataPoint.min",)),
    Column("max", "DOUBLE", ("HistogramDataPoint.max",)),
    Column("bucket_counts", "BIGINT[]", ("HistogramDataPoint.bucket_counts",)),
    Column("explicit_bounds", "DOUBLE[]", ("HistogramDataPoint.explicit_bounds",)),
    Column("scale", "INTEGER", ("ExponentialHistogramDataPoint.scale",)),
    Column("zero_count", "BIGINT", ("ExponentialHistogramDataPoint.zero_count",)),
    Column("zero_threshold", "DOUBLE", ("ExponentialHistogramDataPoint.zero_threshold",)),
    Column("positive_offset", "INTEGER", ("ExponentialHistogramDataPoint.positive",)),
    Column("positive_bucket_counts", "BIGINT[]"),
    Column("negative_offset", "INTEGER", ("ExponentialHistogramDataPoint.negative",)),
    Column("negative_bucket_counts", "BIGINT[]"),
    Column("quantile_values", f"{QUANTILE}[]", ("SummaryDataPoint.quantile_values",)),
    Column("exemplars", f"{EXEMPLAR}[]", ("NumberDataPoint.exemplars",)),
    Column("attributes", MAP, ("NumberDataPoint.attributes",)),
    Column("attribute_types", "VARCHAR"),
    *(c for c in PROMOTED if c.name in {"service_name", "session_id", "agent_name", "model"}),
    *_SOURCE,
    *_RECEIPT,
)

TABLES: Final = {"spans": SPANS, "logs": LOGS, "metrics": METRICS}
"""Signal name to its columns, in order. The same three names are folders, file prefixes, views."""


def sql_columns(signal: str) -> str:
    """The columns of one table as DuckDB's `columns = {...}` argument: one struct literal."""
    return "{" + ", ".join(f"'{c.name}': '{c.type}'" for c in TABLES[signal]) + "}"
