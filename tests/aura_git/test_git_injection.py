"""Nothing that a person, a model or a repository names becomes an option of git."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import pytest
from pydantic import ValidationError

from aura_git.branching.service import BranchService
from aura_git.commits.service import CommitService
from aura_git.health.service import HealthService
from aura_git.merging.service import MergeService
from aura_git.pulls.service import PullService
from aura_git.releases.service import ReleaseService
from aura_git.running import Git, Ran
from aura_git.safety.service import SafetyService
from aura_shared.bus import Context
from aura_shared.errors import AuraError, ConflictsLeft
from aura_shared.messages.branches import CleanBranches, FinishBranch, ListBranches, PublishBranch
from aura_shared.messages.commits import ChangeSplit, DraftCommit, LintMessages, MakeCommit, PlanSplit
from aura_shared.messages.core import Request
from aura_shared.messages.git import ShowGitStatus, UndoOperation
from aura_shared.messages.git_health import CheckHealth, MendGit
from aura_shared.messages.merges import (
    ContinueOperation,
    DoMerge,
    DoRebase,
    ResolveConflicts,
    SimulateMerge,
    SyncBranches,
)
from aura_shared.messages.pulls import DraftPull
from aura_shared.messages.releases import PlanRelease
from aura_shared.messages.wording import WordCommit, WordedCommit
from git_lab import GitLab, copy_of, make_lab
from git_rig import GitRig
from merge_lab import LINES, line

pytestmark = pytest.mark.requirement("G1", "G2", "G3", "P11")

EVIL: Final = "--output=owned"
"""Written as an option, `git log`, `diff` and `rev-list` would make a file of it."""
PARTS: Final = (
    BranchService, CommitService, HealthService, MergeService, PullService, ReleaseService, SafetyService,
)  # fmt: skip
REQUIRED: Final[dict[str, object]] = {
    "ref": "topic", "onto": "topic", "kind": "feature", "draft": "0" * 16, "plan": "0" * 8, "commits": [],
    "operation": "1k", "rule": "missing-ignore", "action": "status",
}  # fmt: skip
CALM: Final[dict[str, object]] = {"model": False, "via": "file", "push": True}
"""What keeps a request from asking a model or a forge."""


def requests() -> Iterator[type[Request[Any]]]:
    """Every request that the git service answers."""
    for name in ("branches", "merges", "commits", "git", "git_health", "pulls", "releases"):
        module = importlib.import_module(f"aura_shared.messages.{name}")
        for found in vars(module).values():
            if inspect.isclass(found) and issubclass(found, Request) and found.__module__ == module.__name__:
                yield cast("type[Request[Any]]", found)


def texts(request: type[Request[Any]]) -> Iterator[tuple[str, object]]:
    """Fields that take any text, with a text that looks like an option."""
    for name, field in request.model_fields.items():
        if name == "project":
            continue
        if str(field.annotation) in {"<class 'str'>", "str | None"}:
            yield name, EVIL
        elif field.annotation == list[str]:
            yield name, [EVIL]


@pytest.fixture
def shop(aura_home: Path, git_settings: Path, tmp_path: Path) -> GitLab:
    """Two branches that parted, a remote, changes, and names of files and branches that look like options."""
    assert aura_home
    assert git_settings
    return copy_of("injection", _shop, tmp_path)


def _shop(folder: Path) -> GitLab:
    make_lab(folder / "origin.git", bare=True)
    lab = make_lab(folder / "shop")
    lab.commit("feat: first", {"a.py": "def first():\n    return 1\n", EVIL: LINES, "__pycache__/-f.pyc": b"\0built"})
    lab.git("tag", "-a", "-m", "v1.0.0", "v1.0.0")
    lab.branch("topic")
    lab.commit("feat: topic", {EVIL: line(3, "theirs"), "-q": "theirs\n"})
    lab.git("update-ref", f"refs/heads/{EVIL}", "topic")
    lab.switch("main")
    lab.branch("feature/work")
    lab.commit("feat: work", {EVIL: line(3, "ours")})
    lab.git("remote", "add", "origin", "../origin.git")
    lab.git("push", "-q", "--set-upstream", "origin", "main", "feature/work", f"refs/heads/{EVIL}")
    return lab


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Every call of git, and a failure when one has the text as an option of its own."""
    made: list[tuple[str, ...]] = []
    run = Git._run  # pyright: ignore[reportPrivateUsage]

    def watched(self: Git, arguments: tuple[str, ...], *more: Any) -> Ran:  # noqa: ANN401 - passed on
        made.append(arguments)
        ends = [arguments.index(end) for end in ("--", "--end-of-options") if end in arguments]
        options = arguments[: min(ends, default=len(arguments))]
        assert not [one for one in options if one == EVIL], arguments
        return run(self, arguments, *more)

    monkeypatch.setattr(Git, "_run", watched)
    return made


def owned(lab: GitLab) -> list[Path]:
    """Files that only an option would have made."""
    return [path for path in lab.root.parent.rglob("owned*") if path.name.startswith("owned")]


@pytest.mark.parametrize(
    "kind",
    [kind for kind in requests() if "[" not in kind.__name__ and list(texts(kind))],
    ids=lambda kind: kind.__name__,
)
async def test_no_text_of_a_request_becomes_an_option(
    kind: type[Request[Any]], shop: GitLab, calls: list[tuple[str, ...]]
) -> None:
    """It is taken for the name or text that it is, or refused."""
    rig = GitRig(shop.root, *PARTS)
    known, fields = set(shop.refs()), kind.model_fields
    given = {one: value for one, value in REQUIRED.items() if one in fields and fields[one].is_required()}
    given |= {one: value for one, value in CALM.items() if one in fields}
    for name, text in texts(kind):
        said = await answer(rig, kind, {**given, "project": rig.project.id, name: text})
        assert "usage: git" not in said
        assert "unknown option" not in said
        assert owned(shop) == []
        assert known <= set(shop.refs())
    assert calls or kind is ChangeSplit  # there is no such plan


