"""The socket that the gateway listens on: always a loopback address."""

from __future__ import annotations

import errno
import ipaddress
import socket

from aura_shared.errors import Conflict, SettingsError
from aura_shared.settings import GatewaySettings

__all__ = ["listen"]


def listen(settings: GatewaySettings) -> socket.socket:
    """A bound socket on the address of the settings; port 0 takes any free one.

    Raises:
        SettingsError: The address is not a loopback one, or this machine does not have it.
        Conflict: The port is in use.
    """
    host = "127.0.0.1" if settings.host == "localhost" else settings.host
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise SettingsError(f"gateway.host must be a loopback address, and is {settings.host!r}", hint=_HINT) from error
    if not address.is_loopback:
        raise SettingsError(f"gateway.host must be a loopback address, and is {settings.host}", hint=_HINT)
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    # asyncio turns Nagle's algorithm off only on a socket that names its protocol; with it each answer took 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # A restart must not wait for old connections.
        bound.bind((host, settings.port))
        bound.listen(256)
        bound.setblocking(False)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"port {settings.port} of {host} is in use",
                hint="Set gateway.port to another one, or to 0 for any free one.",
            ) from error
        raise SettingsError(f"cannot listen on {host}: {error.strerror or error}", hint=_HINT) from error
    return bound


_HINT = "Aura serves this machine only: use 127.0.0.1 or ::1."
