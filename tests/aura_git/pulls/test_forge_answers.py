"""Answers of a forge that are not what its documentation says are named, and never taken for something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from aura_git.pulls.calling import Json
from aura_git.pulls.forge_calls import ForgeCalls
from aura_git.pulls.forges import Forge
from aura_shared.errors import ForgeUnreachable
from aura_shared.messages.pulls import ForgeKind

pytestmark = pytest.mark.requirement("G4")

GOOD: Final[dict[str, Json]] = {
    "number": 7, "html_url": "https://h/ada/shop/pulls/7", "body": None, "title": "WIP: cart", "base": {"ref": "main"},
    "head": {"ref": "cart", "repo": {"full_name": "ada/shop"}},
}  # fmt: skip


class Said:
    """A forge that answers the same to everything, page after page."""

    name = "rest"

    def __init__(self, *pages: Json) -> None:
        self.pages = list(pages)
        self.asked: list[str] = []

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Json:
        """See `Api`."""
        self.asked.append(f"{method} {path}")
        return self.pages[min(len(self.asked), len(self.pages)) - 1]


def calls(kind: ForgeKind, *pages: Json) -> tuple[ForgeCalls, Said]:
    """The calls of a kind of forge that says this."""
    said = Said(*pages)
    return ForgeCalls(Forge(kind, "h", "ada/shop"), said), said


@pytest.mark.parametrize("kind", ["github", "gitea"])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [({"message": "moved"}, "a list"), ([{"head": 1}], "pull requests"), (["x"], "pull requests"),
     ([{**GOOD, "base": None}], "a pull request"), ([{**GOOD, "number": "7"}], "a number and an address")],
    ids=["object", "no head", "text", "no base", "number"],
)  # fmt: skip
def test_an_answer_of_another_shape_is_named(kind: ForgeKind, answer: Json, expected: str) -> None:
    forge, _ = calls(kind, answer)
    with pytest.raises(ForgeUnreachable, match=f"expected {expected}"):
        forge.find("cart")


def test_pages_are_turned_until_the_branch_is_found_or_they_end() -> None:
    other = {**GOOD, "head": {"ref": "other", "repo": {"full_name": "ada/shop"}}}
    fork = {**GOOD, "head": {"ref": "cart", "repo": None}}
    forge, said = calls("gitea", [other] * 49 + [fork], [other, GOOD])
    found = forge.find("cart")
    assert found is not None
    assert (found.number, found.title, found.draft, found.base) == (7, "cart", True, "main")
    assert said.asked == [f"GET repos/ada/shop/pulls?state=open&limit=50&page={page}" for page in (1, 2)]
    forge, said = calls("gitea", [other])
    assert forge.find("cart") is None
    assert (len(said.asked), forge.way) == (1, "rest")
