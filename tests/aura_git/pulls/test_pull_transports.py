"""Pull requests over real transports on this machine: smart HTTPS, the interfaces of three forges, gh, and a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aura_git.pulls.service import PullService
from aura_shared.bus import Context
from aura_shared.errors import CommitBlocked, GateClosed, NotFound
from aura_shared.messages.assist import ReviewAnswer, ReviewChange
from aura_shared.messages.pulls import CreatePull, DraftPull, PullUpdated, ReviewPull, UpdatePull
from aura_shared.messages.review import ReviewFacts
from aura_shared.settings import NetworkSettings, Settings
from forge_standins import JSON, TOKEN, answer
from git_lab import GitLab
from git_rig import GitRig
from pull_lab import Served

pytestmark = [pytest.mark.requirement("G4"), pytest.mark.requirement("P9")]

KINDS = pytest.mark.parametrize("served", ["github", "gitlab", "gitea"], indirect=True)
TEXT = {"github": "body", "gitlab": "description", "gitea": "body"}


def kind_of(served: Served) -> str:
    return type(served.forge).__name__.lower()


def told(served: Served) -> list[PullUpdated]:
    return [one for one in served.rig.bus.published if isinstance(one, PullUpdated)]


def files_with(folder: Path, text: str) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


async def _reviewed(request: ReviewChange, _context: Context) -> ReviewAnswer:
    return ReviewAnswer(facts=ReviewFacts(), content=f"A review of {request.revision}")


async def create(served: Served, **more: object) -> object:
    return await served.rig.ask(CreatePull.model_validate({"project": "shop", "push": True, "model": False, **more}))


@KINDS
async def test_the_branch_is_pushed_and_a_draft_opened(served: Served) -> None:
    done = await served.rig.ask(CreatePull(project="shop", push=True, model=False))
    assert (done.state, done.transport, done.number, done.pushed, done.draft) == ("created", "rest", 1, True, True)
    [pull] = served.forge.pulls
    kept = served.lab.git("-C", str(served.bare), "rev-parse", "refs/heads/feature/12-cart")
    assert kept.strip() == served.lab.head("feature/12-cart")
    mark = {"github": "", "gitlab": "Draft: ", "gitea": "WIP: "}[kind_of(served)]
    assert pull["title"] == f"{mark}feat(cart): count prices"
    assert "For #12 (the branch)" in pull[TEXT[kind_of(served)]]
    assert "Run by Aura: not run." in pull[TEXT[kind_of(served)]]
    [record, *_] = served.rig.desk.safety.operations(served.lab.repository(), 5)
    assert record.facts["pushed"] == "feature/12-cart to origin"
    assert record.state == "done"
    assert [event.what for event in told(served)] == ["created"]


@KINDS
async def test_what_a_person_wrote_stays_and_no_second_one_is_opened(served: Served) -> None:
    await create(served)
    [pull] = served.forge.pulls
    field = TEXT[kind_of(served)]
    pull[field] = f"Read the second commit first.\n\n{pull[field]}\nThanks!\n"
    served.lab.commit(
        "fix(cart): nothing costs nothing", {"src/cart.py": "def total(prices):\n    return sum(prices) or 0\n"}
    )
    again = await served.rig.ask(CreatePull(project="shop", push=True, model=False))
    assert (again.state, again.number, len(served.forge.pulls)) == ("updated", 1, 1)
    assert pull[field].startswith("Read the second commit first.\n\n<!-- aura:begin all -->")
    assert pull[field].rstrip().endswith("Thanks!")
    assert "nothing costs nothing" in pull[field]
    assert again.draft
    same = await served.rig.ask(UpdatePull(project="shop", model=False))
    assert same.state == "unchanged"


@KINDS
async def test_a_review_waits_at_the_forge_as_a_draft(served: Served) -> None:
    await create(served)
    names = {"gitlab": "merge-requests"}
    ref = f"refs/{names.get(kind_of(served), 'pull')}/1/head"
    tip = served.lab.head("feature/12-cart")
    served.lab.git("-C", str(served.bare), "update-ref", ref, tip)
    served.rig.hub.connect("factory").serve(ReviewChange, _reviewed)
    done = await served.rig.ask(ReviewPull(project="shop", what="1", post=True, comment="Looks fine."))
    assert (done.posted, done.fetched, done.number, done.problem) == (True, tip, 1, "")
    [comment] = served.forge.comments
    assert "Looks fine." in comment.values()
    assert comment.get("state", "PENDING") == "PENDING"
    with pytest.raises(NotFound, match="no pull request 9"):
        await served.rig.ask(ReviewPull(project="shop", what="9"))


async def test_nothing_is_pushed_without_a_yes(served: Served) -> None:
    with pytest.raises(GateClosed, match="not at origin"):
        await served.rig.ask(CreatePull(project="shop", model=False))
    assert served.forge.pulls == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (answer(401, {"message": "Bad credentials"}), "does not take the token: Bad credentials"),
        (answer(403, {"message": "Resource not accessible"}, X_Accepted_OAuth_Scopes="repo"), "does not allow this"),
        (answer(403, {"message": "secondary rate limit"}, Retry_After="900"), "limits calls"),
        (answer(404, {"message": "Not Found"}), "is not there"),
        (answer(302, {}, Location="https://elsewhere.invalid/"), "not followed with a token"),
        ((200, {"Content-Type": "text/html"}, b"<html>Sign in"), "text/html instead of JSON"),
        ((200, {**JSON, "Content-Length": "900", "Connection": "close"}, b'[{"a'), "does not answer"),
        (answer(200, {"message": "odd"}), "answers otherwise than"),
    ],
)  # fmt: skip
async def test_every_refusal_explains_itself_and_the_text_is_in_a_file(
    served: Served, given: tuple[int, dict[str, str], bytes], said: str
) -> None:
    served.forge.next = [given] * 3
    done = await served.rig.ask(CreatePull(project="shop", push=True, model=False))
    assert said in done.problem
    assert (done.state, done.transport) == ("written", "file")
    assert done.hint
    assert "# feat(cart): count prices" in (served.lab.root / done.file).read_text()
    assert TOKEN not in done.model_dump_json()


async def test_a_forge_that_fails_for_a_moment_is_asked_again(served: Served) -> None:
    served.forge.next = [answer(502, {}), answer(429, {"message": "slow down"}, Retry_After="0")]
    done = await served.rig.ask(CreatePull(project="shop", push=True, model=False))
    assert (done.state, len(served.forge.pulls)) == ("created", 1)


async def test_what_opens_one_is_never_repeated(served: Served) -> None:
    served.forge.next = [answer(200, []), answer(502, {"message": "bad gateway"})]
    done = await served.rig.ask(CreatePull(project="shop", push=True, model=False))
    assert "failed with 502" in done.problem
    assert [method for method, *_ in served.server.asked] == ["GET", "POST"]


async def test_drafts_that_a_repository_does_not_have_are_refused(served: Served) -> None:
    served.forge.drafts = False  # type: ignore[attr-defined]
    done = await served.rig.ask(CreatePull(project="shop", push=True, model=False))
    assert "Draft pull requests are not supported" in done.problem
    assert served.forge.pulls == []


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.lab.git("push", "--quiet", "origin", "feature/12-cart")
    monkeypatch.delenv("GIT_SSL_CAINFO")
    served.lab.git("config", "http.sslVerify", "false")  # for git alone: tokens are never sent so
    done = await served.rig.ask(CreatePull(project="shop", model=False))
    assert "is not trusted" in done.problem
    assert served.server.asked == []


async def test_a_secret_in_a_commit_message_never_leaves(served: Served) -> None:
    key = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    served.lab.commit(f"fix: use {key}")
    with pytest.raises(CommitBlocked, match="looks like a secret") as stopped:
        await served.rig.ask(CreatePull(project="shop", push=True, model=False))
    assert key not in stopped.value.message
    assert served.server.asked == []
    assert not (served.lab.root / ".git/aura/pull-requests").exists()


async def test_a_token_is_in_no_argument_log_journal_or_setting(
    served: Served, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []
    answers = served.server.answers
    assert answers is not None

    def watching(*asked: object) -> object:
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(process.read_bytes().decode(errors="replace"))
            except OSError:
                continue
        return answers(*asked)  # type: ignore[arg-type]

    served.server.answers = watching  # type: ignore[assignment]
    await create(served)
    assert len(served.forge.pulls) == 1
    assert seen
    assert not [line for line in seen if TOKEN in line]
    assert files_with(tmp_path, TOKEN) == []
    assert TOKEN not in "".join(capfd.readouterr())


async def test_a_host_that_is_not_named_is_never_asked(shop: GitLab, aura_home: Path) -> None:
    shop.git("remote", "add", "origin", "git@git.example.invalid:ada/shop.git")
    shop.git("config", "aura.git.example.invalid.forge", "gitea")
    rig = GitRig(shop.root, PullService)
    done = await rig.ask(CreatePull(project="shop", model=False))
    assert (done.state, done.transport) == ("written", "file")
    assert 'allow = ["git.example.invalid"]' in done.hint
    assert done.target.compare_url == "https://git.example.invalid/ada/shop/compare/main...feature/12-cart"
    named = GitRig(shop.root, PullService, settings=Settings(network=NetworkSettings(allow=("git.example.invalid",))))
    draft = await named.ask(DraftPull(project="shop", model=False))
    assert "there is no token for git.example.invalid" in draft.transport_reason
    assert "aura secrets set forge-git-example-invalid" in draft.transport_reason


async def test_a_folder_as_remote_gets_the_branch_and_a_file(shop: GitLab, aura_home: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    shop.git("init", "--quiet", "--bare", str(bare))
    shop.git("remote", "add", "origin", f"file://{bare}")
    shop.git("push", "--quiet", "origin", "main")
    rig = GitRig(shop.root, PullService)
    done = await rig.ask(CreatePull(project="shop", push=True, model=False))
    assert (done.state, done.pushed, done.target.compare_url) == ("written", True, "")
    file = shop.root / done.file
    file.write_text(f"{file.read_text()}\nBy hand.\n")
    shop.commit("fix: more")
    again = await rig.ask(UpdatePull(project="shop", push=True, model=False))
    assert again.state == "updated"
    assert "By hand." in file.read_text()
    assert "more (" in file.read_text()
    assert shop.git("status", "--porcelain") == ""


async def test_a_dry_run_sends_and_writes_nothing(served: Served) -> None:
    before = served.lab.refs()
    done = await served.rig.ask(CreatePull(project="shop", model=False, dry_run=True))
    assert (done.state, done.operation, done.transport) == ("planned", "", "rest")
    assert (served.server.asked, served.lab.refs()) == ([], before)


async def test_git_s_credential_helper_is_asked_last(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_ENTERPRISE_TOKEN")
    store = served.lab.root.parent / "store"
    store.write_text(f"https://ada:{TOKEN}@{served.server.host}\n")
    served.lab.git("config", "credential.helper", f"store --file={store}")
    draft = await served.rig.ask(DraftPull(project="shop", model=False))
    assert draft.transport_reason == "with git's credential helper"
    done = await served.rig.ask(CreatePull(project="shop", push=True, model=False))
    assert done.state == "created"


@pytest.mark.skipif(shutil.which("gh") is None, reason="Debian's gh is not installed: apt-get install gh")
async def test_gh_opens_and_renews_it_with_its_own_login(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from aura_git.pulls import calling, sending

    monkeypatch.setattr(sending, "program_for", calling.program_for)
    monkeypatch.setenv("SSL_CERT_FILE", str(served.server.certificate))
    done = await served.rig.ask(CreatePull(project="shop", push=True, model=False))
    assert (done.problem, done.state, done.transport, done.number) == ("", "created", "gh", 1)
    asked = [json.loads(body)["query"] for _, path, _, body in served.server.asked if path == "/api/graphql"]
    assert any("createPullRequest" in query for query in asked)
    assert served.forge.pulls[0]["body"] == done.text.body
    assert served.forge.pulls[0]["draft"]
    served.lab.commit("fix: more")
    again = await served.rig.ask(UpdatePull(project="shop", push=True, model=False))
    assert (again.state, again.transport) == ("updated", "gh")
    assert "more (" in served.forge.pulls[0]["body"]
    served.forge.next = [answer(404, {"message": "Not Found"})]
    with pytest.raises(NotFound):
        await served.rig.ask(UpdatePull(project="shop", model=False))
