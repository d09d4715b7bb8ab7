"""What a draft says: message, task, what breaks, what a model may add, what never leaves."""

from __future__ import annotations

import pytest

from aura_git.commits.contract import Habits
from aura_git.commits.drafting_masks import mask_diff
from aura_git.commits.drafting_tasks import task_footer, task_of
from aura_shared.bus import Context
from aura_shared.errors import NoModel, UnknownRef, UsageProblem
from aura_shared.messages.commits import CommitDraft, DraftCommit, LintAnswer, LintMessages, PlanSplit
from aura_shared.messages.review import ApiChange, GatherReview, ReviewFacts
from aura_shared.messages.wording import DroppedWords, WordCommit, WordedCommit
from commits_lab import CART
from git_lab import GitLab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G1")

ROUNDED = CART.replace("return math.fsum(self.prices)", "return round(math.fsum(self.prices), 2)")
TOKEN = "ghp_" + "x7Kq2LmZ9vRt4WcY8bNs3HdJ6fPg1AeQ5uTi"


async def draft(rig: GitRig, **fields: object) -> CommitDraft:
    """A draft of everything, or of what the fields say."""
    return await rig.ask(DraftCommit.model_validate({"project": rig.project.id, "what": "all", **fields}))


class Model:
    """A service that words commits as a test says, and keeps what it was asked."""

    def __init__(self, rig: GitRig, answer: WordedCommit | None) -> None:
        self.asked: list[WordCommit] = []
        self._answer = answer
        rig.hub.connect("factory").serve(WordCommit, self._word)

    async def _word(self, request: WordCommit, _context: Context) -> WordedCommit:
        self.asked.append(request)
        if self._answer is None:
            raise NoModel("no model is there for this")
        return self._answer


async def test_a_draft_is_in_the_habits_of_the_repository(rig: GitRig, shop: GitLab) -> None:
    shop.write({"README.md": "# Shop\n\nSell many things.\n"})
    drafted = await draft(rig)
    assert drafted.message is not None
    assert drafted.message.text.startswith("docs")
    assert drafted.message.text.split("\n")[0].endswith(drafted.message.description)
    assert sum(one.confidence for one in drafted.types) <= 1.001
    assert drafted.reasons
    assert drafted.problems == []
    assert drafted.worded_by == "repository"
    assert all(line != drafted.message.text for line in drafted.alternatives)


