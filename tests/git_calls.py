"""Counts the processes of git that requests to the service start: each costs 1 to 2 ms, whatever it does."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from unittest.mock import patch

from aura_git.running import Git
from aura_shared.messages.commits import CommitWhat, DraftCommit, MakeCommit
from aura_shared.messages.git import ShowGitStatus
from aura_shared.messages.merges import DoMerge, SimulateMerge
from commits_lab import CART
from git_lab import GitLab
from git_rig import GitRig

MOST = {
    "draft all": 32,
    "commit all": 40,
    "draft staged": 31,
    "commit staged": 34,
    "status": 2,
    "merge": 9,
    "preview": 9,
}
"""Processes of each request over the repository of the tests of commits; `merge` is a dry run."""


@contextmanager
def counted() -> Generator[list[str]]:
    """The commands of git that run meanwhile."""
    calls: list[str] = []
    run = Git._run  # pyright: ignore[reportPrivateUsage] - the one place that every call passes

    def noted(self: Git, *arguments: object) -> object:
        calls.append(str(arguments[0]))
        return run(self, *arguments)  # pyright: ignore[reportArgumentType] - handed on as they came

    with patch.object(Git, "_run", noted):
        yield calls


async def calls_of_requests(rig: GitRig, shop: GitLab) -> dict[str, list[str]]:
    """The commands of git for a draft and commit of everything and of the index, a status and a preview of a merge.

    Args:
        rig: With commits, merges and the safety core.
        shop: A repository with some commits; what others have learned from it is read once before.
    """
    project = rig.project.id
    found: dict[str, list[str]] = {}
    whats: list[CommitWhat] = ["all", "all", "staged"]
    for number, what in enumerate(whats):
        shop.write({"src/cart.py": f"{CART}# {number}\nFACTOR_{number} = 1\n", f"notes-{number}.txt": "x\n"})
        if what == "staged":
            shop.git("add", "--all")
        with counted() as found[f"draft {what}"]:
            draft = await rig.ask(DraftCommit(project=project, what=what, model=False))
        with counted() as found[f"commit {what}"]:
            await rig.ask(MakeCommit(project=project, draft=draft.id))
    with counted() as found["status"]:
        await rig.ask(ShowGitStatus(project=project))
    shop.branch("topic", "HEAD~1")
    shop.commit("feat: write of it", {"topic.txt": "x\n"})
    shop.switch("work")
    with counted() as found["merge"]:
        await rig.ask(DoMerge(project=project, ref="topic", dry_run=True))
    with counted() as found["preview"]:
        await rig.ask(SimulateMerge(project=project, ref="topic"))
    return found
