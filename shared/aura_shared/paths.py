"""Where Aura keeps its files.

`AURA_HOME` puts everything below one folder (tests, portable installs); otherwise the platform's own folders are used.
Folders that hold sockets, tokens or the code of projects are private to the user (mode 0700).
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from aura_shared.errors import NotAllowed, StorageError

MAX_SOCKET_PATH_BYTES = 100  # The kernel takes 107 on Linux and 103 on macOS, its closing NUL included.


@dataclass(frozen=True, slots=True)
class AuraPaths:
    """The folders of one installation; `find_paths()` makes it."""

    config: Path
    """Settings that a person writes: `config.toml`."""
    data: Path
    """What must survive: the project registry, the journal, indexes, `gateway.json`."""
    logs: Path
    """Rotating JSONL files, one per service."""
    run: Path
    """Sockets and the lock of the running daemon."""

    @property
    def user_settings(self) -> Path:
        """The user's settings file."""
        return self.config / "config.toml"

    @property
    def projects(self) -> Path:
        """The registry of projects."""
        return self.data / "projects.json"

    @property
    def journal(self) -> Path:
        """The journal of the bus (SQLite)."""
        return self.data / "journal.db"

    @property
    def discovery(self) -> Path:
        """Address and token of the running gateway."""
        return self.data / "gateway.json"

    @property
    def control_socket(self) -> Path:
        """Where the supervisor takes commands."""
        return self.run / "control.sock"

    @property
    def lock(self) -> Path:
        """Held by the one supervisor of this installation."""
        return self.run / "supervisor.lock"

    @property
    def bus_in(self) -> Path:
        """Socket of the broker that takes events and requests (ROUTER)."""
        return self.run / "bus-in.sock"

    @property
    def bus_out(self) -> Path:
        """Socket of the broker that gives events out (XPUB)."""
        return self.run / "bus-out.sock"

    def index(self, project: str) -> Path:
        """The folder of a project's index."""
        return self.data / "index" / project

    def analysis(self, project: str) -> Path:
        """The folder of what the analysis of a project found; it can be deleted at any time."""
        return self.data / "analysis" / project

    @property
    def models(self) -> Path:
        """The folder of the models process: figures, kept answers, what self-tests showed."""
        return self.data / "models"

    @property
    def changes(self) -> Path:
        """The folder of proposed and applied changes, with what an undo needs."""
        return self.data / "changes"

    @property
    def scratch(self) -> Path:
        """The folder of copies that code of others runs in; emptied at the start of the factory."""
        return self.data / "scratch"

    @property
    def secrets(self) -> Path:
        """Credentials where there is no keyring and the user agreed to a file (mode 0600)."""
        return self.config / "secrets.json"

    def prepare(self) -> AuraPaths:
        """Create the folders, private to this user.

        Raises:
            StorageError: One cannot be created.
            NotAllowed: One belongs to somebody else.
        """
        for folder in (self.config, self.data, self.logs, self.run):
            private_folder(folder)
        return self


def find_paths() -> AuraPaths:
    """The folders of this user's installation; nothing is created."""
    home = os.environ.get("AURA_HOME")
    if home:
        root = Path(home).absolute()
        return AuraPaths(root / "config", root / "data", root / "logs", _socket_folder(root / "run"))
    import platformdirs  # noqa: PLC0415 - only needed without AURA_HOME, and the command line pays for imports

    run = os.environ.get("XDG_RUNTIME_DIR")
    data = Path(platformdirs.user_data_dir("aura", appauthor=False))
    return AuraPaths(
        config=Path(platformdirs.user_config_dir("aura", appauthor=False)),
        data=data,
        logs=Path(platformdirs.user_log_dir("aura", appauthor=False)),
        run=_socket_folder(Path(run) / "aura" if run else data / "run"),
    )


def _socket_folder(wanted: Path) -> Path:
    """`wanted`, or a short private folder with the same meaning where socket paths below it would be too long."""
    if len(os.fsencode(wanted / "control.sock")) <= MAX_SOCKET_PATH_BYTES:
        return wanted
    import hashlib  # noqa: PLC0415 - 15 ms of the command line's start, and rarely needed
    import tempfile  # noqa: PLC0415 - likewise

    digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"aura-{os.getuid()}-{digest}"


def private_folder(folder: Path) -> Path:
    """Create `folder` with mode 0700, or tighten the one that is there.

    Raises:
        StorageError: It cannot be created, or is not a folder.
        NotAllowed: It belongs to another user.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise StorageError(f"cannot create the folder {folder}: {error.strerror or error}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise StorageError(f"{folder} must be a folder, and is a link or a file")
    if found.st_uid != os.getuid():
        raise NotAllowed(
            f"{folder} must belong to user {os.getuid()}, and belongs to user {found.st_uid}",
            hint="Remove it, or set AURA_HOME to a folder of your own.",
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)
    return folder
