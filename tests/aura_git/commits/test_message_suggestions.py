"""Suggestions from real repositories: types and scopes from their history, subjects from what changed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from aura_git.commits.classifying import Example, train
from aura_git.commits.contract import CommitMessage, Habits, StagedChange
from aura_git.commits.learning import Learned, learn
from aura_git.commits.scopes import PastScope, ScopeVotes
from aura_git.commits.suggesting import (
    files_of,
    fit_subject,
    format_message,
    lint_message,
    read_commit,
    read_staged,
    suggest,
    ungrounded,
)
from aura_git.commits.symbols import symbol_changes
from git_lab import GitLab
from message_histories import write_history

pytestmark = pytest.mark.requirement("G1")


def staged(lab: GitLab, files: Mapping[str, str | bytes | None]) -> StagedChange:
    """Write files, stage everything, read it."""
    lab.write(files)
    lab.git("add", "--all")
    return read_staged(lab.repository())


def made(lab: GitLab, files: Mapping[str, str | bytes | None], learned: Learned | None = None) -> str:
    """The text that is suggested for files; it has to pass the checks, and to speak of the change only."""
    learned = learned or learn(lab.repository())
    change = staged(lab, files)
    suggestion = suggest(learned, change)
    text = format_message(suggestion.message, learned.habits)
    assert lint_message(text, learned.habits) == []
    assert ungrounded(text, change) == []
    assert len(text.split("\n")[0]) <= 72
    return text


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first repository with a history is kept, so that it is made once."""
    return tmp_path_factory.mktemp("kept") / "shop"


@pytest.fixture
def shop(lab: GitLab, kept: Path) -> GitLab:
    """A repository with 72 conventional commits."""
    if kept.exists():
        shutil.copytree(kept, lab.root, dirs_exist_ok=True)
    else:
        write_history(lab)
        shutil.copytree(lab.root, kept)
    lab.clock += 86_400
    return lab


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"shop/cart/new.py": "def take_coupon(code):\n    return code\n"}, "feat(cart): add take_coupon"),
        (
            {"shop/search/step_1.py": "def step_1(a):\n    if a is None:\n        return 1\n    return a + 1\n"},
            "fix(search): correct step_1",
        ),
        (
            {"tests/login/test_new.py": "def test_a_wrong_password_is_refused():\n    assert True\n"},
            "test(login): cover a wrong password is refused",
        ),
        ({"docs/cart.md": "# Steps\n\n## Coupons and gifts\n\nText.\n"}, "docs: describe coupons and gifts"),
        ({".github/workflows/ci.yml": "jobs:\n  step: 99\n"}, "ci: update workflow ci"),
        ({".editorconfig": "[*]\nindent = 99\n"}, "chore: update .editorconfig"),
    ],
)
def test_types_scopes_and_subjects_follow_the_history(shop: GitLab, files: dict[str, str], expected: str) -> None:
    assert made(shop, files) == expected


def test_the_reasons_and_the_confidence_are_told(shop: GitLab) -> None:
    learned = learn(shop.repository())
    found = suggest(learned, staged(shop, {"docs/cart.md": "# Steps\n\nOther text.\n"}))
    assert found.learned_from == 72
    assert found.types[0].value == "docs"
    assert found.types[0].confidence > 0.8
    assert sum(one.confidence for one in found.types) == pytest.approx(1, abs=0.1)
    assert [one.confidence for one in found.types] == sorted((one.confidence for one in found.types), reverse=True)
    assert "" in {one.value for one in found.scopes}
    assert "by 72 commits of this repository" in found.reasons[0]
    assert "only docs files change" in found.reasons


def test_the_same_repository_always_gives_the_same(shop: GitLab) -> None:
    change = staged(shop, {"shop/cart/new.py": "def f():\n    return 1\n"})
    assert suggest(learn(shop.repository()), change) == suggest(learn(shop.repository()), change)


def test_only_new_commits_are_read_when_the_history_grew(shop: GitLab) -> None:
    first = learn(shop.repository())
    assert learn(shop.repository(), known=first).classifier is first.classifier
    shop.commit("perf(cart): cache steps", {"shop/cart/step_0.py": "def step_0(a):\n    return cache(a)\n"})
    more = learn(shop.repository(), known=first)
    whole = learn(shop.repository())
    assert more.lessons[1] is first.lessons[0]
    assert (more.habits, more.lessons, more.head) == (whole.habits, whole.lessons, shop.head())
    change = staged(shop, {"shop/cart/step_0.py": "def step_0(a):\n    return cached(a)\n"})
    assert suggest(more, change) == suggest(whole, change)


def test_what_is_seldom_before_the_colon_is_no_type(shop: GitLab) -> None:
    for number in range(4):
        shop.commit(f"cart: step {number}", {"shop/cart/step_0.py": f"x = {number}\n"})
    classifier = learn(shop.repository()).classifier
    assert classifier is not None
    assert (classifier.examples, "cart" in classifier.labels, "feat" in classifier.labels) == (72, False, True)
    for number in range(4):
        shop.commit(f"cart: other step {number}", {"shop/cart/step_0.py": f"y = {number}\n"})
    more = learn(shop.repository()).classifier
    assert more is not None
    assert (more.examples, "cart" in more.labels) == (80, True)


