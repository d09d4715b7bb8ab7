"""Breaking changes of what is staged: asked of the code service, which compares real files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from aura_git.commits.breaking import BreakingChanges, find_breaking, mark_breaking, tell_breaking
from aura_git.commits.contract import CommitMessage
from aura_git.commits.grammar import format_message, parse_message
from aura_git.commits.linting import lint_message
from aura_shared.bus import Context
from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.messages.review import ApiChange, GatherReview, ReviewFacts
from git_lab import GitLab
from reviewed import review

pytestmark = pytest.mark.requirement("G1")


def code_service(lab: GitLab) -> tuple[MemoryBus, list[GatherReview]]:
    """A client of the bus on whose other side the code service's own review answers."""
    hub = MemoryHub()
    asked: list[GatherReview] = []

    async def answer(request: GatherReview, context: Context) -> ReviewFacts:
        asked.append(request)
        return await asyncio.to_thread(review, lab.root, request)

    MemoryBus("code", hub=hub).serve(GatherReview, answer)
    return MemoryBus("git", hub=hub), asked


PYTHON = {"pyproject.toml": "[project]\nname = 'shop'\n"}
SCRIPT = {"package.json": '{"name": "shop", "main": "index.ts"}\n'}
GO = {"go.mod": "module shop\n"}
RUST = {"Cargo.toml": "[package]\nname = 'shop'\n"}


@pytest.mark.parametrize(
    ("around", "path", "old", "new", "expected"),
    [
        (PYTHON, "shop/a.py", "def f(a): pass\n", "def f(a, b): pass\n", "`f` has another signature"),
        (PYTHON, "shop/a.py", "def f(a): pass\n", "def f(a, b=1): pass\n", ""),
        (PYTHON, "shop/a.py", "class C:\n    def m(self): pass\n", "class C:\n    pass\n", "`C.m` was removed"),
        (PYTHON, "shop/a.py", "def f(a): pass\n", "def _f(a): pass\n", "`f` is not public any more"),
        (PYTHON, "tests/a.py", "def f(a): pass\n", "def f(a, b): pass\n", ""),
        (
            SCRIPT,
            "index.ts",
            "export function f(a: string) {}\n",
            "export function f(a: number) {}\n",
            "`f` has another type",
        ),
        (
            SCRIPT,
            "index.ts",
            "export interface I { a: string; b: string }\n",
            "export interface I { a: string }\n",
            "`I.b` was removed",
        ),
        (SCRIPT, "index.ts", "export const f = 1;\n", "const f = 1;\n", "`f` is not public any more"),
        (SCRIPT, "index.ts", "export function f(a: string) {}\n", "export function f(a: string, b?: string) {}\n", ""),
        (
            GO,
            "a/a.go",
            "package a\n\nfunc F(a int) {}\n",
            "package a\n\nfunc F(a int, b int) {}\n",
            "`F` has another signature",
        ),
        (
            GO,
            "a/a.go",
            "package a\n\ntype I interface { A() }\n",
            "package a\n\ntype I interface { A(); B() }\n",
            "`I` has another signature",
        ),
        (GO, "internal/a.go", "package a\n\nfunc F(a int) {}\n", "package a\n\nfunc F() {}\n", ""),
        (RUST, "src/lib.rs", "pub fn f(a: u8) {}\n", "pub fn f(a: u16) {}\n", "`f` has another signature"),
        (RUST, "src/lib.rs", "pub fn f() {}\n", "pub(crate) fn f() {}\n", "`f` is not public any more"),
        (RUST, "src/lib.rs", "fn f(a: u8) {}\n", "fn f(a: u16) {}\n", ""),
    ],
)
async def test_what_breaks_in_each_language(
    lab: GitLab, around: Mapping[str, str], path: str, old: str, new: str, expected: str
) -> None:
    lab.commit("feat: a", {**around, path: old})
    lab.write({path: new})
    lab.git("add", "--all")
    bus, asked = code_service(lab)
    found = await find_breaking(bus, "shop", timeout_s=30)
    assert found.known
    assert tell_breaking(found.changes) == expected
    [request] = asked
    assert (request.what, request.only, request.diff_bytes) == ("staged", ["api"], 0)


async def test_a_range_of_commits_can_be_asked_for(lab: GitLab) -> None:
    first = lab.commit("feat: a", {**PYTHON, "shop/a.py": "def f(a): pass\n"})
    lab.commit("feat: b", {"shop/a.py": "\n"})
    bus, _asked = code_service(lab)
    found = await find_breaking(bus, "shop", revision=f"{first}..HEAD", timeout_s=30)
    assert [one.symbol for one in found.changes] == ["f"]


async def test_without_the_code_service_the_reason_is_told() -> None:
    found = await find_breaking(MemoryBus("git"), "shop")
    assert (found.known, found.changes) == (False, ())
    assert "the service code is not connected" in found.reason


async def test_a_slow_answer_is_not_waited_for() -> None:
    hub = MemoryHub()
    forever = asyncio.Event()

    async def answer(request: GatherReview, context: Context) -> ReviewFacts:
        await forever.wait()
        return ReviewFacts()

    MemoryBus("code", hub=hub).serve(GatherReview, answer)
    found = await find_breaking(MemoryBus("git", hub=hub), "shop", timeout_s=0.05)
    assert "did not answer" in found.reason


def change(symbol: str, kind: str = "removed") -> ApiChange:
    """A change that breaks."""
    return ApiChange.model_validate({"symbol": symbol, "path": "a.py", "kind": kind, "breaking": True, "detail": ""})


def test_a_message_says_what_breaks_and_stays_within_the_grammar() -> None:
    found = BreakingChanges(tuple(change(f"Store.a_rather_long_name_{number}") for number in range(5)))
    marked = mark_breaking(CommitMessage("feat", "store", "drop names"), found)
    text = format_message(marked)
    assert text.startswith("feat(store)!: drop names\n\nBREAKING CHANGE: `Store.a_rather_long_name_0` was removed;")
    assert text.endswith("and 2 more changes")
    assert lint_message(text) == []
    assert parse_message(text) == marked
    assert mark_breaking(marked, found) is marked
    plain = CommitMessage("fix", "", "a")
    assert mark_breaking(plain, BreakingChanges()) is plain


def test_each_kind_of_change_has_its_words() -> None:
    kinds = ("removed", "renamed", "visibility")
    assert tell_breaking([change("f", kind) for kind in kinds]) == (
        "`f` was removed; `f` was renamed or moved; `f` is not public any more"
    )
