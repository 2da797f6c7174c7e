"""Take listening sockets, or say in one line why not."""

import errno
import socket
from collections.abc import Callable
from typing import Final

from spanledger_exporters.errors import UsageError

_NO_IPV6: Final = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets of a host, all on one port; 0 chooses a free one.

    "localhost" is 127.0.0.1 and, where the machine has IPv6, ::1. Raises UsageError.
    """
    if host != "localhost":
        return [_explained(host, port)]
    first = _explained("127.0.0.1", port)
    try:
        return [first, _bound("::1", port_of(first))]
    except OSError as error:
        if error.errno in _NO_IPV6:
            return [first]
        first.close()
        raise UsageError(_reason("::1", port, error)) from error


def bind_by(add: Callable[[str], object], host: str, port: int) -> int:
    """Have a server that opens its sockets itself take the addresses; the port it got.

    `add` takes one `host:port` and raises RuntimeError. Raises UsageError when the port is taken.
    """
    # Plain sockets first: gRPC tells only in its own log why a port cannot be had.
    sockets = listen(host, port)
    places = [(str(sock.getsockname()[0]), port_of(sock)) for sock in sockets]
    for sock in sockets:
        sock.close()
    try:
        for place in places:
            add(host_port(*place))
    except RuntimeError as error:
        raise UsageError(f"cannot listen on {host_port(*places[0])}: {error}") from error
    return places[0][1]


def port_of(sock: socket.socket) -> int:
    """The port a socket is bound to."""
    return int(sock.getsockname()[1])


def host_port(host: str, port: int) -> str:
    """As in a URL: IPv6 addresses in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _explained(host: str, port: int) -> socket.socket:
    try:
        return _bound(host, port)
    except (OSError, OverflowError) as error:
        raise UsageError(_reason(host, port, error)) from error


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        # No SO_REUSEPORT: a second server on the port must fail, not take half of the traffic.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(1024)
    except BaseException:
        sock.close()
        raise
    return sock


def _reason(host: str, port: int, error: Exception) -> str:
    where = host_port(host, port)
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"{where} is in use by another program; stop it or choose another port"
    return f"cannot listen on {where}: {error}"
