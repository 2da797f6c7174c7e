"""Receive OTLP over gRPC and hand the raw request bytes to the intake.

A pool of threads, not grpc.aio: both cost about 0.4 ms of CPU for a one-span request (2,500 a
second on one core, 32 clients), but a message is read from its connection only when a thread is
free for it, which bounds memory where aio would read them all.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NoReturn

import grpc

from spanledger_exporters.decoding.wire import WIRES
from spanledger_exporters.errors import UsageError
from spanledger_exporters.receiving.addresses import host_port, listen, port_of
from spanledger_exporters.receiving.answers import RETRY, Door, refusal_of, response, status

THREADS: Final = 64
"""Requests that wait for the disk at once; more would not make a group commit any larger."""

Handler = Callable[[bytes, grpc.ServicerContext], bytes]


@dataclass(frozen=True, slots=True)
class GrpcServer:
    """A server that is running."""

    port: int
    _server: grpc.Server
    _threads: ThreadPoolExecutor

    def stop(self, grace_s: float = 5.0) -> None:
        """Take nothing new, finish what is being done within the grace, return when all ended."""
        self._server.stop(grace_s).wait()
        self._threads.shutdown()


def serve_grpc(door: Door, host: str, port: int, limit_bytes: int) -> GrpcServer:
    """Start serving traces, logs and metrics; port 0 chooses a free one.

    `limit_bytes` is the largest message, inflated. Raises UsageError when the port is taken.
    """
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="spanledger-grpc")
    server = grpc.server(threads, options=_options(limit_bytes))
    server.add_generic_rpc_handlers(tuple(_service(door, signal) for signal in WIRES))
    bound = _bind(server, host, port)
    server.start()
    return GrpcServer(bound, server, threads)


def _options(limit_bytes: int) -> list[tuple[str, int]]:
    return [
        # Otherwise a second server shares the port, and the traffic, without an error.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", limit_bytes),
        ("grpc.max_concurrent_streams", 128),
        ("grpc.max_metadata_size", 16 << 10),
    ]


def _bind(server: grpc.Server, host: str, port: int) -> int:
    # Plain sockets first: gRPC tells only in its own log why a port cannot be had.
    sockets = listen(host, port)
    places = [(str(sock.getsockname()[0]), port_of(sock)) for sock in sockets]
    for sock in sockets:
        sock.close()
    try:
        for place in places:
            server.add_insecure_port(host_port(*place))
    except RuntimeError as error:
        raise UsageError(f"cannot listen on {host_port(*places[0])}: {error}") from error
    return places[0][1]


def _service(door: Door, signal: str) -> grpc.GenericRpcHandler:
    (service,) = WIRES[signal].service.services_by_name.values()
    method: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
        _export(door, signal)
    )
    return grpc.method_handlers_generic_handler(service.full_name, {"Export": method})


def _export(door: Door, signal: str) -> Handler:
    def export(request: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            receipt = door.submit(signal, request).result()
        except Exception as error:  # noqa: BLE001 # every fault becomes a status, none is lost
            _abort(context, error)
        return response(signal, receipt).SerializeToString()

    return export


def _abort(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    refusal = refusal_of(error)
    details = status(refusal)
    trailers = [("grpc-status-details-bin", details.SerializeToString())]
    if refusal.retryable:
        # The Python exporter looks for the delay here, not in the details.
        trailers.append(("google.rpc.retryinfo-bin", RETRY.SerializeToString()))
    context.set_trailing_metadata(tuple(trailers))
    context.abort(refusal.code, details.message)
