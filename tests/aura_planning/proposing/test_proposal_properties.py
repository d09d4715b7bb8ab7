"""What holds for every item: no criterion is lost or doubled, nothing waits for itself, same text, same list."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_planning.proposing.contents import read_contents
from aura_planning.proposing.contract import Contents, Part, Proposal
from aura_planning.proposing.estimating import Known, Target, estimate
from aura_planning.proposing.expanding import Facts, Repository, expand, renumbered
from aura_planning.proposing.splitting import PATTERNS, split

pytestmark = pytest.mark.requirement("A2")

WORDS = st.sampled_from([
    "create", "order", "invalid", "card", "shows", "error", "delete", "list", "api", "page", "csv", "pdf", "mail",
    "test",
    "documented", "migration", "table", "Given", "when", "then", "user", "admin", "timeout", "update",
    "(AC: 1)", "AC2:",
])  # fmt: skip
SENTENCES = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
CALMLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
TICKS = st.sampled_from([None, None, False, True])


@st.composite
def parts(draw: st.DrawFn, most: int = 6) -> tuple[Part, ...]:
    """Entries of a list, some with boxes, some naming criteria."""
    texts = draw(st.lists(SENTENCES, max_size=most))
    return tuple(
        Part(
            text, at + 1, at + 1, draw(TICKS), tuple(draw(st.lists(SENTENCES, max_size=2))),
            tuple(draw(st.lists(st.integers(0, 12), max_size=2))),
        )
        for at, text in enumerate(texts)
    )  # fmt: skip


@st.composite
def contents(draw: st.DrawFn) -> Contents:
    """What an item may say."""
    return Contents(
        sentence="As a user I want it", criteria=draw(parts()), steps=draw(parts()), flow=draw(parts(5)),
        features=draw(parts()), questions=draw(parts(2)), files=("src/a.py",), words=draw(st.integers(0, 3000)),
    )  # fmt: skip


def story(kind: str = "story") -> Item:
    """An item to propose something for."""
    return Item(
        "s1aaaa", "epic" if kind == "epic" else "story", ".ai/stories/s1aaaa-x.md", title="Pay", depends_on=("s0aaaa",)
    )


def waits(proposals: list[Proposal]) -> Ledger:
    """The plan that all proposals would make."""
    items = [
        Item(
            f"n{number}aaaa", one.kind, f".ai/tasks/n{number}aaaa-x.md", title=one.title,
            depends_on=tuple(f"n{need[1:]}aaaa" for need in one.depends_on if need.startswith("#")),
        )
        for number, one in enumerate(proposals, start=1)
    ]  # fmt: skip
    return Ledger([Item("s0aaaa", "story", ".ai/stories/s0aaaa-x.md"), story(), *items])


@CALMLY
@given(contents())
def test_every_open_criterion_has_a_test_and_somebody_who_does_it(said: Contents) -> None:
    made, notices = expand(Facts(story(), said, repository=Repository("migrations", "docs")))
    doing = {text for one in made if one.role in {"implement", "test"} for text in one.criteria}
    told = " ".join(notices)
    for number, part in enumerate(said.criteria, start=1):
        named = any(number in step.refers for step in said.steps)
        if not part.ticked and part.text not in doing:
            assert named or f"line {part.first}:" in told or any(step.ticked for step in said.steps)
    assert len({(one.title.casefold()) for one in made}) == len(made)
    assert not waits(made).findings()
    assert (made, notices) == expand(Facts(story(), said, repository=Repository("migrations", "docs")))


@CALMLY
@given(contents())
def test_every_open_step_becomes_one_task_or_is_told(said: Contents) -> None:
    made, notices = expand(Facts(story(), said))
    lines = {one.source.first for one in made if one.source is not None}
    told = {int(one.split(":")[0].removeprefix("line ")) for one in notices}
    assert {step.first for step in said.steps if not step.ticked} <= lines | told
    assert not [
        one for one in expand(Facts(story(), said, boxes=True))[0] if any("lists it" in why for why in one.reasons)
    ]


@CALMLY
@given(contents(), st.sampled_from(["auto", *PATTERNS]))
def test_a_split_loses_and_doubles_no_criterion_and_no_step(said: Contents, by: str) -> None:
    found = split(story(), said, by)
    if not found.parts:
        assert found.reason
        return
    assert Counter(text for part in found.parts for text in part.criteria) == Counter(one.text for one in said.criteria)
    assert Counter(text for part in found.parts for text in part.steps) == Counter(one.text for one in said.steps)
    assert len(found.parts) >= 2
    assert all(part.criteria and "s0aaaa" in part.depends_on for part in found.parts)
    assert not waits(list(found.parts)).findings()
    assert found == split(story(), said, by)


@CALMLY
@given(contents(), st.data())
def test_a_choice_names_only_what_was_chosen(said: Contents, data: st.DataObject) -> None:
    made, _ = expand(Facts(story(), said))
    kept = sorted(data.draw(st.sets(st.integers(1, max(1, len(made))), max_size=len(made)))) if made else []
    chosen = renumbered(made, kept)
    assert [one.title for one in chosen] == [made[number - 1].title for number in kept]
    assert all(1 <= int(need[1:]) <= len(chosen) for one in chosen for need in one.depends_on if need.startswith("#"))


@CALMLY
@given(
    contents(), st.lists(st.tuples(SENTENCES, st.sampled_from([1.0, 2.0, 3.0, 5.0, 7.0]), st.booleans()), max_size=8)
)
def test_an_estimate_lies_in_its_range_and_has_reasons(said: Contents, others: list[tuple[str, float, bool]]) -> None:
    known = [
        Known(Item("", "story", f"{at}.md", title=text), text, points, None, done, 1.0)
        for at, (text, points, done) in enumerate(others)
    ]
    cost = estimate(Target(story(), said, "pay by card"), known)
    assert 0 < cost.low <= cost.likely <= cost.high
    assert cost.reasons
    assert cost == estimate(Target(story(), said, "pay by card"), list(reversed(known)))


@CALMLY
@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    said = read_contents(data)
    lines = data.decode("utf-8", "surrogateescape").splitlines()
    for part in (*said.criteria, *said.steps, *said.features, *said.flow):
        assert 1 <= part.first <= part.last <= max(1, len(lines) + 1)


@pytest.mark.parametrize(
    ("by", "criteria", "labels"),
    [
        ("crud", ["Users create notes", "Users view notes", "Users delete notes"], ["create", "show", "remove"]),
        ("interface", ["The API lists orders", "The page has a button", "A mail is sent"],
         ["interface of programs", "screen", "mail and messages"]),
        ("data", ["Reports export as CSV", "Reports export as PDF"], ["CSV and tables", "PDF"]),
        ("errors", ["It works", "A wrong password is refused"], ["what works", "errors and limits"]),
        ("criterion", ["One", "Two", "Three", "Four", "Five", "Six"], ["One", "Four"]),
    ],
    ids=["crud", "interface", "data", "errors", "criterion"],
)  # fmt: skip
def test_each_pattern_is_known(by: str, criteria: list[str], labels: list[str]) -> None:
    said = Contents(criteria=tuple(Part(text, at + 1, at + 1) for at, text in enumerate(criteria)))
    found = split(story(), said, by)
    assert [part.title.partition(": ")[2] for part in found.parts] == labels
    if by != "criterion":
        assert split(story(), said).pattern == by


def test_the_steps_of_a_workflow_split_a_story_in_their_order() -> None:
    text = """# Order

## Workflow

1. Fill the basket
2. Choose an address
3. Pay with a card

## Acceptance criteria

- The basket shows what is in it
- The address is checked
- The card is charged
- A basket is kept for a day
"""
    found = split(story(), read_contents(text.encode()))
    assert found.pattern == "steps"
    assert [(part.title, len(part.criteria), part.depends_on) for part in found.parts] == [
        ("Pay: Fill the basket", 2, ("s0aaaa",)),
        ("Pay: Choose an address", 1, ("s0aaaa", "#1")),
        ("Pay: Pay with a card", 1, ("s0aaaa", "#2")),
    ]
