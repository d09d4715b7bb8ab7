"""What has to be readable so that a project's own interpreter or compiler starts in the sandbox."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aura_factory.sandbox.bounds import SYSTEM_FOLDERS

__all__ = ["interpreter_environment", "interpreter_paths"]

_PYTHON: Final = re.compile(r"(python|pypy)[\d.]*t?")
_RUST: Final = frozenset({"cargo", "rustc", "rustup"})
_MAX_LINKS: Final = 16


def interpreter_paths(executable: Path) -> list[Path]:
    """Folders and files to name in `Policy.read` so that a program starts; those of the system are always readable.

    A Python brings its virtual environment and the installation that this stands on, Node, Go and other programs the
    prefix that they are installed in, Go its modules, and Cargo its toolchains and sources, not its credentials.

    Args:
        executable: The program, with an absolute path.
    """
    found: list[Path] = []
    for hop in _hops(executable):
        if hop.name in _RUST and hop.parent.name == "bin":
            found += _rust(hop)
        else:
            found += _prefix(hop)
            if hop.name == "go":
                found.append(Path.home() / "go" / "pkg" / "mod")
        found += _base_of_environment(hop)
    unique = [path for path in dict.fromkeys(found) if path.exists() and not _is_system(path)]
    return [path for path in unique if not any(path != other and path.is_relative_to(other) for other in unique)]


def interpreter_environment(executable: Path) -> dict[str, str]:
    """Variables that such a program needs, since its home is another one and there is no network."""
    folder = str(executable.parent)
    environment = {} if _is_system(executable) else {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin"}
    name = executable.name
    if _PYTHON.fullmatch(name):
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    elif name == "go":
        modules = Path.home() / "go" / "pkg" / "mod"
        environment |= {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOMODCACHE": str(modules)}
    elif name in _RUST:
        environment |= {"CARGO_NET_OFFLINE": "true"}
        if (executable.parent.parent / "registry").is_dir() or executable.parent.parent.name == ".cargo":
            cargo = executable.parent.parent
            environment |= {"CARGO_HOME": str(cargo), "RUSTUP_HOME": str(_rustup(cargo))}
    return environment


def _hops(executable: Path) -> Iterator[Path]:
    """The program and every place that its links lead over."""
    here = Path(os.path.normpath(executable.absolute()))
    for _ in range(_MAX_LINKS):
        yield here
        if not here.is_symlink():
            break
        here = Path(os.path.normpath(here.parent / here.readlink()))
    yield executable.resolve()


def _is_system(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in SYSTEM_FOLDERS)


def _is_shared(prefix: Path) -> bool:
    """Whether other things than the program are installed there, keys perhaps."""
    home = Path.home()
    return prefix == Path("/") or prefix in {home, *home.parents, home / ".local"} or len(prefix.parts) < 3


def _prefix(hop: Path) -> list[Path]:
    prefix = hop.parent.parent
    if hop.parent.name not in {"bin", "Scripts"}:
        return [hop]
    if not _is_shared(prefix):
        return [prefix]
    libraries = sorted((prefix / "lib").glob("python3*")) + sorted((prefix / "lib").glob("libpython*"))
    return [hop, *libraries]


def _base_of_environment(hop: Path) -> list[Path]:
    """The installation behind a virtual environment, which `pyvenv.cfg` names."""
    if not _PYTHON.fullmatch(hop.name):
        return []
    try:
        text = (hop.parent.parent / "pyvenv.cfg").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key.strip().lower() == "home" and value.strip():
            folder = Path(value.strip())
            return _prefix(folder / hop.name) if folder.is_absolute() else []
    return []


def _rustup(cargo: Path) -> Path:
    return Path(os.environ.get("RUSTUP_HOME") or cargo.parent / ".rustup")


def _rust(hop: Path) -> list[Path]:
    home = hop.parent.parent
    if home.name != ".cargo" and not (home / "registry").is_dir():
        return _prefix(hop)
    return [hop.parent, home / "registry", home / "git", _rustup(home)]
