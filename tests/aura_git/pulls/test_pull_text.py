"""The text of a pull request, owners, templates, addresses of forges, and parts that are renewed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aura_git.pulls.blocks import block, renew
from aura_git.pulls.body import Facts, body_of, title_of
from aura_git.pulls.dependencies import dependency_changes
from aura_git.pulls.forges import Forge, find_forge, read_address
from aura_git.pulls.gathering import find_base, find_reviewers, read_branch, tasks_of
from aura_git.pulls.owners import parse_owners
from aura_git.pulls.service import PullService
from aura_git.pulls.templates import fill, headings_of
from aura_git.pulls.tokens import variables_of
from aura_git.pulls.trying import Tried, Trier
from aura_shared.bus import Context
from aura_shared.errors import GateClosed, NotFound, UnknownRef
from aura_shared.messages.pulls import DraftPull, ForgeKind, ReviewPull
from aura_shared.messages.review import ApiChange, GatherReview, ReviewFacts, ReviewRisk, UntestedChange
from aura_shared.messages.testing import RanTests, RunTests
from aura_shared.messages.wording import WordedPull, WordPull
from git_lab import GitLab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G4")

TEMPLATE = """\
# Description

<!-- Say what and why. -->

## Motivation and context
<!-- A comment
over two lines -->

## How was this tested?

## AI disclosure

## Screenshots

