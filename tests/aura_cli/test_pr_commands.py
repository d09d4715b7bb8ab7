"""`aura pr` over HTTP, with the service and a real repository behind it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from aura_cli.commands import pulls as command
from aura_cli_running import StandIn
from aura_git.pulls.service import PullService
from aura_shared.bus import Context
from aura_shared.errors import UsageProblem
from aura_shared.messages.pulls import CreatePull, DraftPull, ReviewPull, UpdatePull
from aura_shared.messages.review import GatherReview, ReviewFacts
from aura_shared.messages.testing import RanTests, RunTests
from git_lab import CONFIG, GitLab, make_lab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G4")
Run = Callable[..., str]


@pytest.fixture
def shop(aura_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitLab:
    """A repository on the branch `feature/cart`, with a folder as its remote; the working directory."""
    settings = aura_home / "gitconfig"
    settings.write_text(CONFIG)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    lab = make_lab(tmp_path / "shop")
    lab.commit("feat: begin", {"cart.py": "x = 1\n"})
    lab.git("init", "--quiet", "--bare", str(tmp_path / "bare.git"))
    lab.git("remote", "add", "origin", str(tmp_path / "bare.git"))
    lab.git("push", "--quiet", "origin", "main")
    lab.branch("feature/cart")
    lab.commit("feat(cart): add it", {"cart.py": "x = 2\n"})
    monkeypatch.chdir(lab.root)
    monkeypatch.setenv("COLUMNS", "100")
    return lab


@pytest.fixture
def rig(shop: GitLab) -> GitRig:
    """The service."""
    return GitRig(shop.root, PullService)


@pytest.fixture
def run(rig: GitRig, gateway: StandIn, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `aura pr`; `says` answers its question as a person at a terminal would. Errors are raised."""

    async def gather(request: GatherReview, _context: Context) -> ReviewFacts:
        return ReviewFacts(title=f"review of {request.what}")

    rig.hub.connect("code").serve(GatherReview, gather)
    root = "/v1/git/pulls"
    rig.serve(
        gateway,
        {f"{root}/draft": DraftPull, root: CreatePull, f"{root}/update": UpdatePull, f"{root}/review": ReviewPull},
    )

    def call(*arguments: str, says: str | None = None) -> str:
        monkeypatch.setattr(command, "asks", lambda: says is not None)
        monkeypatch.setattr(command, "ask", answered)
        asked.clear()
        answers[:] = [says == "y"]
        done = CliRunner().invoke(command.pr, [*arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    asked: list[str] = []
    answers: list[bool] = []

    def answered(question: str, *, default: bool = True) -> bool:
        asked.append(question)
        return answers[0] if answers else default

    call.asked = asked  # type: ignore[attr-defined]
    return call


def test_a_draft_is_shown_and_may_go_to_a_file(run: Run, tmp_path: Path) -> None:
    shown = run("draft", "--no-model", "-o", str(tmp_path / "pr.md"))
    assert "feat(cart): add it\nfeature/cart → main" in shown
    assert "1 commit, 1 file, +1/-1" in shown
    assert "would use: file" in shown
    assert (tmp_path / "pr.md").read_text().startswith("# feat(cart): add it\n\n<!-- aura:begin all -->")
    assert max(map(len, shown.splitlines()[:4])) <= 100


def test_a_yes_pushes_and_writes_and_a_no_does_nothing(run: Run, shop: GitLab, tmp_path: Path) -> None:
    before = shop.refs()
    run("create", "--no-model", says="n")
    assert run.asked == ["Push the branch to origin, and write the text to a file?"]  # type: ignore[attr-defined]
    assert shop.refs() == before
    with pytest.raises(UsageProblem, match="needs a yes"):
        run("create", "--no-model")
    shown = run("create", "--no-model", says="y")
    assert "Pushed feature/cart." in shown
    assert "The text is in .git/aura/pull-requests/feature/cart.md" in shown
    assert shop.git("-C", str(tmp_path / "bare.git"), "rev-parse", "feature/cart").strip() == shop.head()
    assert "The text is in" in run("update", "--no-model", "--yes")


def test_a_dry_run_and_json_tell_what_would_be(run: Run) -> None:
    shown = run("create", "--no-model", "--dry-run")
    assert "## What changed" in shown
    answer = json.loads(run("create", "--no-model", "--dry-run", "--json"))
    assert (answer["state"], answer["target"]["forge"]) == ("planned", "none")


def test_tests_are_run_and_quoted_when_asked_for(run: Run, rig: GitRig, shop: GitLab) -> None:
    asked: list[RunTests] = []

    async def ran(request: RunTests, _context: Context) -> RanTests:
        asked.append(request)
        detail = "pytest tests/test_cart.py: 3 passed in 0.10s"
        return RanTests(outcome="passed", detail=detail, sandbox="bwrap", tests=["tests/test_cart.py"])

    rig.hub.connect("factory").serve(RunTests, ran)
    assert "Run by Aura: not run." in run("draft", "--no-model")
    shown = run("draft", "--no-model", "--tests")
    head = shop.head()[:9]
    assert (
        f"Run by Aura in the sandbox (bwrap) at {head}, the tests that reach the change (1 file): **passed**" in shown
    )
    assert "```text\npytest tests/test_cart.py: 3 passed in 0.10s\n```" in shown
    assert "**passed**" in run("create", "--no-model", "--dry-run")  # known of this tree by now
    assert len(asked) == 1
    assert (asked[0].tree, asked[0].paths) == (shop.git("rev-parse", "HEAD^{tree}").strip(), ["cart.py"])


def test_a_branch_is_reviewed(run: Run) -> None:
    assert "# Review: feature/cart into main\n" in run("review", "--no-model")
    assert "# Review: HEAD into main\n" in run("review", "HEAD", "--base", "main", "--no-model")
    assert json.loads(run("review", "main..HEAD", "--json"))["title"] == "main..HEAD"
    with pytest.raises(UsageProblem, match="only a pull request"):
        run("review", "main..HEAD", "--post")