def test_a_history_that_was_rewritten_is_learned_anew(shop: GitLab) -> None:
    first = learn(shop.repository())
    shop.git("checkout", "--quiet", "-B", "main", "HEAD~6")
    found = learn(shop.repository(), known=first)
    assert (found.head, found.habits.commits) == (shop.head(), 66)


def test_what_a_commit_did_is_suggested_from_older_history_only(shop: GitLab) -> None:
    learned = learn(shop.repository(), start="HEAD~6")
    found = suggest(learned, read_commit(shop.repository(), "HEAD~5"))
    assert learned.habits.commits == 66
    assert found.message == CommitMessage("feat", "login", "add step_11")


def test_without_a_history_the_habits_of_many_repositories_decide(lab: GitLab) -> None:
    learned = learn(lab.repository())
    assert (learned.head, learned.classifier, learned.habits.style) == ("", None, "conventional")
    found = suggest(learned, staged(lab, {"README.md": "# Shop\n\nText.\n"}))
    assert (found.learned_from, found.message) == (0, CommitMessage("docs", "", "describe shop"))
    assert found.reasons[0].endswith("by the habits of many repositories")


def test_configured_types_and_scopes_are_the_only_ones(shop: GitLab) -> None:
    shop.commit("chore: a", {"cog.toml": "scopes = ['search']\n[commit_types]\nfeat = {}\n"})
    found = suggest(learn(shop.repository()), staged(shop, {"shop/cart/new.py": "def take():\n    return 1\n"}))
    assert "feat" not in {one.value for one in found.types}
    assert {one.value for one in found.scopes} <= {"", "search"}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("{scope}: {text}", "cart: update take"),
        ("[{scope}] {text}", "[cart] update take"),
        ("✨ {type}({scope}): {text}", "✨ feat(cart): add take"),
    ],
)
def test_other_styles_are_followed(lab: GitLab, form: str, expected: str) -> None:
    write_history(lab, form=form)
    found = made(lab, {"shop/cart/new.py": "def take():\n    return 1\n"})
    assert found.replace("add", "update") == expected.replace("add", "update")


def test_a_history_of_plain_sentences_gets_one(lab: GitLab) -> None:
    for number in range(8):
        lab.commit(f"Add part {number}", {f"a{number}.py": "x = 1\n"})
    assert made(lab, {"b.py": "def take():\n    return 1\n"}) == "Add take"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a/x.py": "x = 1\n"}, {"a/x.py": None, "a/y.py": "x = 1\n"}, "rename x.py to y.py"),
        ({"a/x.py": "x = 1\n"}, {"a/x.py": None, "b/x.py": "x = 1\n"}, "move x.py to b"),
        (
            {"a/x.py": "1\n", "a/y.py": "2\n"},
            {"a/x.py": None, "b/x.py": "1\n", "a/y.py": None, "b/y.py": "2\n"},
            "move x.py and y.py to b",
        ),
        ({"a.py": "x = 1\n"}, {"a.py": None}, "remove a.py"),
        ({"a.py": "f(a,b)\n"}, {"a.py": "f(a, b)\n"}, "format a.py"),
        ({"a.py": "# one\nx = 1\n"}, {"a.py": "# two\nx = 1\n"}, "reword comments of a.py"),
        ({"a.py": "import a\nimport b\n"}, {"a.py": "import b\n"}, "tidy imports of a.py"),
        (
            {"package.json": '{\n  "left-pad": "^1.2.0"\n}\n'},
            {"package.json": '{\n  "left-pad": "^1.3.0"\n}\n'},
            "bump left-pad from 1.2.0 to 1.3.0",
        ),
        (
            {"package.json": '{\n  "version": "1.2.0"\n}\n'},
            {"package.json": '{\n  "version": "1.3.0"\n}\n'},
            "bump version from 1.2.0 to 1.3.0",
        ),
        ({"requirements.txt": "a==1.0\n"}, {"requirements.txt": "a==1.0\nflask==3.0\n"}, "add dependency flask"),
        ({"yarn.lock": "a\n"}, {"yarn.lock": "b\n"}, "update yarn.lock"),
        ({"po/de.po": "a\n"}, {"po/de.po": "b\n"}, "update translations for de"),
        ({"a.md": "It is teh end.\n"}, {"a.md": "It is the end.\n"}, "correct spelling of the in a.md"),
        (
            {"a.py": "def load(a):\n    return a * 2\n"},
            {"a.py": "def fetch(a):\n    return a * 2\n"},
            "rename load to fetch",
        ),
        (
            {"a.py": "class A:\n    def f(self):\n        return 1\n"},
            {"a.py": "class A:\n    def f(self):\n        return 2\n"},
            " A.f",
        ),
        (
            {"a.py": "def a():\n    return 1\n\n\ndef b():\n    return 2\n"},
            {"a.py": "def b():\n    return 2\n"},
            "remove a",
        ),
        (
            {"a.ts": "export function f(a) { return a }\n", "a.spec.ts": "x\n"},
            {"a.ts": "export function f(a) { return a ?? 1 }\n", "a.spec.ts": "x\nit('should keep empty carts', f)\n"},
            "keep empty carts",
        ),
        ({"a.bin": b"\0a"}, {"a.bin": b"\0b"}, "a.bin"),
    ],
)
def test_subjects(
    lab: GitLab, before: dict[str, str | bytes | None], after: dict[str, str | bytes | None], expected: str
) -> None:
    lab.commit("feat: start", before)
    assert made(lab, after).partition(": ")[2].endswith(expected)


