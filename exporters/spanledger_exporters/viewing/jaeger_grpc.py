"""Be Jaeger's remote storage: `jaeger.storage.v2` over gRPC, read-only.

Jaeger writes by plain OTLP, to our receiver. What its client sends and expects is in the comments
where it is not obvious; each of those has a test.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import grpc
from google.protobuf.message import DecodeError

from spanledger_exporters.errors import BadRequestError, LedgerError
from spanledger_exporters.receiving.addresses import bind_by
from spanledger_exporters.viewing import jaeger_proto as proto
from spanledger_exporters.viewing.deadline import Deadline
from spanledger_exporters.viewing.jaeger_messages import (
    dependencies,
    ids_of,
    nanoseconds,
    search_of,
    summaries,
)
from spanledger_exporters.viewing.trace_reader import TraceReader
from spanledger_exporters.viewing.yielding import yield_to_receivers

LIMIT_S: Final = 30.0
"""For one call. Jaeger's own `timeout` is never applied to it, and its page would hang with us."""

# A question uses all cores by itself; more at once would only take them from the receivers.
_THREADS: Final = 4
_LARGEST_REQUEST: Final = 1 << 20

Answer = Callable[[TraceReader, Any, Deadline], Any]
Stream = Callable[[TraceReader, Any, Deadline], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class JaegerStorage:
    """The server, running."""

    port: int
    _server: grpc.Server
    _threads: ThreadPoolExecutor

    def stop(self, grace_s: float = 5.0) -> None:
        """Take nothing new, finish what is being done within the grace, return when all ended."""
        self._server.stop(grace_s).wait()
        self._threads.shutdown()


def serve_jaeger(
    reader: TraceReader, host: str, port: int, limit_s: float = LIMIT_S
) -> JaegerStorage:
    """Start serving; port 0 chooses a free one. Raises UsageError when the port is taken."""
    threads = ThreadPoolExecutor(
        _THREADS, thread_name_prefix="spanledger-jaeger", initializer=yield_to_receivers
    )
    server = grpc.server(
        threads,
        options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", _LARGEST_REQUEST)],
    )
    calls = _Calls(reader, limit_s)
    server.add_generic_rpc_handlers(
        tuple(
            grpc.method_handlers_generic_handler(
                f"{proto.PACKAGE}.{service}",
                {name: calls.handler(name) for name in methods},
            )
            for service, methods in _SERVICES.items()
        )
    )
    bound = bind_by(server.add_insecure_port, host, port)
    server.start()
    return JaegerStorage(bound, server, threads)


@dataclass(frozen=True, slots=True)
class _Calls:
    """Makes a gRPC handler of each of the functions below."""

    reader: TraceReader
    limit_s: float

    def handler(self, name: str) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """The request is parsed here, so that a bad one is told as such."""
        if name in _STREAMS:
            streamed: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_stream_rpc_method_handler(
                self._stream(name, _STREAMS[name])
            )
            return streamed
        answered: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
            self._answer(name, _ANSWERS[name])
        )
        return answered

    def _answer(self, name: str, answer: Answer) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        def call(request: bytes, context: grpc.ServicerContext) -> bytes:
            try:
                asked = _parsed(name, request)
                message = answer(self.reader, asked, self._deadline(context))
            except Exception as error:  # noqa: BLE001 # every fault becomes a status
                _abort(context, error)
            written: bytes = message.SerializeToString()
            return written

        return call

    def _stream(
        self, name: str, stream: Stream
    ) -> Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]:
        def call(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            # Who does not read his answer holds a thread, but not for ever.
            unread = threading.Timer(self.limit_s + LIMIT_S, context.cancel)
            unread.daemon = True
            unread.start()
            try:
                yield from stream(self.reader, _parsed(name, request), self._deadline(context))
            except Exception as error:  # noqa: BLE001 # every fault becomes a status
                _abort(context, error)
            finally:
                unread.cancel()

        return call

    def _deadline(self, context: grpc.ServicerContext) -> Deadline:
        """Ours or the client's, whichever is sooner; a client that goes away ends it at once."""
        # None where the client has none, whatever the types say.
        deadline = Deadline(min(self.limit_s, context.time_remaining() or self.limit_s))
        if not context.add_callback(deadline.stop):
            deadline.stop()
        return deadline


def _parsed(name: str, request: bytes) -> Any:
    try:
        return proto.parse(f"{name}Request", request)
    except DecodeError as error:
        raise BadRequestError(f"not a {name}Request: {error}") from error


def _abort(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    codes = {
        TimeoutError: grpc.StatusCode.DEADLINE_EXCEEDED,
        BadRequestError: grpc.StatusCode.INVALID_ARGUMENT,
        LedgerError: grpc.StatusCode.UNAVAILABLE,
    }
    found = (code for kind, code in codes.items() if isinstance(error, kind))
    context.abort(next(found, grpc.StatusCode.INTERNAL), str(error))


def _get_services(reader: TraceReader, _request: Any, deadline: Deadline) -> Any:
    return proto.new("GetServicesResponse", services=reader.services(deadline))


def _get_operations(reader: TraceReader, request: Any, deadline: Deadline) -> Any:
    found = reader.operations(request.service, request.span_kind, deadline)
    operations = [{"name": name, "span_kind": kind} for name, kind in found]
    return proto.new("GetOperationsResponse", operations=operations)


def _find_trace_ids(reader: TraceReader, request: Any, deadline: Deadline) -> Any:
    found = reader.find(search_of(request.query), deadline)
    ids = [{"trace_id": bytes.fromhex(trace)} for trace in found]
    return proto.new("FindTraceIDsResponse", trace_ids=ids)


def _get_dependencies(reader: TraceReader, request: Any, deadline: Deadline) -> Any:
    start, end = nanoseconds(request.start_time), nanoseconds(request.end_time)
    return dependencies(reader.dependencies(start, end, deadline))


def _get_capabilities(_reader: TraceReader, _request: Any, _deadline: Deadline) -> Any:
    able = {"without_service_name": True, "same_span_conjunction": True}
    return proto.new("GetCapabilitiesResponse", search=able)


def _get_traces(reader: TraceReader, request: Any, deadline: Deadline) -> Iterator[bytes]:
    # The times of each query are hints for storages that need them.
    return reader.traces(ids_of(request), deadline)


def _find_traces(reader: TraceReader, request: Any, deadline: Deadline) -> Iterator[bytes]:
    return reader.traces(reader.find(search_of(request.query), deadline), deadline)


def _find_trace_summaries(reader: TraceReader, request: Any, deadline: Deadline) -> Iterator[bytes]:
    found = reader.summaries(search_of(request.query), deadline)
    if found:
        yield summaries(found).SerializeToString()


_ANSWERS: Final[dict[str, Answer]] = {
    "GetServices": _get_services,
    "GetOperations": _get_operations,
    "FindTraceIDs": _find_trace_ids,
    "GetDependencies": _get_dependencies,
    "GetCapabilities": _get_capabilities,
}
_STREAMS: Final[dict[str, Stream]] = {
    "GetTraces": _get_traces,
    "FindTraces": _find_traces,
    "FindTraceSummaries": _find_trace_summaries,
}
_SERVICES: Final = {
    "TraceReader": (
        "GetTraces",
        "GetServices",
        "GetOperations",
        "FindTraces",
        "FindTraceIDs",
        "FindTraceSummaries",
    ),
    "DependencyReader": ("GetDependencies",),
    "Capabilities": ("GetCapabilities",),
}