## Checklist
- [ ] I ran the tests
"""


@pytest.mark.parametrize(
    ("address", "host", "path"),
    [
        ("git@github.com:ada/shop.git", "github.com", "ada/shop"),
        ("ssh://git@ssh.github.com:443/ada/shop.git", "github.com", "ada/shop"),
        ("https://ada:secret@gitlab.example.com:8443/a/b/c/shop.git/", "gitlab.example.com:8443", "a/b/c/shop"),
        ("ssh://git@forge.local:2222/ada/shop", "forge.local", "ada/shop"),
        ("https://[::1]:3000/ada/shop", "[::1]:3000", "ada/shop"),
        ("git@forge:ada/shop", "forge", "ada/shop"),
    ],
)
def test_addresses_of_every_form_are_read(address: str, host: str, path: str) -> None:
    found = read_address(address)
    assert found is not None
    assert (found.host, found.path, found.scheme) == (host, path, "https")


@pytest.mark.parametrize(
    "address", ["/srv/shop.git", "file:///srv/shop.git", "../shop", "C:/shop", "https://h/a b", ""]
)
def test_folders_and_odd_addresses_are_no_forge(address: str) -> None:
    assert read_address(address) is None


@pytest.mark.parametrize(
    ("kind", "host", "environ", "names"),
    [
        ("github", "github.com", {}, ("GH_TOKEN", "GITHUB_TOKEN")),
        ("github", "github.evil.invalid", {"GH_HOST": "ghe.local"}, ()),
        ("github", "ghe.local", {"GH_HOST": "ghe.local"}, ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")),
        ("gitlab", "gitlab.com", {}, ("GITLAB_TOKEN",)),
        ("gitlab", "gitlab.com", {"GITLAB_HOST": "https://git.local/"}, ()),
        ("gitlab", "git.local", {"GITLAB_HOST": "https://git.local/"}, ("GITLAB_TOKEN",)),
        ("gitea", "codeberg.org", {}, ("GITEA_TOKEN", "FORGEJO_TOKEN")),
        ("gitea", "gitea.evil.invalid", {}, ()),
    ],
)
def test_a_token_belongs_to_one_host(
    kind: ForgeKind, host: str, environ: dict[str, str], names: tuple[str, ...]
) -> None:
    assert variables_of(Forge(kind, host, "ada/shop"), environ) == names


def test_pages_and_interfaces_have_the_addresses_of_their_forge() -> None:
    assert Forge("github", "github.com", "ada/shop").api == "https://api.github.com"
    assert Forge("github", "ghe.local", "ada/shop").api == "https://ghe.local/api/v3"
    lab = Forge("gitlab", "gitlab.com", "a/b/c")
    assert lab.compare_url("main", "x/y") == (
        "https://gitlab.com/a/b/c/-/merge_requests/new?merge_request%5Bsource_branch%5D=x%2Fy"
        "&merge_request%5Btarget_branch%5D=main"
    )
    assert Forge("none", "h", "a/b").compare_url("main", "x") == ""


@pytest.mark.parametrize(
    ("kind", "text", "path", "owners"),
    [
        ("github", "* @a\n*.py @b\n", "x/y.py", ("@b",)),
        ("github", "* @a\n/docs/ @b\n", "x/docs/y", ("@a",)),
        ("github", "docs/* @b\n", "docs/a/b.md", ()),
        ("github", "docs/* @b\n", "docs/b.md", ("@b",)),
        ("github", "apps/ @b\n", "x/apps/y/z", ("@b",)),
        ("github", "**/logs @b\n", "a/b/logs/c", ("@b",)),
        ("github", "/src @a # all\n/src/free\n", "src/free/x", ()),
        ("github", "a\\ b.md @a\n", "a b.md", ("@a",)),
        ("github", "* @a\n!x.py @b\n", "x.py", ("@a",)),
        ("gitlab", "* @a\n[Docs][2] @d\n*.md\n^[docs]\n/x.md @e mail@x.org\n", "x.md", ("@a", "@e", "mail@x.org")),
        ("gitlab", "[Code] @c\n*\n!*.lock\n*.lock @d\n", "a.lock", ()),
        ("gitea", ".*\\.go @g\nsrc/.* @s\n!src/.* @o\n", "src/a.go", ("@g", "@s")),
        ("gitea", "( @x\n.* @y\n", "a", ("@y",)),
    ],
)
def test_owners_are_found_as_each_forge_does(kind: ForgeKind, text: str, path: str, owners: tuple[str, ...]) -> None:
    assert parse_owners(text, kind).of(path) == owners


def test_a_template_keeps_all_that_it_says_and_its_headings_are_filled() -> None:
    text, used = fill(TEMPLATE, {"changes": "C", "why": "W", "tests": "T", "disclosure": "D", "risk": "R"})
    assert used == {"changes", "why", "tests", "disclosure"}
    for line in TEMPLATE.split("\n"):
        assert line in text.split("\n")
    assert text.index("over two lines -->") < text.index("<!-- aura:begin why -->") < text.index("## How was")
    assert text.index("## AI disclosure") < text.index("<!-- aura:begin disclosure -->") < text.index("## Screenshots")
    assert headings_of("```\n# no\n```\n<!--\n# no\n-->\nYes\n---\n") == [(8, "Yes")]


def test_only_aura_s_parts_are_renewed() -> None:
    old = f"Mine.\n{block('all', 'one')}\nYours.\n"
    assert renew(old, block("all", "two")) == f"Mine.\n{block('all', 'two')}\nYours.\n"
    assert renew(renew(old, block("all", "two")), block("all", "two")) == renew(old, block("all", "two"))
    assert renew("By hand.", block("all", "two")) == f"By hand.\n\n{block('all', 'two')}\n"
    assert renew(block("why", "a"), f"{block('why', 'b')}\n{block('more', 'c')}") == block("why", "b")
    for damaged in ("<!-- aura:begin all -->\nx", "<!-- aura:end all -->", block("all", "a") * 2):
        with pytest.raises(GateClosed, match="damaged"):
            renew(damaged, block("all", "b"))


def test_title_tasks_reviewers_and_parts_come_from_git(shop: GitLab) -> None:
    shop.commit("fix(api)!: drop `old` <!-- aura:end all -->\n\nBREAKING CHANGE: `old` is gone\nCloses: #13")
    repository = shop.repository()
    branch = read_branch(repository, "feature/12-cart", find_base(repository, "feature/12-cart", ""))
    assert title_of(branch).startswith("fix(api)!: drop `old`")
    assert [(task.name, task.closes) for task in tasks_of(branch)] == [("#12", False), ("#13", True)]
    reviewers, path, _ = find_reviewers(repository, branch, "github")
    assert path == ".github/CODEOWNERS"
    assert [(one.name, one.source) for one in reviewers] == [
        ("@ada/cart", "CODEOWNERS"), ("@everyone", "CODEOWNERS"), ("Bea <bea@localhost>", "blame"),
    ]  # fmt: skip
    review = ReviewFacts(
        api=[
            ApiChange(symbol="total", path="src/cart.py", kind="signature", breaking=True, detail="a → b", users=2),
            ApiChange(symbol="fresh", path="src/cart.py", kind="added", breaking=False, detail="new"),
        ],
        untested=[UntestedChange(symbol="total", path="src/cart.py", line=1, reason="none")],
        risk=ReviewRisk(level="high", score=0.9, factors=["callers: 2"]),
    )
    body = body_of(Facts(branch, tasks=tasks_of(branch), review=review, reviewers=reviewers))
    assert body.count("<!-- aura:") == 2
    for said in (
        "- Closes #13", "**Breaking** (said by", "`total` in `src/cart.py`: a → b; 2 uses known",
        "Public API added: `fresh`",
        "Overall: high (callers: 2)", "1 test file touched:", "Run by Aura: not run.",
        "3 commits, 2 files, +4/-2 lines.",
        "`@ada/cart`: owns 1 changed file", "`Bea`: wrote 2 changed lines",
    ):  # fmt: skip
        assert said in body
    worded = WordedPull(title="feat!: another type", model="m", seconds=1)
    assert title_of(branch, worded) == title_of(branch)


@pytest.mark.parametrize(
    ("ran", "said"),
    [(RanTests(outcome="passed", detail="pytest tests/test_cart.py: 2 passed in 0.1s", sandbox="bwrap", tests=["a"]),
      "(1 file): **passed**\n\n```text\npytest tests/test_cart.py: 2 passed in 0.1s\n```"),
     (RanTests(outcome="failed", detail="pytest a b\n1 failed, 2 passed\n```\n<!-- aura:end all -->", sandbox="bwrap",
               tests=["a", "b"]),
      "(2 files): **failed**\n\n````text\npytest a b\n1 failed, 2 passed\n```\n"),
     (RanTests(outcome="skipped", detail="the same run fails without the change as well", sandbox="bwrap", tests=["a"]),
      "(1 file): **no result**"),
     (RanTests(outcome="skipped", detail="no test reaches what changes"), "Run by Aura: not run (no test reaches what"),
     (None, "Run by Aura: not run (the factory does not answer).")],
    ids=["passed", "failed", "before", "none", "gone"],
)  # fmt: skip
def test_what_was_run_is_quoted_with_its_result_and_nothing_else_is_claimed(
    shop: GitLab, ran: RanTests | None, said: str
) -> None:
    repository = shop.repository()
    branch = read_branch(repository, "feature/12-cart", find_base(repository, "feature/12-cart", ""))
    tried = Tried(branch.tip, ran, "" if ran else "the factory does not answer")
    body = body_of(Facts(branch, tried=tried))
    assert said in body
    assert body.count("<!-- aura:") == 2
    assert ("**passed**" in body) == (ran is not None and ran.outcome == "passed")


async def test_tests_are_run_at_the_newest_commit_only_when_wished_for_and_remembered(shop: GitLab) -> None:
    rig = GitRig(shop.root, PullService)
    asked: list[RunTests] = []

    async def answer(request: RunTests, _context: Context) -> RanTests:
        asked.append(request)
        detail = f"pytest {shop.root}/tests/test_cart.py: 1 passed"
        return RanTests(outcome="passed", detail=detail, sandbox="bwrap", tests=["tests/test_cart.py"])

    async def text(*, tests: bool) -> str:
        return (await rig.ask(DraftPull(project=rig.project.id, model=False, tests=tests))).text.body

    assert "Run by Aura: not run." in await text(tests=False)
    assert "Run by Aura: not run (" in await text(tests=True)  # no factory
    rig.hub.connect("factory").serve(RunTests, answer)
    assert "**passed**\n\n```text\npytest tests/test_cart.py: 1 passed\n```" in await text(tests=True)
    assert "**passed**" in await text(tests=False)
    (request,) = asked
    assert request.tree == shop.git("rev-parse", "HEAD^{tree}").strip()
    assert request.base == shop.head("main")
    assert request.paths == ["src/cart.py", "tests/test_cart.py"]
    shop.commit("fix: more", {"src/cart.py": "x = 1\n"})
    assert "Run by Aura: not run." in await text(tests=False)


async def test_a_branch_that_leaves_the_project_alone_has_no_tests(shop: GitLab) -> None:
    repository = replace(shop.repository(), prefix="web/")
    branch = read_branch(repository, "feature/12-cart", find_base(repository, "feature/12-cart", ""))
    tried = await Trier(GitRig(shop.root).bus).tried(repository, branch, run=True)
    assert tried is not None
    assert tried.problem == "it touches no file of the project"


def test_dependencies_migrations_long_and_folded_files_are_risks(shop: GitLab) -> None:
    shop.switch("main")
    shop.commit("build: begin", {"package.json": '{"dependencies": {"a": "1", "b": "1"}}', "go.mod": "module x\n"})
    shop.branch("work")
    shop.commit(
        "build: more",
        {
            "package.json": '{"dependencies": {"a": "2", "c": "3"}}',
            "go.mod": "module x\n\nrequire (\n\tx.org/y v1.2.0\n)\n",
            "pyproject.toml": '[project]\ndependencies = ["httpx>=0.28"]\n'
            '[tool.poetry.dependencies]\nz = {version = "1"}\n',
            "Cargo.toml": "not toml [",
            "requirements.txt": "rich==13  # why\n-r other.txt\n",
            "setup.py": "setup()\n",
            "yarn.lock": "x\n" * 400,
            "db/migrations/001.sql": "select 1;\n",
            "src/long.py": "x = 1\n" * 400,
            "gen/made.py": "x = 1\n" * 400,
            "logo.png": b"\x89PNG\0\xff",
            ".gitattributes": "gen/** linguist-generated\n",
        },
    )
    repository = shop.repository()
    branch = read_branch(repository, "work", find_base(repository, "work", "", "main"))
    told = dependency_changes(repository, branch)
    for line in (
        "`package.json`: `a` `1` → `2`", "`package.json`: removes `b` `1`", "`package.json`: adds `c` `3`",
        "`go.mod`: adds `x.org/y` `v1.2.0`", "`pyproject.toml`: adds `httpx` `>=0.28`",
        "`pyproject.toml`: adds `z` `1`",
        "`requirements.txt`: adds `rich` `==13`", "`yarn.lock` changes (+400/-0)",
        "`setup.py` changes; packages in it were not compared",
    ):  # fmt: skip
        assert line in told
    assert any(line.startswith("`Cargo.toml`: could not be read") for line in told)
    body = body_of(Facts(branch, dependencies=told, not_analysed="no index", generated=frozenset({"gen/made.py"})))
    assert "- Migration: `db/migrations/001.sql`" in body
    assert "- Large change: `src/long.py` (+400/-0)" in body
    assert "Large change: `gen/made.py`" not in body
    assert "<summary>2 generated or vendored files</summary>" in body
    assert "not analysed: no index" in body
    assert "No test file is touched." in body


def test_a_stacked_branch_goes_into_its_parent(shop: GitLab) -> None:
    shop.branch("feature/on-top")
    shop.commit("feat: on top")
    repository = shop.repository()
    base = find_base(repository, "feature/on-top", "")
    assert (base.name, base.source) == ("feature/12-cart", "feature/on-top is stacked on it")
    assert find_base(repository, "feature/12-cart", "").name == "main"
    with pytest.raises(UnknownRef, match="no branch here"):
        find_base(repository, "feature/on-top", "", "nowhere")
    with pytest.raises(GateClosed, match="no commit"):
        read_branch(repository, "main", base)


@pytest.fixture
def rig(shop: GitLab) -> GitRig:
    """The service, without analysis and without a model."""
    return GitRig(shop.root, PullService)


async def test_a_draft_says_what_was_not_analysed_and_takes_the_template(shop: GitLab, rig: GitRig) -> None:
    shop.switch("main")
    shop.commit("docs: template", {".github/PULL_REQUEST_TEMPLATE.md": TEMPLATE})
    shop.switch("feature/12-cart")
    draft = await rig.ask(DraftPull(project="shop", model=False))
    assert draft.text.template == ".github/PULL_REQUEST_TEMPLATE.md"
    assert "no model worded it" in draft.text.body
    assert "- [ ] I ran the tests" in draft.text.body
    assert "not analysed" in draft.text.body
    assert draft.transport == "file"
    with pytest.raises(NotFound, match="no template 'other'"):
        await rig.ask(DraftPull(project="shop", template="other"))
    shop.git("switch", "--quiet", "--detach")
    with pytest.raises(GateClosed, match="detached"):
        await rig.ask(DraftPull(project="shop"))


async def test_a_branch_is_reviewed_by_facts_where_nobody_writes_a_review(shop: GitLab, rig: GitRig) -> None:
    asked: list[GatherReview] = []

    async def gather(request: GatherReview, _context: Context) -> ReviewFacts:
        asked.append(request)
        return ReviewFacts(title="feat: x", risk=ReviewRisk(level="low", score=0.1, factors=["small"]))

    rig.hub.connect("code").serve(GatherReview, gather)
    answer = await rig.ask(ReviewPull(project="shop"))
    assert answer.revision == f"{shop.head('main')}...{shop.head('feature/12-cart')}"
    assert "Risk: low (small)" in answer.content
    assert "facts only" in answer.content
    answer = await rig.ask(ReviewPull(project="shop", what="HEAD~1..HEAD"))
    assert asked[-1].revision == f"{shop.head('HEAD~1')}..{shop.head()}"
    with pytest.raises(UnknownRef):
        await rig.ask(ReviewPull(project="shop", what="--output=x..HEAD"))
    assert shop.git("status", "--porcelain", "--ignored") == ""


async def test_a_model_may_word_title_and_reason_and_is_named(shop: GitLab, rig: GitRig) -> None:
    asked: list[WordPull] = []

    async def word(request: WordPull, _context: Context) -> WordedPull:
        asked.append(request)
        return WordedPull(title="feat(cart): sum what is in it", why="Totals were wrong.", model="local/m", seconds=1)

    rig.hub.connect("factory").serve(WordPull, word)
    draft = await rig.ask(DraftPull(project="shop"))
    assert (draft.text.title, draft.text.worded_by) == ("feat(cart): sum what is in it", "local/m")
    assert "Totals were wrong.\n\n- For #12 (the branch)" in draft.text.body
    assert asked[0].diffstat == ["src/cart.py +2 -2", "tests/test_cart.py +2 -0"]
    shop.commit("fix: ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")
    again = await rig.ask(DraftPull(project="shop"))
    assert (again.text.worded_by, len(asked)) == ("", 1)


def test_the_kind_of_a_forge_comes_from_settings_names_and_files(shop: GitLab) -> None:
    shop.git("remote", "add", "origin", "git@gitlab.example.com:a/b/shop.git")
    assert find_forge(shop.repository(), "origin").kind == "gitlab"
    shop.git("remote", "set-url", "origin", "git@code.example.com:a/shop.git")
    found = find_forge(shop.repository(), "origin")
    assert (found.kind, "git config aura.code.example.com.forge" in found.source) == ("none", True)
    shop.commit("ci: begin", {".gitlab-ci.yml": "a: 1\n"})
    assert find_forge(shop.repository(), "origin").source == ".gitlab-ci.yml in the repository"
    shop.git("config", "aura.code.example.com.forge", "gitea")
    assert find_forge(shop.repository(), "origin").kind == "gitea"
    shop.git("remote", "set-url", "origin", "git@github.com:a/b/shop.git")
    assert find_forge(shop.repository(), "origin").kind == "none"
