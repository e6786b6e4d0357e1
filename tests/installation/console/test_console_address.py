"""Listening where it was asked for, and elsewhere when that cannot be."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from fastapi import Request

from installation.console.address import Address, listen
from installation.console.server import is_here


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which another program listens, the one after it free."""
    while True:
        other, after = socket.socket(), socket.socket()
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        try:
            after.bind(("127.0.0.1", port + 1))
        except (OSError, OverflowError):
            other.close()
            continue
        finally:
            after.close()
        yield port
        other.close()
        return


def opened(host: str, port: int) -> Address:
    address = listen(host, port)
    with socket.create_connection(address.near, timeout=5):
        pass
    address.socket.close()
    return address


def test_a_free_port_is_taken(taken: int) -> None:
    address = opened("127.0.0.1", taken + 1)
    assert (address.port, address.trouble) == (taken + 1, "")
    assert address.url == f"http://127.0.0.1:{taken + 1}/"


def test_a_port_in_use_is_left_for_the_next(taken: int) -> None:
    address = opened("127.0.0.1", taken)
    assert address.port == taken + 1
    assert address.trouble


def test_a_host_that_is_not_here_leaves_this_machine(taken: int) -> None:
    for host in ("203.0.113.7", "no-such-host.invalid", "gallery..example", ".gallery", 70 * "a", "a\0b"):
        address = opened(host, taken)
        assert address.host == "127.0.0.1"
        assert address.trouble


def test_the_last_port_there_is_does_not_lead_beyond() -> None:
    with socket.socket() as other:
        try:
            other.bind(("127.0.0.1", 65535))
        except OSError:
            pass  # taken by another program, which serves as well
        else:
            other.listen()
        assert opened("127.0.0.1", 65535).port != 65535


def test_every_address_is_told_as_one_that_a_browser_can_open() -> None:
    address = listen("0.0.0.0", 0)
    assert address.host not in ("0.0.0.0", "")
    assert address.near == ("127.0.0.1", address.port)
    address.socket.close()


def test_addresses_of_the_sixth_version_are_written_in_brackets() -> None:
    if not socket.has_ipv6:
        pytest.skip("this Python knows no IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    address = opened("::1", 0)
    assert address.url == f"http://[::1]:{address.port}/"


def asked(client: str, server: str, host: str) -> Request:
    return Request(
        {
            "type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http",
            "headers": [(b"host", host.encode())], "client": (client, 5), "server": (server, 8080),
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("client", "server", "host", "here"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1:8080", True),
        ("127.0.0.1", "127.0.0.1", "localhost:8080", True),
        ("::1", "::1", "[::1]:8080", True),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", "127.0.0.1:8080", True),
        ("192.168.0.7", "192.168.0.7", "192.168.0.7:8080", True),  # the machine's own address, asked for on itself
        ("192.168.0.9", "192.168.0.7", "192.168.0.7:8080", False),
        ("192.168.0.9", "192.168.0.7", "127.0.0.1:8080", False),
        ("127.0.0.1", "127.0.0.1", "evil.example", False),  # a site whose name was bent to this machine
        ("nonsense", "nonsense", "127.0.0.1", False),
    ],
)
def test_who_sits_at_this_machine(client: str, server: str, host: str, here: bool) -> None:
    assert is_here(asked(client, server, host)) is here


@pytest.mark.parametrize(
    ("client", "named", "here"),
    [
        ("192.168.0.7", "gallery.museum.example:8080", True),
        ("192.168.0.7", "Gallery.Museum.Example:8080", True),
        ("192.168.0.7", "other.museum.example:8080", False),
        ("192.168.0.9", "gallery.museum.example:8080", False),
    ],
)
def test_who_sits_at_this_machine_may_type_the_name_that_the_exhibition_has(
    client: str, named: str, here: bool
) -> None:
    assert is_here(asked(client, "192.168.0.7", named), "gallery.Museum.example") is here
    assert not is_here(asked(client, "192.168.0.7", named)), "without it, any name may be that of a site elsewhere"
