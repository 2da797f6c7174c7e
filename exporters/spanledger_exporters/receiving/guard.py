"""Keep web pages out of a server on loopback.

A page anywhere can make its visitor's browser send requests to 127.0.0.1, directly or by letting
its own name resolve to it (DNS rebinding). So the Host must be one this server is known by, and a
request that says it comes from another site is refused. There is no CORS: no page may read answers.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from grpc import StatusCode
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from spanledger_exporters.receiving.answers import Encoding, Refusal, body, encoding_of, status

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def refused(refusal: Refusal, content_type: str, headers: dict[str, str] | None = None) -> Response:
    """The HTTP answer, in the request's encoding or, when that is neither, in JSON."""
    encoding = encoding_of(content_type) or Encoding.JSON
    return Response(body(status(refusal), encoding), refusal.http_status, headers, encoding.value)


class Guard:
    """ASGI middleware; `hosts` and `origins` (scheme://host:port) are allowed besides our own."""

    def __init__(
        self, app: ASGIApp, host: str, hosts: Iterable[str] = (), origins: Iterable[str] = ()
    ) -> None:
        self._app = app
        self._any_address = _is_wildcard(host)
        self._hosts = LOOPBACK | {f"[{host}]" if ":" in host else host.lower(), *hosts}
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or answer 403."""
        if (
            scope["type"] != "http"
            or (reason := self._objection(headers := Headers(scope=scope))) is None
        ):
            await self._app(scope, receive, send)
            return
        refusal = Refusal(403, StatusCode.PERMISSION_DENIED, reason)
        await refused(refusal, headers.get("content-type", ""))(scope, receive, send)

    def _objection(self, headers: Headers) -> str | None:
        host = headers.get("host", "").lower()
        if not self._knows(_without_port(host)):
            return f"this server does not answer to the host name {host[:100]!r}"
        if headers.get("sec-fetch-site") == "cross-site":
            return "requests from other web sites are not taken"
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins | {
            f"http://{host}",
            f"https://{host}",
        }:
            return f"requests from the origin {origin[:100]!r} are not taken"
        return None

    def _knows(self, host: str) -> bool:
        # An address as Host cannot come from a rebound name: there is no name in it.
        return host in self._hosts or (self._any_address and _is_address(host))


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _is_wildcard(host: str) -> bool:
    return _is_address(host) and ip_address(host).is_unspecified
