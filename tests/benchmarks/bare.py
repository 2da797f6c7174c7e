"""Answer every OTLP export with nothing done: what gRPC alone takes, on this machine and now.

    python tests/benchmarks/bare.py

Says its address on a line, as JSON, and serves until it is ended.
"""

import asyncio
import json

import grpc

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"


async def _export(_request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    return b""


async def main() -> None:
    server = grpc.aio.server()
    method: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(_export)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"Export": method}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(json.dumps({"grpc": f"127.0.0.1:{port}"}), flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
