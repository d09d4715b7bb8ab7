"""Whatever makes a commit or a tag signs it where the repository signs, and makes none where it cannot be signed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from aura_git.merging.syncing import sync
from aura_git.safety.core import SafetyCore
from aura_shared.errors import AuraError
from aura_shared.messages.merges import SyncBranches
from aura_shared.settings import GitSettings
from git_crash_operations import OPERATIONS, abandoned, dated
from git_crash_states import problems, run, staged_alike, whole

pytestmark = pytest.mark.requirement("G1", "G2", "G3")

REFUSED: Final = ("commit --all", "commit --split", "finish of a release", "merge", "rebase", "release cut")
SIGNED: Final = (
    *REFUSED, "continue of a finish", "continue of a merge", "continue of a rebase", "sync",
)  # fmt: skip
TAGS: Final = {"finish of a release", "release cut"}
SIGNATURE: Final = "-----BEGIN PGP SIGNATURE-----\n\nnobody looks at it\n-----END PGP SIGNATURE-----\n"


@pytest.fixture
def settings(aura_home: Path, git_settings: Path, tmp_path: Path) -> Path:
    """Repositories that sign with a program, which has to be put in its place."""
    assert aura_home
    program = tmp_path / "sign"
    with git_settings.open("a") as file:
        file.write(f"[commit]\n\tgpgSign = true\n[tag]\n\tgpgSign = true\n[gpg]\n\tprogram = {program}\n")
    put(program, works=True)
    return program


def put(program: Path, *, works: bool) -> None:
    """A stand-in for gpg."""
    made = f"cat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\ncat <<'END'\n{SIGNATURE}END\n"
    program.write_text(f"#!/bin/sh\n{made if works else 'echo no key >&2; exit 2'}\n")
    program.chmod(0o755)


def unsigned(root: Path, before: dict[str, str]) -> list[str]:
    """New commits and tags that are not signed."""
    known = [f"^{value}" for value in before.values()]
    new = run(root, "rev-list", "--branches", "--tags", "HEAD", *known, "--not", "--remotes").split()
    tags = [value for name, value in refs(root).items() if name.startswith("refs/tags/") and name not in before]
    return [name for name in (*new, *tags) if "BEGIN PGP SIGNATURE" not in run(root, "cat-file", "-p", name)]


def refs(root: Path) -> dict[str, str]:
    return dict(whole(root).refs)


def refusal(work: Callable[[], object]) -> str:
    """What was said when it was refused; empty when it was not."""
    try:
        work()
    except AuraError as error:
        return f"{error.message} {error.hint}"
    return ""


@pytest.mark.parametrize("name", SIGNED)
def test_all_of_it_is_signed(name: str, settings: Path, tmp_path: Path) -> None:
    named, root = OPERATIONS[name], tmp_path / "work" / "shop"
    named.prepare(root)
    before = refs(root)
    named.operate(SafetyCore(GitSettings()), dated(root))
    assert refs(root) != before
    assert unsigned(root, before) == []
    assert {ref for ref in refs(root) if ref.startswith("refs/tags/")} - set(before) or name not in TAGS


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_is_made_that_cannot_be_signed(name: str, settings: Path, tmp_path: Path) -> None:
    """It is refused, or waits for a person; taken back, everything is as it was."""
    named, root = OPERATIONS[name], tmp_path / "work" / "shop"
    named.prepare(root)
    before, core = whole(root), SafetyCore(GitSettings())
    put(settings, works=False)
    said = refusal(lambda: named.operate(core, dated(root)))
    assert "sign" in said if said else core.open_operation(dated(root)) is not None
    assert unsigned(root, dict(before.refs)) == []
    if not staged_alike(whole(root), before):
        waits = core.open_operation(dated(root)) is not None
        abandoned(core, dated(root)) if waits else core.undo(dated(root))
        assert staged_alike(whole(root), before)
    assert problems(root) == []


def test_a_branch_whose_rebase_cannot_be_signed_is_left_alone_by_a_sync(settings: Path, tmp_path: Path) -> None:
    root = tmp_path / "work" / "shop"
    OPERATIONS["sync"].prepare(root)
    before = refs(root)
    put(settings, works=False)
    answer = sync(dated(root), SafetyCore(GitSettings()), SyncBranches(project="p"))
    told = {one.branch: (one.what, one.reason) for one in answer.branches}
    assert told["mine"][0] == "left-alone"
    assert "failed to sign" in told["mine"][1]
    assert told["topic"] == ("fast-forwarded", "")
    assert refs(root)["refs/heads/mine"] == before["refs/heads/mine"]
