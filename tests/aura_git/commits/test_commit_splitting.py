"""A mixed change is split into commits that each stand on their own, and add up to the whole."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from aura_git.commits.splitting_facts import Facts, read_facts
from aura_git.commits.splitting_groups import Group, Weights, group_pieces
from aura_git.commits.splitting_order import order_groups
from aura_git.commits.splitting_pieces import Piece, build_file, read_pieces
from aura_languages.errors import count_syntax_errors
from aura_shared.errors import CommitBlocked, DraftOutdated, GateClosed, HookRefused, ProtectedBranch, UsageProblem
from aura_shared.messages.commits import (
    ChangeSplit,
    CommitMade,
    CommitSplit,
    PlanSplit,
    SplitAnswer,
    SplitCommit,
    SplitPart,
    SplitPlan,
)
from commits_lab import CART
from git_lab import GitLab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G1")

DISCOUNT = CART.replace(
    "    def total(self) -> float:\n",
    "    def discount(self, percent: float) -> float:\n"
    '        """What it costs with a discount."""\n'
    "        return self.total() * (1 - percent / 100)\n\n"
    "    def total(self) -> float:\n",
)
MAIL = "import smtplib\n\n\ndef send_receipt(address: str) -> None:\n    smtplib.SMTP(address).quit()\n"
MAIL_LATER = MAIL.replace("quit()", "close()").replace("import smtplib", "import smtplib\n\nPORT = 25")
USE = "from old import legacy_price\n\nPRICE = legacy_price()\n"
DISCOUNT_TEST = "\n\ndef test_discount():\n    cart = Cart()\n    cart.add(10)\n    assert cart.discount(10) == 9\n"


@pytest.fixture
def mixed(shop: GitLab) -> GitLab:
    """Two things in one change: a discount with its test, and mail that closes; and the documentation of neither."""
    shop.commit("feat(mail): send receipts", {"src/mail.py": MAIL})
    test = (shop.root / "tests/test_cart.py").read_text() + DISCOUNT_TEST
    shop.write({"src/cart.py": DISCOUNT, "tests/test_cart.py": test, "src/mail.py": MAIL_LATER})
    return shop


async def plan(rig: GitRig, what: str = "all", **fields: object) -> SplitPlan:
    """A plan of what is staged, or of everything."""
    return await rig.ask(PlanSplit.model_validate({"project": rig.project.id, "what": what, **fields}))


async def commit(rig: GitRig, planned: SplitPlan, **fields: object) -> SplitAnswer:
    """Make its commits."""
    return await rig.ask(CommitSplit.model_validate({"project": rig.project.id, "plan": planned.id, **fields}))


def files_of(planned: SplitPlan) -> list[set[str]]:
    """Files of each commit."""
    return [set(one.files) for one in planned.commits]


async def test_a_mixed_change_is_taken_apart_by_symbol(rig: GitRig, mixed: GitLab) -> None:
    status, refs = mixed.git("status", "--porcelain"), mixed.refs()
    planned = await plan(rig)
    assert {"src/cart.py", "tests/test_cart.py"} in files_of(planned)
    assert {"src/mail.py"} in files_of(planned)
    assert planned.sound
    assert all(one.parses for one in planned.commits)
    assert sorted(hunk.id for hunk in planned.hunks) == sorted(name for one in planned.commits for name in one.hunks)
    assert (mixed.git("status", "--porcelain"), mixed.refs()) == (status, refs)
    discount = next(one for one in planned.commits if "src/cart.py" in one.files)
    assert "discount" in discount.why
    assert {hunk.symbol for hunk in planned.hunks if hunk.path == "src/cart.py"} == {"Cart.discount"}


async def test_the_commits_add_up_and_the_files_are_never_touched(rig: GitRig, mixed: GitLab) -> None:
    before = {path: path.stat().st_mtime_ns for path in mixed.root.rglob("*.py")}
    head = mixed.head()
    planned = await plan(rig)
    made = await commit(rig, planned)
    assert mixed.git("rev-parse", "HEAD^{tree}").strip() == planned.tree
    assert mixed.git("status", "--porcelain") == ""
    assert {path: path.stat().st_mtime_ns for path in mixed.root.rglob("*.py")} == before
    assert mixed.log(f"{head}..HEAD") == [one.subject for one in reversed(made.commits)]
    trees = mixed.git("log", "--reverse", "--format=%T", f"{head}..HEAD").split()
    assert trees == [one.tree for one in planned.commits]
    events = [one for one in rig.bus.published if isinstance(one, CommitMade)]
    assert [one.commit for one in events] == [one.commit for one in made.commits]
    assert {one.operation for one in events} == {made.operation}


async def test_a_split_is_taken_back_as_one(rig: GitRig, mixed: GitLab) -> None:
    mixed.git("add", "src/mail.py")
    refs, status = mixed.refs(), mixed.git("status", "--porcelain")
    made = await commit(rig, await plan(rig))
    rig.desk.safety.undo(mixed.repository(), made.operation)
    assert (mixed.refs(), mixed.git("status", "--porcelain")) == (refs, status)


async def test_only_what_is_staged_is_split(rig: GitRig, mixed: GitLab) -> None:
    mixed.git("add", "src")
    planned = await plan(rig, "staged")
    assert set().union(*files_of(planned)) == {"src/cart.py", "src/mail.py"}
    await commit(rig, planned)
    assert mixed.git("status", "--porcelain") == " M tests/test_cart.py\n"


async def test_what_belongs_together_is_not_split(rig: GitRig, shop: GitLab) -> None:
    assert (await plan(rig)).reason == "there is nothing to commit"
    test = (shop.root / "tests/test_cart.py").read_text() + DISCOUNT_TEST
    shop.write({"src/cart.py": DISCOUNT, "tests/test_cart.py": test})
    planned = await plan(rig)
    assert planned.id == ""
    assert planned.reason.startswith("everything belongs together: defines and uses discount")


async def test_a_person_orders_moves_and_words_commits(rig: GitRig, mixed: GitLab) -> None:
    planned = await plan(rig)
    first, second = planned.commits[0], planned.commits[-1]
    changed = await rig.ask(
        ChangeSplit(
            project=rig.project.id,
            plan=planned.id,
            commits=[
                SplitPart(id=second.id, message="fix: mine"),
                SplitPart(hunks=[first.hunks[0]]),
                SplitPart(id=first.id, hunks=first.hunks[1:]),
                *(SplitPart(id=one.id) for one in planned.commits[1:-1]),
            ],
        )
    )
    assert changed.tree == planned.tree
    assert changed.commits[0].message == "fix: mine"
    assert changed.commits[0].hunks == second.hunks
    assert changed.commits[1].hunks == [first.hunks[0]]
    assert all(one.message for one in changed.commits)
    await commit(rig, changed, unsound_ok=True)
    assert mixed.git("rev-parse", "HEAD^{tree}").strip() == planned.tree


async def test_a_commit_that_needs_a_later_one_is_told_and_held_back(rig: GitRig, mixed: GitLab) -> None:
    planned = await plan(rig)
    together = next(one for one in planned.commits if "tests/test_cart.py" in one.files)
    hunks = {hunk.id: hunk.path for hunk in planned.hunks}
    tests = [name for name in together.hunks if hunks[name].startswith("tests/")]
    code = [name for name in together.hunks if name not in tests]
    rest = [SplitPart(id=one.id) for one in planned.commits if one.id != together.id]
    wrong = await rig.ask(
        ChangeSplit(
            project=rig.project.id,
            plan=planned.id,
            commits=[SplitPart(hunks=tests, message="test: first"), SplitPart(id=together.id, hunks=code), *rest],
        )
    )
    assert not wrong.sound
    assert wrong.commits[0].problems == ["it needs discount, which commit 2 has to deal with first"]
    with pytest.raises(GateClosed, match="it needs discount"):
        await commit(rig, wrong)
    right = await rig.ask(
        ChangeSplit(
            project=rig.project.id,
            plan=wrong.id,
            commits=[SplitPart(id=one.id) for one in (wrong.commits[1], wrong.commits[0], *wrong.commits[2:])],
        )
    )
    assert right.sound
    assert right.commits[1].needs == [f"{right.commits[0].id} (discount)"]


def parts_of(planned: SplitPlan, case: str) -> list[SplitPart]:
    """A plan that cannot be."""
    first, *rest = planned.commits
    kept = [SplitPart(id=one.id) for one in rest]
    return {
        "missing": [SplitPart(id=first.id, hunks=first.hunks[:-1]), *kept],
        "twice": [SplitPart(id=first.id), *kept, SplitPart(hunks=[first.hunks[0]])],
        "unknown": [SplitPart(id=first.id, hunks=[*first.hunks, "ffffffff"]), *kept],
        "no commit": [SplitPart(id="ZZ"), *kept],
    }[case]


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("missing", "is in no commit"),
        ("twice", "in two commits"),
        ("unknown", "not in this plan"),
        ("no commit", "no commit 'ZZ'"),
    ],
)
async def test_every_hunk_is_in_exactly_one_commit(rig: GitRig, mixed: GitLab, case: str, told: str) -> None:
    planned = await plan(rig)
    wanted = parts_of(planned, case)
    with pytest.raises(UsageProblem, match=told):
        await rig.ask(ChangeSplit(project=rig.project.id, plan=planned.id, commits=wanted))


async def test_a_plan_is_void_once_the_change_is_another(rig: GitRig, mixed: GitLab) -> None:
    planned = await plan(rig)
    mixed.write({"src/mail.py": MAIL})
    head = mixed.head()
    with pytest.raises(DraftOutdated, match="not what it was"):
        await commit(rig, planned)
    with pytest.raises(DraftOutdated, match="not what it was"):
        await rig.ask(ChangeSplit(project=rig.project.id, plan=planned.id, commits=[SplitPart(id="A")]))
    with pytest.raises(DraftOutdated, match="no plan"):
        await rig.ask(CommitSplit(project=rig.project.id, plan="none"))
    assert mixed.head() == head


async def test_a_hook_that_refuses_in_the_middle_takes_all_back(rig: GitRig, mixed: GitLab) -> None:
    planned = await plan(rig)
    assert len(planned.commits) > 1
    place = mixed.root / ".git/hooks/pre-commit"
    place.write_text("#!/bin/sh\ntest -f .git/seen || { touch .git/seen; exit 0; }\necho enough; exit 1\n")
    place.chmod(0o755)
    mixed.git("add", "src/mail.py")
    refs, status = mixed.refs(), mixed.git("status", "--porcelain")
    with pytest.raises(HookRefused, match="enough") as refused:
        await commit(rig, planned)
    assert "taken back" in refused.value.hint
    assert refused.value.message.startswith("commit 2 (")
    assert (mixed.refs(), mixed.git("status", "--porcelain")) == (refs, status)


async def test_gates_and_concerns_hold_for_splits_too(rig: GitRig, mixed: GitLab) -> None:
    mixed.git("branch", "--force", "main")
    mixed.switch("main")
    planned = await plan(rig)
    assert planned.protected
    for dry_run in (True, False):
        with pytest.raises(ProtectedBranch):
            await commit(rig, planned, dry_run=dry_run)
    dry = await commit(rig, planned, dry_run=True, protected_ok=True)
    assert (dry.commits, dry.operation) == ([], "")
    mixed.write({".env": "KEY=1\n"})
    planned = await plan(rig)
    assert [one.rule for one in planned.concerns if one.blocks] == ["env-file"]
    with pytest.raises(CommitBlocked, match="env-file"):
        await commit(rig, planned, protected_ok=True)


async def test_the_first_commits_of_a_repository_can_be_split(rig: GitRig, shop: GitLab) -> None:
    shop.git("switch", "--quiet", "--orphan", "fresh")
    shop.write({"a/one.py": "def first_thing():\n    return 1\n", "docs/guide.md": "# How\n"})
    shop.git("add", "--all")
    planned = await plan(rig)
    assert files_of(planned) == [{"a/one.py"}, {"docs/guide.md"}]
    made = await commit(rig, planned)
    assert shop.log() == [one.subject for one in reversed(made.commits)]


async def test_renames_modes_links_and_binaries_go_as_a_whole(rig: GitRig, shop: GitLab) -> None:
    shop.commit("chore: more", {"run.sh": "#!/bin/sh\necho\n", "logo.bin": b"\0\1" * 40})
    (shop.root / "run.sh").chmod(0o755)
    shop.git("mv", "README.md", "GUIDE.md")
    shop.write({"logo.bin": b"\0\2" * 40, "src/cart.py": None})
    (shop.root / "latest").symlink_to("GUIDE.md")
    planned = await plan(rig)
    assert {hunk.path for hunk in planned.hunks if hunk.whole} == {
        "run.sh",
        "GUIDE.md",
        "logo.bin",
        "src/cart.py",
        "latest",
    }
    guide = next(hunk for hunk in planned.hunks if hunk.path == "GUIDE.md")
    assert (guide.old_path, guide.added, guide.removed, guide.diff) == ("README.md", 0, 0, "")
    if planned.id:
        await commit(rig, planned)
        assert shop.git("rev-parse", "HEAD^{tree}").strip() == planned.tree
        assert shop.git("status", "--porcelain") == ""


def test_any_part_of_a_change_gives_a_file_between_both(shop: GitLab) -> None:
    chance = random.Random(3)
    old = [f"line {number}\n".encode() for number in range(60)]
    for number in range(20):
        new = list(old)
        for _ in range(6):
            at = chance.randrange(len(new))
            new[at : at + chance.randrange(3)] = [f"new {chance.random()}\n".encode()] * chance.randrange(3)
        ends = (b"" if number % 2 else b"last", b"end" if number % 3 else b"")
        shop.commit(f"chore: {number}", {"lines.txt": b"".join(old) + ends[0]})
        shop.write({"lines.txt": b"".join(new) + ends[1]})
        shop.git("add", "lines.txt")
        tree = shop.git("write-tree").strip()
        [change] = read_pieces(shop.repository(), "HEAD", tree)
        every = {piece.id for piece in change.pieces}
        assert build_file(change, change.pieces, every) == change.new
        assert change.pieces[0].whole or build_file(change, change.pieces, set()) == change.old
        some = {piece.id for piece in change.pieces if chance.random() < 0.5}
        built = build_file(change, change.pieces, some) or b""
        known = set((change.old or b"").split(b"\n")) | set((change.new or b"").split(b"\n"))
        assert set(built.split(b"\n")) <= known | {b""}
        shop.commit("chore: on", {})


APART = "def f():\n    x = 0\n    # keep\n    y = 0\n    return 1\n\n\ndef g():\n    return 1\n"
JOINED = "def f():\n    x = (\n    # keep\n    0)\n    return 1\n\n\ndef g():\n    return 2\n"


def test_pieces_that_only_parse_together_become_one_commit(shop: GitLab) -> None:
    shop.commit("feat: f", {"f.py": APART})
    shop.write({"f.py": JOINED})
    shop.git("add", "f.py")
    files = read_pieces(shop.repository(), "HEAD", shop.git("write-tree").strip())
    names = [piece.id for piece in files[0].pieces]
    assert len(names) == 3
    ordered = order_groups([Group([name], "symbols", name) for name in names], [], files)
    assert [sorted(group.pieces) for group in ordered] == [sorted(names[:2]), [names[2]]]
    assert "only parse together" in ordered[0].why
    first = build_file(files[0], files[0].pieces, set(names[:2])) or b""
    assert count_syntax_errors("f.py", first) == 0


async def test_a_commit_that_does_not_parse_is_told(rig: GitRig, shop: GitLab) -> None:
    shop.commit("feat: f", {"f.py": APART})
    shop.write({"f.py": JOINED, "notes.md": "# Notes\n"})
    planned = await plan(rig)
    assert planned.sound
    names = [hunk.id for hunk in planned.hunks if hunk.path == "f.py"]
    [notes] = [hunk.id for hunk in planned.hunks if hunk.path == "notes.md"]
    wanted = [SplitPart(hunks=[names[0]]), SplitPart(hunks=names[1:]), SplitPart(hunks=[notes])]
    changed = await rig.ask(ChangeSplit(project=rig.project.id, plan=planned.id, commits=wanted))
    assert [(one.parses, one.problems) for one in changed.commits] == [
        (False, ["f.py does not parse here"]),
        (True, []),
        (None, []),
    ]


def test_a_very_large_change_is_grouped_by_folder() -> None:
    pieces = [
        Piece(f"{number}", f"pkg/part{number % 4}/f{number}.py", new_start=1, new_lines=1, new=f"name_{number} = 1\n")
        for number in range(200)
    ]
    facts = {piece.id: Facts(piece, "code") for piece in pieces}
    groups = group_pieces(facts)
    assert [len(group.pieces) for group in groups] == [50, 50, 50, 50]
    assert {len({facts[name].path.split("/")[1] for name in group.pieces}) for group in groups} == {1}


def test_groups_that_need_one_another_become_one() -> None:
    groups = [Group([name], "symbols", name) for name in "abcd"]
    needs = [("a", "b", "x"), ("b", "c", "y"), ("c", "a", "z"), ("d", "a", "w")]
    ordered = order_groups(groups, needs, [])
    assert [sorted(group.pieces) for group in ordered] == [["d"], ["a", "b", "c"]]
    assert "need one another" in ordered[1].why


def test_set_up_comes_first_and_documentation_last() -> None:
    kinds = ["docs", "tests", "feature", "dependencies", "formatting", "build"]
    groups = [Group([kind], kind, kind) for kind in kinds]  # pyright: ignore[reportArgumentType]
    ordered = [group.kind for group in order_groups(groups, [], [])]
    assert ordered == ["formatting", "dependencies", "build", "feature", "tests", "docs"]


def test_spacing_is_told_from_meaning(shop: GitLab) -> None:
    old = "def f(a, b):\n    return a + b\n\n\nprint(f( 1,2 ))\n"
    shop.commit("feat: f", {"f.py": old})
    shop.write({"f.py": old.replace("f( 1,2 )", "f(1, 2)").replace("    return a + b", "    if a:\n        return b")})
    shop.git("add", "f.py")
    facts = read_facts(read_pieces(shop.repository(), "HEAD", shop.git("write-tree").strip()))
    assert [one.formatting for one in facts.values()] == [False, True]


def test_another_spelling_in_documentation_is_not_spacing(shop: GitLab) -> None:
    shop.commit("docs: more", {"docs/a.md": "# Quickstart\n\nTwo  words.\n"})
    shop.write({"docs/a.md": "# Quick start\n\nTwo words.\n"})
    shop.git("add", "docs")
    facts = read_facts(read_pieces(shop.repository(), "HEAD", shop.git("write-tree").strip()))
    assert [one.formatting for one in facts.values()] == [False, True]


def test_what_is_only_alike_is_not_said_to_use_a_new_name(shop: GitLab) -> None:
    shop.commit("feat: rate", {"src/rate.py": "def rate():\n    return 1\n"})
    shop.write(
        {"src/rate.py": "def rate():\n    return 2\n", "src/price.py": "def cart_price(cart):\n    return cart\n"}
    )
    shop.git("add", "src")
    facts = read_facts(read_pieces(shop.repository(), "HEAD", shop.git("write-tree").strip()))
    (group,) = group_pieces(facts, weights=Weights(join=-100.0))
    assert group.why == "defines and uses cart_price; beside it, as alike: rate"


async def test_a_name_that_goes_goes_after_its_last_use(rig: GitRig, shop: GitLab) -> None:
    shop.commit(
        "feat: old",
        {
            "src/old.py": "def legacy_price():\n    return 1\n",
            "src/use.py": "from old import legacy_price\n\nPRICE = legacy_price()\n",
        },
    )
    shop.write({"src/old.py": None, "src/use.py": "PRICE = 1\n"})
    planned = await plan(rig)
    order: list[SplitCommit] = planned.commits
    places = {path: number for number, one in enumerate(order) for path in one.files}
    assert places["src/use.py"] <= places["src/old.py"]
    assert planned.sound
    assert all(a.tree != b.tree for a, b in pairwise(order))
