"""Take ports the way servers need them."""

import socket
from contextlib import ExitStack

import pytest

from spanledger_exporters.errors import UsageError
from spanledger_exporters.receiving.addresses import host_port, listen, port_of


def test_localhost_is_both_loopback_addresses_on_one_port() -> None:
    with ExitStack() as stack:
        sockets = [stack.enter_context(sock) for sock in listen("localhost", 0)]
        assert {port_of(sock) for sock in sockets} == {port_of(sockets[0])}
        assert sockets[0].getsockname()[0] == "127.0.0.1"
        assert [sock.getsockname()[0] for sock in sockets[1:]] in ([], ["::1"])


def test_an_address_is_only_itself() -> None:
    (sock,) = listen("127.0.0.1", 0)
    with sock:
        assert sock.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_taken_port_is_named_in_one_line(host: str) -> None:
    (taken,) = listen("127.0.0.1", 0)
    port = port_of(taken)
    with taken, pytest.raises(UsageError) as error:
        listen(host, port)
    assert str(error.value) == (
        f"127.0.0.1:{port} is in use by another program; stop it or choose another port"
    )


def test_a_port_taken_on_the_second_address_frees_the_first() -> None:
    try:
        (taken,) = listen("::1", 0)
    except UsageError:
        pytest.skip("no IPv6 here")
    with taken:
        port = port_of(taken)
        with pytest.raises(UsageError, match=rf"\[::1\]:{port} is in use"):
            listen("localhost", port)
        with socket.create_server(("127.0.0.1", port)):
            pass


@pytest.mark.parametrize(
    ("host", "port"), [("192.0.2.1", 0), ("no.such.host.invalid", 0), ("127.0.0.1", 70000)]
)
def test_an_address_that_cannot_be_had_is_one_line(host: str, port: int) -> None:
    with pytest.raises(UsageError, match="cannot listen on ") as error:
        listen(host, port)
    assert "\n" not in str(error.value)


def test_ipv6_is_written_in_brackets() -> None:
    assert host_port("::1", 4317) == "[::1]:4317"
    assert host_port("127.0.0.1", 4317) == "127.0.0.1:4317"
