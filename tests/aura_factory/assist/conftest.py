"""Fixtures of the assistant: one code service for each module of tests, since starting and indexing takes a second."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from assist_rig import Rig
from sample_repository import SOURCES

_IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@localhost", "-c", "commit.gpgsign=false")


@pytest.fixture(scope="module")
def installation() -> Iterator[Path]:
    """An installation of its own, out of reach of the real home folder."""
    home = Path(tempfile.mkdtemp(prefix="aura-"))
    (home / "user").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AURA_", "CODEGEN_LAB_CONFIG_", "XDG_"))]:
            patch.delenv(name)
        for name, value in (
            ("AURA_HOME", str(home)),
            ("HOME", str(home / "user")),
            ("GIT_CONFIG_GLOBAL", os.devnull),
            ("GIT_CONFIG_NOSYSTEM", "1"),
        ):
            patch.setenv(name, value)
        yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def shop(installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample repository with one commit."""
    assert installation
    root = tmp_path_factory.mktemp("assist") / "shop"
    for path, text in SOURCES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], [*_IDENTITY, "commit", "-qm", "feat: shop"]):
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)
    return root


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(shop: Path) -> AsyncIterator[Rig]:
    """An assistant beside a running code service that has indexed the sample repository."""
    rig = Rig()
    await rig.start(shop)
    yield rig
    await rig.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def rig(running: Rig, shop: Path) -> AsyncIterator[Rig]:
    """The same, with nothing left over from the test before; files that a test changed are put back."""
    running.reset()
    before = {file: file.read_bytes() for file in files_of(shop)}
    known = await running.served.info(running.id)
    yield running
    for file in files_of(shop):
        if file not in before:
            file.unlink()
    for file, data in before.items():
        if not file.exists() or file.read_bytes() != data:
            file.write_bytes(data)
    await running.served.until(
        running.id,
        lambda now: (now.files, now.symbols, now.freshness.pending) == (known.files, known.symbols, 0),
    )


def files_of(root: Path) -> list[Path]:
    """The files of a project, without those of git."""
    return [file for file in root.rglob("*") if file.is_file() and ".git" not in file.parts]