def test_modes_links_modules_and_nothing_have_subjects_too(lab: GitLab) -> None:
    first = lab.commit("feat: a", {"tool.sh": "x\n"})
    learned = learn(lab.repository())
    (lab.root / "tool.sh").chmod(0o755)
    assert made(lab, {}, learned).endswith(": make tool.sh executable")
    lab.git("reset", "--quiet", "--hard")
    lab.git("update-index", "--add", "--cacheinfo", f"160000,{first},lib")
    change = read_staged(lab.repository())
    assert suggest(learned, change).message.description == "update sub-module lib"
    lab.git("reset", "--quiet")
    assert suggest(learned, read_staged(lab.repository())).message.description == "record a commit without changes"


def test_a_header_is_never_longer_than_allowed() -> None:
    habits = Habits(max_header=40)
    draft = CommitMessage("feat", "a-very-long-scope-name", "")
    assert fit_subject(draft, ["add " + "x" * 60, "add y"], habits).description == "add y"
    assert fit_subject(draft, ["add twenty letters and more"], habits).scope == ""
    cut = fit_subject(draft, ["add " + "word " * 30], habits)
    assert (cut.scope, len(format_message(cut, habits)) <= 40) == ("", True)
    assert fit_subject(draft, [], habits).description
    assert fit_subject(draft, ["add y"], Habits(capitalised=True, full_stop=True)).description == "Add y."


def test_long_names_do_not_make_long_headers(lab: GitLab) -> None:
    name = "a_name_that_goes_on_and_on_" * 4
    assert made(lab, {f"{name}.py": f"def {name}():\n    return 1\n"})


def test_a_file_of_which_one_side_is_too_long_says_nothing_of_symbols(lab: GitLab) -> None:
    long = "\n".join(f"def f_{number}():\n    return {number}\n" for number in range(2600))
    lab.commit("feat: a", {"a.py": long, "b.py": "def g():\n    return 1\n"})
    change = staged(lab, {"a.py": f"{long}\n# {'x' * 60_000}\n", "b.py": "def g():\n    return 2\n"})
    found = symbol_changes(lab.repository(), files_of(change))
    assert [(one.what, one.name) for one in found] == [("changed", "g")]


def test_files_that_were_cut_from_the_diff_still_count(lab: GitLab) -> None:
    change = staged(lab, {"long.txt": "x\n" * 20_000, "a.py": "x = 1\n"})
    assert [(one.path, one.status, len(one.added)) for one in files_of(change)] == [
        ("a.py", "A", 1),
        ("long.txt", "A", 0),
    ]


def test_the_classifier_learns_what_tells_labels_apart() -> None:
    docs, code = {"kind": ("docs",), "size": ("1",)}, {"kind": ("source",), "size": ("1",)}
    examples = [
        Example(docs, "docs", {}),
        Example(code, "fix", {}),
        Example(code, "fix", {}),
        Example(docs, "docs", {}),
    ]
    found = train(examples * 5, further=("feat",))
    assert found.guess(docs, {})["docs"] > 0.8
    assert found.guess(code, {})["fix"] > 0.8
    assert sum(found.guess({"kind": ("nothing",)}, {}).values()) == pytest.approx(1)
    few = train(examples[:1], further=("feat", "fix"))
    assert few.guess(code, {"fix": 0.9, "docs": 0.05})["fix"] > 0.5


def test_scopes_are_voted_for_by_what_is_alike() -> None:
    def features(*paths: str) -> dict[str, tuple[str, ...]]:
        return {"path": paths, "name": (), "kind": (), "new": ()}

    past = [
        *[PastScope(features("shop", "shop/cart", f"shop/cart/{n}.py"), "fix", "cart") for n in range(5)],
        *[PastScope(features("shop", "shop/login", f"shop/login/{n}.py"), "fix", "auth") for n in range(5)],
        *[PastScope(features("docs", f"docs/{n}.md"), "docs", "") for n in range(5)],
    ]
    votes = ScopeVotes(past)

    def best(*paths: str) -> str:
        found = votes.guess(features(*paths), {"fix": 1.0})
        assert sum(found.values()) == pytest.approx(1)
        return max(found, key=lambda name: found[name])

    assert best("shop", "shop/cart", "shop/cart/new.py") == "cart"
    assert best("shop", "shop/login", "shop/login/new.py") == "auth"
    assert best("docs", "docs/new.md") == ""
    assert max(ScopeVotes([]).guess(features("a"), {}).values()) == 1