async def test_a_person_chooses_type_scope_and_task(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    drafted = await draft(rig, kind="perf", scope="", breaking=True, task="#7")
    assert drafted.message is not None
    assert drafted.message.text.startswith("perf!: ")
    assert drafted.message.footers == ["Refs: #7"]
    assert (drafted.task, drafted.task_from) == ("#7", "as you said")


HASHES = Habits(commits=50, issue_form="#12", footers={"Refs": 9, "Closes": 30})
KEYS = Habits(commits=50, issue_form="PROJ-12", footers={"Jira": 12})


@pytest.mark.parametrize(
    ("branch", "habits", "task"),
    [
        ("feature/PROJ-12-cart", KEYS, "PROJ-12"),
        ("PROJ-12", KEYS, "PROJ-12"),
        ("feature/PROJ-12-and-PROJ-13", KEYS, ""),
        ("feature/PROJ-12-cart", HASHES, ""),
        ("feature/PROJ-12-cart", Habits(), ""),
        ("fix/UTF-8-names", KEYS, ""),
        ("fix/123-cart", HASHES, "#123"),
        ("issue-9", HASHES, "#9"),
        ("fix/gh-9-cart", HASHES, "#9"),
        ("release/1.2.3", HASHES, ""),
        ("v2-api", HASHES, ""),
        ("fix/123-cart", Habits(), ""),
        ("main", HASHES, ""),
        ("fix/123-cart", Habits(commits=50, issue_form="#12", footers={"See": 1}), ""),
    ],
)
def test_a_task_is_linked_only_when_it_is_certain(branch: str, habits: Habits, task: str) -> None:
    assert task_of(branch, habits).task == task


def test_a_task_is_linked_as_messages_here_do_and_never_closed() -> None:
    assert task_footer("PROJ-12", KEYS).token == "Jira"
    assert task_footer("#12", HASHES).token == "Refs"
    assert task_footer("#12", Habits(footers={"Closes": 30, "Fixes": 3, "See": 1})).token == "Refs"


async def test_a_branch_that_names_a_task_is_linked(rig: GitRig, shop: GitLab) -> None:
    for number in range(4):
        shop.commit(f"fix(cart): thing {number}\n\nRefs: #{number + 10}", {"n.txt": str(number)})
    shop.branch("fix/42-rounding")
    shop.write({"src/cart.py": ROUNDED})
    drafted = await draft(rig)
    assert drafted.message is not None
    assert (drafted.task, drafted.task_from) == ("#42", "the branch fix/42-rounding")
    assert drafted.message.text.endswith("\n\nRefs: #42")


async def test_a_model_words_what_was_chosen(rig: GitRig, shop: GitLab) -> None:
    answer = WordedCommit(
        description="round the total to cents",
        body="Sums of floats had a tail.\n\nIt calls `Ledger.balance` for this.",
        model="ollama/small",
        seconds=1.0,
        dropped=[DroppedWords(text="see Foo", reason="names Foo")],
    )
    model = Model(rig, answer)
    shop.write({"src/cart.py": ROUNDED})
    plain = await draft(rig, model=False)
    drafted = await draft(rig)
    assert plain.message is not None
    assert drafted.message is not None
    assert (drafted.worded_by, drafted.model) == ("model", "ollama/small")
    assert (drafted.message.kind, drafted.message.scope) == (plain.message.kind, plain.message.scope)
    assert drafted.message.description == "round the total to cents"
    assert drafted.message.body == "Sums of floats had a tail."
    assert drafted.dropped == [
        "“see Foo”: names Foo",
        "“It calls `Ledger.balance` for this.”: it names Ledger.balance, which the change does not hold",
    ]
    [asked] = model.asked
    assert (asked.kind, asked.scope, asked.max_header) == (plain.message.kind, plain.message.scope, 72)
    assert asked.files == ["M src/cart.py"]
    assert asked.prefix.endswith(": ")
    assert "round(math.fsum" in asked.diff
    assert asked.examples[0].startswith("test(cart): ")


async def test_a_description_that_names_what_is_not_there_is_not_taken(rig: GitRig, shop: GitLab) -> None:
    Model(rig, WordedCommit(description="use `BankClient.charge`", model="m/m", seconds=0))
    shop.write({"src/cart.py": ROUNDED})
    plain, drafted = await draft(rig, model=False), await draft(rig)
    assert plain.message is not None
    assert drafted.message is not None
    assert drafted.message.description == plain.message.description
    assert "BankClient.charge" in drafted.dropped[0]


async def test_a_long_description_is_cut_at_a_word(rig: GitRig, shop: GitLab) -> None:
    Model(rig, WordedCommit(description="round " + "the total " * 12, model="m/m", seconds=0))
    shop.write({"src/cart.py": ROUNDED})
    drafted = await draft(rig)
    assert drafted.message is not None
    header = drafted.message.text.split("\n")[0]
    assert 60 < len(header) <= 72
    assert header.endswith(("the", "total"))


async def test_without_a_model_the_reason_is_told(rig: GitRig, shop: GitLab) -> None:
    Model(rig, None)
    shop.write({"src/cart.py": ROUNDED})
    drafted = await draft(rig)
    assert (drafted.worded_by, drafted.model) == ("repository", "no model worded it: no model is there for this")


async def test_secrets_reach_no_model_and_no_reply(rig: GitRig, shop: GitLab) -> None:
    model = Model(rig, WordedCommit(description="configure access", model="m/m", seconds=0))
    shop.commit("feat: access", {"src/access.py": f'GITHUB_TOKEN = "{TOKEN}"\nLIMIT = 3\n'})
    shop.write({"src/access.py": "LIMIT = 4\n", "src/other.py": f'"""New."""\nGITHUB_TOKEN = "{TOKEN}"\n'})
    drafted = await draft(rig)
    planned = await rig.ask(PlanSplit(project=rig.project.id, what="all"))
    assert TOKEN not in model.asked[0].diff
    assert TOKEN not in drafted.model_dump_json()
    assert TOKEN not in planned.model_dump_json()
    assert "LIMIT = 4" in model.asked[0].diff
    assert any("2 lines that may hold a secret" in text for text in drafted.warnings)
    assert {(one.path, one.blocks) for one in drafted.concerns} == {("src/other.py", True)}


def test_a_whole_key_is_taken_out_of_a_diff() -> None:
    body = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB"
    lines = ["+-----BEGIN RSA PRIVATE KEY-----", *[f"+{body}{n}" for n in range(5)], "+-----END RSA PRIVATE KEY-----"]
    diff = "\n".join(
        ["diff --git a/k b/k", "--- /dev/null", "+++ b/k", "@@ -0,0 +1,9 @@", "+first", *lines, "+last", ""]
    )
    masked, count = mask_diff(diff + diff.replace("\n+", "\n-").replace("-++ b/k", "+++ b/k"))
    assert body not in masked
    assert count == 14
    assert masked.count("[left out: private-key]") == 14
    assert "+first\n" in masked
    assert "-last\n" in masked


async def test_what_breaks_callers_is_marked(rig: GitRig, shop: GitLab) -> None:
    asked: list[GatherReview] = []

    async def review(request: GatherReview, _context: Context) -> ReviewFacts:
        asked.append(request)
        gone = ApiChange(symbol="Cart.total", path="src/cart.py", kind="removed", breaking=True, detail="was there")
        return ReviewFacts(api=[gone], title="x")

    rig.hub.connect("code").serve(GatherReview, review)
    shop.write({"src/cart.py": CART.replace("def total(", "def sum_up(")})
    drafted = await draft(rig)
    assert drafted.message is not None
    assert [(one.symbol, one.reason) for one in drafted.breaking] == [("Cart.total", "removed: was there")]
    assert drafted.message.breaking
    assert "!: " in drafted.message.text
    assert "BREAKING CHANGE: `Cart.total` was removed" in drafted.message.text
    assert drafted.breaking_unchecked == ""
    shop.git("add", "--all")
    await draft(rig, what="staged")
    assert [one.what for one in asked] == ["work-tree", "staged"]


async def test_interfaces_that_could_not_be_compared_are_told(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    assert (await draft(rig)).breaking_unchecked.startswith("interfaces were not compared")


async def test_a_mixed_change_offers_to_be_split(rig: GitRig, shop: GitLab) -> None:
    shop.commit("feat: mail", {"src/mail.py": "def send_mail(to):\n    return to\n"})
    shop.write({"src/cart.py": ROUNDED})
    assert (await draft(rig)).mixed == 0
    shop.write({"src/mail.py": "def send_mail(receiver):\n    return receiver.lower()\n"})
    assert (await draft(rig)).mixed == 2


async def test_a_tree_that_git_is_about_to_commit_gets_a_text_alone(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED, "README.md": "other\n"})
    shop.git("add", "src/cart.py")
    tree = shop.git("write-tree").strip()
    shop.git("reset", "--quiet")
    drafted = await draft(rig, tree=tree, what="staged")
    assert drafted.message is not None
    assert (drafted.id, drafted.tree) == ("", tree)
    assert [file.path for file in drafted.files] == ["src/cart.py"]


async def test_names_that_are_no_utf8_can_be_committed(rig: GitRig, shop: GitLab) -> None:
    (shop.root / "caf\udce9.txt").write_text("x\n")
    drafted = await draft(rig)
    assert [file.path for file in drafted.files] == ["caf�.txt"]


async def lint(rig: GitRig, **fields: object) -> LintAnswer:
    """What is wrong with messages."""
    return await rig.ask(LintMessages.model_validate({"project": rig.project.id, **fields}))


async def test_the_commits_of_the_branch_are_checked(rig: GitRig, shop: GitLab) -> None:
    assert (await lint(rig)).commits == []
    shop.commit("Fixed Stuff.", {"a.txt": "a"})
    shop.commit("fix(cart): round the total", {"b.txt": "b"})
    answer = await lint(rig)
    assert (answer.range, answer.range_from) == ("main..HEAD", "not on main yet")
    assert [(one.subject, bool(one.problems)) for one in answer.commits] == [
        ("Fixed Stuff.", True),
        ("fix(cart): round the total", False),
    ]
    assert answer.errors >= 1
    assert (await lint(rig, range="HEAD~1..HEAD")).errors == 0
    assert (await lint(rig, text="nope")).errors >= 1
    with pytest.raises(UnknownRef):
        await lint(rig, range="nowhere..HEAD")


async def test_the_upstream_counts_as_the_base(rig: GitRig, shop: GitLab) -> None:
    shop.git("branch", "--quiet", "kept")
    shop.git("branch", "--quiet", "--set-upstream-to", "kept")
    shop.commit("nonsense", {"a.txt": "a"})
    answer = await lint(rig)
    assert (answer.range, len(answer.commits)) == ("kept..HEAD", 1)


async def test_what_a_remote_does_not_have_is_checked(rig: GitRig, shop: GitLab) -> None:
    shop.git("update-ref", "refs/remotes/origin/main", "main")
    shop.git("branch", "--quiet", "-D", "main")
    shop.commit("nonsense", {"a.txt": "a"})
    assert (await lint(rig)).range == "origin/main..HEAD"
    shop.git("update-ref", "-d", "refs/remotes/origin/main")
    answer = await lint(rig)
    assert (answer.range, len(answer.commits)) == ("HEAD", 4)


async def test_a_branch_without_a_commit_has_nothing_to_check(rig: GitRig, shop: GitLab) -> None:
    shop.git("switch", "--quiet", "--orphan", "fresh")
    with pytest.raises(UsageProblem, match="no commit yet"):
        await lint(rig)
