"""The files of a project that belong into a copy of it: what git knows or would add, or else what is no clutter."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

__all__ = ["project_files", "without_installed"]

_CLUTTER: Final = frozenset(
    {
        ".git", ".hg", ".svn", ".venv", "venv", "env", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache",
        ".ruff_cache", ".tox", ".nox", "target", "dist", "build", ".next", ".cache", ".gradle",
    }
)  # fmt: skip
_MOST_FILES: Final = 100_000
_LISTING_S: Final = 30.0
_SAFE: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")


async def project_files(root: Path) -> list[str]:
    """Paths relative to the root, in order; ignored files are left out, and at most 100,000 are named."""
    listed = await _by_git(root)
    if listed is None:
        listed = await asyncio.to_thread(_by_walking, root)
    return sorted(set(without_installed(listed)))[:_MOST_FILES]


def without_installed(paths: list[str]) -> list[str]:
    """Without environments of installed packages that nobody told git to ignore; a copy reads them where they are."""
    environments = tuple(path.removesuffix("pyvenv.cfg") for path in paths if path.endswith("/pyvenv.cfg"))
    return [path for path in paths if not path.startswith(environments) and "node_modules" not in path.split("/")[:-1]]


async def _by_git(root: Path) -> list[str] | None:
    """What git lists; None when this is no repository, or git does not answer."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        process = await asyncio.create_subprocess_exec(
            "git", *_SAFE, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate",
            cwd=root, env={**environment, "GIT_OPTIONAL_LOCKS": "0"}, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return None
    try:
        async with asyncio.timeout(_LISTING_S):
            output, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        return None
    return [os.fsdecode(name) for name in output.split(b"\0") if name]


def _by_walking(root: Path) -> list[str]:
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _CLUTTER]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in files]  # noqa: PTH118 - many files
        if len(found) > _MOST_FILES:
            break
    return [name.replace(os.sep, "/") for name in found]
