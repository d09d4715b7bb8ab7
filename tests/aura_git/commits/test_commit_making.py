"""Commits are exactly what their draft stands for."""

from __future__ import annotations

import pytest

from aura_shared.errors import DraftOutdated
from aura_shared.messages.commits import CommitMade, DraftCommit, MakeCommit
from commits_lab import CART
from git_lab import GitLab
from git_rig import GitRig


@pytest.mark.requirement("G1")
async def test_a_draft_becomes_exactly_one_commit(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": CART.replace("return Cart()", "return Cart()  # empty")})
    shop.git("add", "src/cart.py")
    shop.write({"README.md": "# Shop\n\nnot staged\n"})
    draft = await rig.ask(DraftCommit(project=rig.project.id))
    assert draft.message is not None
    assert [file.path for file in draft.files] == ["src/cart.py"]
    assert draft.left == ["README.md"]
    assert draft.branch == "work"
    assert draft.tree == shop.git("write-tree").strip()
    before = shop.head()
    made = await rig.ask(MakeCommit(project=rig.project.id, draft=draft.id))
    assert shop.head() == made.commit
    assert shop.head("HEAD~1") == before
    assert shop.git("rev-parse", "HEAD^{tree}").strip() == draft.tree
    assert shop.git("log", "-1", "--format=%B").strip() == draft.message.text
    assert shop.git("status", "--porcelain") == " M README.md\n"
    assert (made.files, made.added, made.removed) == (1, 1, 1)
    [event] = [one for one in rig.bus.published if isinstance(one, CommitMade)]
    assert (event.commit, event.branch, event.operation) == (made.commit, "work", made.operation)
