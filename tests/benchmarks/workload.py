"""Make realistic OTLP: agent runs of 20 spans, 15 attributes a span, 512 spans a request.

Every 50th run keeps a plan: three calls of a planning tool, as LangChain's agents make them.
"""

import json
import random
from collections.abc import Iterator

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SPANS_A_TRACE = 20
TRACES_A_PLAN = 50
_TOOLS = ("read_file", "exec_command", "apply_patch", "web_search", "list_dir", "grep")
_MODELS = ("gpt-5.2", "claude-opus-5", "gemini-3-pro")
Value = str | float | bool
_START_NS = 1_790_000_000_000_000_000


def _attribute(key: str, value: Value) -> KeyValue:
    pair = KeyValue(key=key)
    if isinstance(value, bool):
        pair.value.bool_value = value
    elif isinstance(value, int):
        pair.value.int_value = value
    elif isinstance(value, float):
        pair.value.double_value = value
    else:
        pair.value.string_value = value
    return pair


def _planning(trace: int, place: int) -> dict[str, Value]:
    words = {0: ("in_progress", "pending", "pending"), 8: ("completed", "in_progress", "pending")}
    statuses = words.get(place, ("completed", "completed", "in_progress"))
    steps = (f"Read module {trace % 977}", f"Patch issue {trace}", "Run the tests")
    todos = [{"content": c, "status": s} for c, s in zip(steps, statuses, strict=True)]
    return {
        "openinference.span.kind": "TOOL",
        "tool.name": "write_todos",
        "tool.description": "Keep a list of what is to be done.",
        "input.value": json.dumps({"todos": todos}),
        "input.mime_type": "application/json",
        "output.value": json.dumps({"update": {"todos": todos}}),
        "output.mime_type": "application/json",
        "metadata": json.dumps({"langgraph_step": place, "langgraph_node": "tools"}),
    }


def _shared(rng: random.Random, trace: int) -> dict[str, Value]:
    session = trace if trace % TRACES_A_PLAN == 0 else -(trace // 5)
    return {
        "session.id": f"{session & (1 << 128) - 1:032x}",
        "gen_ai.agent.name": f"agent-{trace % 7}",
        "user.id": f"user-{trace % 31}",
        "deployment.region": rng.choice(("eu-west-1", "us-east-1")),
        "thread.id": 139_000_000 + trace % 8,
    }


def _chat(rng: random.Random) -> dict[str, Value]:
    model = rng.choice(_MODELS)
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.response.model": model,
        "gen_ai.response.id": f"resp_{rng.getrandbits(48):012x}",
        "gen_ai.usage.input_tokens": rng.randint(200, 20_000),
        "gen_ai.usage.output_tokens": rng.randint(5, 900),
        "gen_ai.usage.cache_read.input_tokens": rng.randint(0, 200),
        "gen_ai.response.time_to_first_chunk": round(rng.random() * 2, 3),
        "gen_ai.request.stream": True,
    }


def _tool(rng: random.Random) -> dict[str, Value]:
    tool = rng.choice(_TOOLS)
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": tool,
        "gen_ai.tool.call.id": f"call_{rng.getrandbits(48):012x}",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.arguments": f'{{"path": "src/module_{rng.randint(0, 400)}.py"}}',
        "process.exit.code": rng.choice((0, 0, 0, 1)),
        "process.pid": rng.randint(1000, 60_000),
        "code.function.name": f"run_{tool}",
        "code.line.number": rng.randint(1, 900),
        "tool.cached": rng.random() < 0.2,
    }


def requests(spans: int, *, per_request: int = 512, seed: int = 1) -> Iterator[bytes]:
    """Serialized export requests with that many spans altogether."""
    rng = random.Random(seed)
    stream = _spans(rng, seed)
    for start in range(0, spans, per_request):
        request = ExportTraceServiceRequest()
        resources = request.resource_spans.add()
        resources.resource.attributes.extend(
            _attribute(key, value)
            for key, value in {
                "service.name": "fixer",
                "service.version": "1.4.2",
                "telemetry.sdk.language": "python",
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.version": "1.45.2",
                "host.name": "build-17",
            }.items()
        )
        scope = resources.scope_spans.add()
        scope.scope.name, scope.scope.version = "fixer.agent", "1.4.2"
        scope.spans.extend(next(stream) for _ in range(min(per_request, spans - start)))
        yield request.SerializeToString()


def _name(details: dict[str, Value]) -> str:
    if "tool.name" in details:
        return str(details["tool.name"])
    what = details.get("gen_ai.request.model") or details["gen_ai.tool.name"]
    return f"{details['gen_ai.operation.name']} {what}"


def _spans(rng: random.Random, seed: int) -> Iterator[Span]:
    trace, clock = seed * 1_000_000, _START_NS + seed * 10**15
    while True:
        trace_id, root = rng.randbytes(16), rng.randbytes(8)
        shared = _shared(rng, trace)
        for place in range(SPANS_A_TRACE):
            clock += rng.randint(10_000, 4_000_000)
            planning = trace % TRACES_A_PLAN == 0 and place in {0, 8, 16}
            details = _chat(rng) if place % 2 else _tool(rng)
            if planning:
                details = _planning(trace, place)
            yield Span(
                trace_id=trace_id,
                span_id=root if place == 0 else rng.randbytes(8),
                parent_span_id=b"" if place == 0 else root,
                name=_name(details),
                kind=Span.SPAN_KIND_CLIENT if place % 2 else Span.SPAN_KIND_INTERNAL,
                start_time_unix_nano=clock,
                end_time_unix_nano=clock + rng.randint(10_000, 3_000_000_000),
                attributes=[_attribute(k, v) for k, v in (shared | details).items()],
                flags=0x101,
            )
        trace += 1