async def answer(rig: GitRig, kind: type[Request[Any]], given: dict[str, object]) -> str:
    """Ask; what was said where it was refused."""
    try:
        await rig.ask(kind.model_validate(given))
    except AuraError as error:
        return error.message
    except ValidationError as error:
        return str(error)
    return ""


async def test_names_in_a_repository_are_only_names(shop: GitLab, calls: list[tuple[str, ...]]) -> None:
    """A branch and files that are called like options are merged, resolved, committed, pushed and deleted."""
    rig = GitRig(shop.root, *PARTS)
    project, before = rig.project.id, shop.refs()
    assert (await rig.ask(SimulateMerge(project=project, ref=EVIL))).outcome == "conflicts"
    with pytest.raises(ConflictsLeft):
        await rig.ask(DoRebase(project=project, onto=EVIL, published_ok=True))
    waits = await rig.ask(DoMerge(project=project, ref=EVIL, where="in-place"))
    assert (waits.standing, waits.left) == ("waiting", [EVIL])
    await rig.ask(ResolveConflicts(project=project, paths=[EVIL], accept=["suggest"]))
    shop.write({EVIL: line(3, "both")})
    assert (await rig.ask(ContinueOperation(project=project))).standing == "done"
    assert (shop.root / "-q").read_text() == "theirs\n"
    await rig.ask(UndoOperation(project=project))
    assert shop.refs() == before
    assert (await rig.ask(DoMerge(project=project, ref=EVIL, dry_run=True))).left == [EVIL]
    shop.write({EVIL: line(9, "mine"), "-q": "mine\n", "other.txt": "other\n"})
    draft = await rig.ask(DraftCommit(project=project, what="all", paths=[EVIL, "-q"], model=False))
    made = await rig.ask(MakeCommit(project=project, draft=draft.id, message=EVIL))
    assert shop.git("show", "--format=%s", "--name-only", made.commit).split() == [EVIL, EVIL, "-q"]
    assert shop.git("status", "--porcelain") == "?? other.txt\n"


async def test_branches_that_are_called_like_options_are_pushed_and_deleted(
    shop: GitLab, calls: list[tuple[str, ...]]
) -> None:
    rig = GitRig(shop.root, *PARTS)
    project = rig.project.id
    assert EVIL in [one.name for one in (await rig.ask(ListBranches(project=project))).branches]
    shop.git("update-ref", f"refs/heads/{EVIL}", "main")
    shop.git("update-ref", "-d", f"refs/heads/{EVIL}", where=shop.root.parent / "origin.git")
    assert (await rig.ask(PublishBranch(project=project, branch=EVIL))).pushed
    told = await rig.ask(CleanBranches(project=project, branches=[EVIL], dry_run=False))
    assert [one.branch for one in told.proposals if one.deleted] == [EVIL]
    assert f"refs/heads/{EVIL}" not in shop.refs()
    mended = await rig.ask(MendGit(project=project, rule="tracked-build-output", items=["__pycache__/-f.pyc"]))
    assert mended.done
    await rig.ask(SyncBranches(project=project))
    assert owned(shop) == []


@pytest.mark.parametrize("words", ["--amend", "-C HEAD", "--author=Eve <eve@localhost>", "$(touch owned)`id`"])
async def test_words_of_a_model_are_only_ever_a_message(shop: GitLab, calls: list[tuple[str, ...]], words: str) -> None:
    rig = GitRig(shop.root, *PARTS)
    asked: list[WordCommit] = []

    async def answer(request: WordCommit, _: Context) -> WordedCommit:
        asked.append(request)
        return WordedCommit(description=words, body=f"{words}\n\n{words}", model="local/small", seconds=0.1)

    rig.hub.connect("factory").serve(WordCommit, answer)
    shop.write({"a.py": "def first():\n    return 2\n"})
    head = shop.head()
    draft = await rig.ask(DraftCommit(project=rig.project.id, what="all", model=True))
    assert asked
    assert draft.message is not None
    made = await rig.ask(MakeCommit(project=rig.project.id, draft=draft.id))
    assert shop.git("log", "-1", "--format=%B").strip() == draft.message.text.strip()
    assert shop.head(f"{made.commit}~1") == head
    assert shop.git("log", "-1", "--format=%an").strip() == "Ada Tester"
    assert owned(shop) == []


async def test_looking_at_names_like_options_makes_no_file(shop: GitLab, calls: list[tuple[str, ...]]) -> None:
    rig = GitRig(shop.root, *PARTS)
    project = rig.project.id
    shop.write({EVIL: line(9, "mine"), "a.py": "def first():\n    return 2\n"})
    looks: list[Request[Any]] = [
        ShowGitStatus(project=project), CheckHealth(project=project), PlanSplit(project=project, what="all"),
        LintMessages(project=project, range=EVIL), LintMessages(project=project, range=f"{EVIL}..HEAD"),
        DraftPull(project=project, base=EVIL, model=False), PlanRelease(project=project), FinishBranch(
            project=project, branch=EVIL, dry_run=True),
    ]  # fmt: skip
    for look in looks:
        said = await answer(rig, type(look), look.model_dump())
        assert "usage: git" not in said
    assert owned(shop) == []
    assert len(calls) > len(looks)
