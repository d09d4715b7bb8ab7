"""The discovery file: how a client finds the running gateway, its address and its token.

The gateway writes it when it listens and removes it when it stops. A file that a killed gateway left behind is
recognised by its process: the pid is gone, or belongs to a process that started at another time. Only the standard
library is used.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, cast

from aura_shared.errors import DaemonDown
from aura_shared.paths import AuraPaths

__all__ = ["PROTOCOL_MAX", "PROTOCOL_MIN", "Discovery", "process_started_at", "read_discovery"]

PROTOCOL_MIN: Final = 1
"""Oldest version of the HTTP interface that the gateway answers."""
PROTOCOL_MAX: Final = 1
"""Newest version of the HTTP interface."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the discovery file says."""

    pid: int
    """Process of the gateway."""
    pid_started_at: str
    """When that process started, in the system's own terms; see `process_started_at`."""
    instance: str
    """Another one at each start of the gateway."""
    host: str
    """Loopback address that it listens on."""
    port: int
    """Port that it listens on."""
    token: str
    """Bearer token, new at each start."""
    protocol_min: int
    """Oldest version of the HTTP interface that it answers."""
    protocol_max: int
    """Newest version."""
    version: str
    """Version of Aura."""

    @property
    def url(self) -> str:
        """Base address, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def write(self, path: Path) -> None:
        """Replace the discovery file; only this user can read it.

        Raises:
            OSError: It cannot be written.
        """
        from aura_shared.projects import replace_file  # noqa: PLC0415 - only the gateway writes the file

        fields: dict[str, object] = asdict(self)
        fields["protocol"] = {"min": fields.pop("protocol_min"), "max": fields.pop("protocol_max")}
        replace_file(path, (json.dumps(fields, indent=2) + "\n").encode())

    def remove(self, path: Path) -> None:
        """Delete the discovery file if it is still the one of this instance."""
        try:
            if _parse(path.read_bytes()).instance == self.instance:
                path.unlink()
        except (OSError, ValueError):
            return


def read_discovery(paths: AuraPaths) -> Discovery:
    """The running gateway of this installation.

    Raises:
        DaemonDown: There is no file, it cannot be read, or the process that wrote it is gone.
    """
    try:
        found = _parse(paths.discovery.read_bytes())
    except FileNotFoundError as error:
        raise DaemonDown("Aura is not running") from error
    except OSError as error:
        raise DaemonDown(f"cannot read {paths.discovery}: {error.strerror or error}") from error
    except ValueError as error:
        raise DaemonDown(f"{paths.discovery} is damaged: {error}") from error
    if process_started_at(found.pid) != found.pid_started_at:
        raise DaemonDown(f"Aura is not running; {paths.discovery} was left behind by process {found.pid}")
    return found


def process_started_at(pid: int) -> str | None:
    """When a process started, as a text that only that process has until the machine starts again; None if it is gone.

    On Linux the id of the boot and the clock ticks since then, elsewhere what `ps` prints.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None if Path("/proc/self/stat").exists() else _started_at_by_ps(pid)
    fields = stat.rpartition(b")")[2].split()  # The name before may hold spaces and brackets of its own.
    if fields[0] in {b"Z", b"X"}:
        return None
    return f"{_boot_id()}:{fields[19].decode()}"


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "linux"


def _started_at_by_ps(pid: int) -> str | None:
    import subprocess  # noqa: PLC0415 - not needed on Linux, and the command line pays for imports

    done = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    return done.stdout.strip() or None


def _parse(content: bytes) -> Discovery:
    """The fields of the file; unknown ones are ignored.

    Raises:
        ValueError: It does not hold what it should.
    """
    document: object = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("it holds no object")  # noqa: TRY004 - a damaged file
    fields = cast("dict[str, object]", document)
    protocol = fields.get("protocol")
    versions = cast("dict[str, object]", protocol) if isinstance(protocol, dict) else {}
    return Discovery(
        pid=_number(fields, "pid"),
        pid_started_at=_text(fields, "pid_started_at"),
        instance=_text(fields, "instance"),
        host=_text(fields, "host"),
        port=_number(fields, "port"),
        token=_text(fields, "token"),
        protocol_min=_number(versions, "min"),
        protocol_max=_number(versions, "max"),
        version=_text(fields, "version"),
    )


def _number(fields: dict[str, object], name: str) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} must be a number, and is {type(value).__name__}")  # noqa: TRY004 - a damaged file
    return value


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text")
    return value
