"""`aura commit`, `aura git hooks` and `aura git lint` over HTTP, with the service and real repositories behind them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import click
import pytest
from click.testing import CliRunner

from aura_cli import commit_flow
from aura_cli.commands import commit as command
from aura_cli_running import Aura, JsonObject, Ran, StandIn
from aura_git.commits.hooks import install_hook
from aura_git.commits.service import CommitService
from aura_shared.bus import Context
from aura_shared.errors import AuraError, UsageProblem
from aura_shared.messages import testing
from aura_shared.messages.commits import (
    ChangeSplit,
    CommitSplit,
    DraftCommit,
    LintMessages,
    MakeCommit,
    ManageHooks,
    PlanSplit,
)
from commits_lab import CART, TESTS
from git_lab import CONFIG, GitLab, make_lab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G1")

ROUNDED = CART.replace("return math.fsum(self.prices)", "return round(math.fsum(self.prices), 2)")
MAIL = "def send_mail(to):\n    return to\n"
Run = Callable[..., Ran]


@pytest.fixture
def shop(aura_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitLab:
    """A repository on the branch `work`; the working directory."""
    settings = aura_home / "gitconfig"
    settings.write_text(CONFIG)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    lab = make_lab(tmp_path / "shop")
    lab.commit("feat(cart): add the cart", {"src/cart.py": CART, "src/mail.py": MAIL})
    lab.commit("test(cart): cover the total", {"tests/test_cart.py": TESTS})
    lab.branch("work")
    monkeypatch.chdir(lab.root)
    return lab


@pytest.fixture
def served(shop: GitLab, gateway: StandIn) -> GitRig:
    """The service behind the routes of the gateway."""
    rig = GitRig(shop.root, CommitService)
    rig.serve(
        gateway,
        {
            "/v1/git/commit/draft": DraftCommit,
            "/v1/git/commit": MakeCommit,
            "/v1/git/split/plan": PlanSplit,
            "/v1/git/split/change": ChangeSplit,
            "/v1/git/split/commit": CommitSplit,
            "/v1/git/hooks": ManageHooks,
            "/v1/git/lint": LintMessages,
        },
    )
    return rig


@pytest.fixture
def run(served: GitRig, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs one of the commands; `says` answers its questions as a person at a terminal would."""
    monkeypatch.setenv("COLUMNS", "100")

    def call(what: click.Command, *arguments: str, says: str | None = None) -> Ran:
        with monkeypatch.context() as patch:
            patch.setattr(commit_flow, "asks", lambda: says is not None)
            done = CliRunner().invoke(what, list(arguments), input=says)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)

    return call


def editor(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """An editor that does what a script says with `$1`; what it was given is kept beside it."""
    place = folder / "editor"
    place.write_text(f'#!/bin/sh\ncp "$1" "{folder}/given"\n{script}\n')
    place.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(place))
    monkeypatch.setenv("EDITOR", str(place))
    return folder / "given"


def test_a_commit_is_shown_and_made(run: Run, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED, "new.txt": "new\n"})
    shop.git("add", "src/cart.py")
    ran = run(command.commit)
    lines = ran.out.splitlines()
    assert lines[0] == "work  1 file · +1 -1 · staged"
    assert lines[1] == "  M src/cart.py  +1 -1"
    assert lines[2] == "  not in it: new.txt"
    subject = shop.log("-1")[0]
    assert f"    {subject}" in lines
    assert lines[-2] == f"work {shop.head()[:10]}  {subject}"
    assert lines[-1] == "  1 file  +1 -1"
    assert ran.err == "aura git undo takes it back.\n"
    assert all(len(line) <= 100 for line in lines)
    assert shop.git("status", "--porcelain") == "?? new.txt\n"


def test_everything_is_offered_when_nothing_is_staged(run: Run, shop: GitLab) -> None:
    assert run(command.commit).err == "There is nothing to commit: no file differs from the last commit.\n"
    shop.write({"src/cart.py": ROUNDED, "new.txt": "new\n"})
    with pytest.raises(UsageProblem, match=r"nothing is staged; changed or new are new\.txt, src/cart\.py") as told:
        run(command.commit)
    assert "aura commit --all" in told.value.hint
    ran = run(command.commit, says="n\n")
    assert "Take in all 2 files? [Y/n]: n" in ran.err
    assert shop.git("status", "--porcelain") != ""
    ran = run(command.commit, says="y\n\n\n\n")
    assert ran.code == 0
    assert shop.git("status", "--porcelain") == ""


def test_the_message_of_a_person_wins(run: Run, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    ran = run(command.commit, "--all", "-m", "Rounded stuff")
    assert shop.log("-1") == ["Rounded stuff"]
    assert "error  " in ran.out
    shop.write({"src/cart.py": CART})
    run(command.commit, "--all", "--yes", "--type", "perf", "--scope", "cart", "--breaking")
    assert shop.log("-1")[0].startswith("perf(cart)!: ")


def test_a_message_is_edited_and_what_is_wrong_is_asked_about(
    run: Run, shop: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'n=$(cat "$0.n" 2>/dev/null || echo 0); echo $((n+1)) > "$0.n"\n'
    script += (
        '[ "$n" = 0 ] && printf "Wrong.\\n# note\\n" > "$1" || printf "fix(cart): round it\\n\\nWhy.\\n# x\\n" > "$1"'
    )
    given = editor(tmp_path, monkeypatch, script)
    shop.write({"src/cart.py": ROUNDED})
    ran = run(command.commit, "--all", "--type", "fix", says="e\ne\n")
    assert shop.git("log", "-1", "--format=%B").strip() == "fix(cart): round it\n\nWhy."
    assert "error  type may not be empty" in ran.err
    assert "# error in line 1: type may not be empty" in given.read_text()
    assert "# M src/cart.py" in given.read_text()
    editor(tmp_path, monkeypatch, ': > "$1"')
    shop.write({"src/cart.py": CART})
    assert run(command.commit, "--all", "--edit").err == "Nothing was committed.\n"


def test_an_unsure_type_is_asked_about(run: Run, shop: GitLab, gateway: StandIn) -> None:
    shop.write({"src/cart.py": ROUNDED})
    real = gateway.answer
    assert real is not None

    def unsure(method: str, path: str, token: str, body: JsonObject) -> tuple[int, JsonObject]:
        status, answer = real(method, path, token, body)
        types = cast("list[dict[str, object]]", answer.get("types", []))
        return status, {**answer, "types": [{**one, "confidence": 0.4} for one in types]} if types else answer

    gateway.answer = unsure
    ran = run(command.commit, "--all", says="perf\ny\n")
    assert "Which type fits?" in ran.err
    assert shop.log("-1")[0].startswith("perf")
    assert gateway.asked[-2][1]["kind"] == "perf"


def test_no_means_no(run: Run, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    head = shop.head()
    assert run(command.commit, "--all", "--type", "fix", says="n\n").err.endswith("Nothing was committed.\n")
    assert run(command.commit, "--all", "--dry-run").out.splitlines()[-1].startswith("work  would be committed: ")
    assert shop.head() == head


def test_only_the_message_is_printed(run: Run, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    ran = run(command.commit, "--all", "--message-only", "--type", "fix")
    assert ran.out.startswith("fix")
    assert shop.git("status", "--porcelain") != ""


def test_paths_alone_are_committed(run: Run, shop: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.write({"src/cart.py": ROUNDED, "src/mail.py": "A = 1\n"})
    monkeypatch.chdir(shop.root / "src")
    assert run(command.commit, "cart.py", "--yes").code == 0
    assert shop.git("status", "--porcelain") == " M src/mail.py\n"
    with pytest.raises(UsageProblem, match="nothing of this differs"):
        run(command.commit, "cart.py")
    with pytest.raises(UsageProblem, match="in no git repository"):
        run(command.commit, "/elsewhere.txt")
    with pytest.raises(UsageProblem, match="--all takes everything in"):
        run(command.commit, "--all", "cart.py")


def test_what_is_staged_of_a_path_is_committed(run: Run, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED, "src/mail.py": "A = 1\n"})
    shop.git("add", "src")
    shop.write({"src/cart.py": CART + "# later\n"})
    assert run(command.commit, "--staged", "src/cart.py", "--yes").code == 0
    assert shop.git("show", "HEAD:src/cart.py") == ROUNDED
    assert shop.git("status", "--porcelain") == " M src/cart.py\nM  src/mail.py\n"


def test_what_is_held_back_is_asked_about(run: Run, shop: GitLab) -> None:
    shop.write({".env": "KEY=1\n"})
    with pytest.raises(AuraError, match=r"\.env is held back: env-file") as refused:
        run(command.commit, "--all")
    assert "--allow env-file:.env" in refused.value.hint
    ran = run(command.commit, "--all", "--type", "chore", says="y\ny\n")
    assert "Commit .env all the same, in spite of env-file? [y/N]: y" in ran.err
    assert shop.git("status", "--porcelain") == ""
    shop.write({"a/.env": "KEY=1\n"})
    assert run(command.commit, "--all", "--yes", "--allow", "env-file:a/.env").code == 0


def test_a_protected_branch_is_asked_about(run: Run, shop: GitLab) -> None:
    shop.switch("main")
    shop.write({"src/cart.py": ROUNDED})
    with pytest.raises(AuraError, match="'main' is protected"):
        run(command.commit, "--all", "--yes")
    ran = run(command.commit, "--all", "--type", "fix", says="\n")
    assert ran.err.endswith("Nothing was committed.\n"), "the answer that needs no thought is no"
    ran = run(command.commit, "--all", "--type", "fix", says="y\n")
    assert "main is a protected branch. Commit on it? yes, edit the message, no (y, e, n) [n]: y" in ran.err
    shop.write({"src/cart.py": CART})
    assert run(command.commit, "--all", "--yes", "--protected-ok").code == 0
    assert len(shop.log("work..main")) == 2


def test_answers_are_printed_for_programs(run: Run, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    draft = run(command.commit, "--all", "--json", "--dry-run").json()
    assert draft["branch"] == "work"
    made = run(command.commit, "--all", "--json", "-m", "fix: it").json()
    assert (made["commit"], made["subject"]) == (shop.head(), "fix: it")


def mixed(shop: GitLab) -> None:
    """Two things in one change."""
    shop.write({"src/cart.py": ROUNDED, "src/mail.py": "def send_mail(receiver):\n    return receiver.lower()\n"})


def test_a_mixed_change_is_told_and_split(run: Run, shop: GitLab) -> None:
    mixed(shop)
    assert (
        "mixed  this looks like 2 commits: aura commit --split takes it apart"
        in run(command.commit, "--all", "--dry-run").out
    )
    ran = run(command.commit, "--split", "--all", "--dry-run")
    lines = ran.out.splitlines()
    assert lines[0] == "work  2 commits from one change"
    assert lines[1:3] == ["", "A  " + lines[2][3:]]
    assert "   src/cart.py  +1 -1  Cart.total" in lines
    assert shop.git("status", "--porcelain") != ""
    ran = run(command.commit, "--split", says="y\ny\n")
    assert "Split all changed and new files? [Y/n]: y" in ran.err
    assert "Make these 2 commits? yes, edit them, no (y, e, n) [y]: y" in ran.err
    assert ran.err.endswith("aura git undo takes all of them back.\n")
    assert len(shop.log("main..work")) == 2
    assert shop.git("status", "--porcelain") == ""


def test_a_split_is_edited(run: Run, shop: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed(shop)
    program = tmp_path / "swap.py"
    program.write_text(
        "import sys, re\n"
        "text = open(sys.argv[1]).read()\n"
        "head, a, b = re.split(r'^(?=commit )', text, flags=re.M)\n"
        "b = re.sub(r'^(commit .*)\\n.*', r'\\1\\nfix: first by hand', b)\n"
        "open(sys.argv[1], 'w').write(head + b + a)\n"
    )
    given = editor(tmp_path, monkeypatch, f'{shlex.quote(sys.executable)} {shlex.quote(str(program))} "$1"')
    ran = run(command.commit, "--split", "--all", says="e\ny\n")
    assert ran.code == 0
    assert shop.log("main..work")[-1] == "fix: first by hand"
    assert "Move `hunk` lines between commits" in given.read_text()
    assert shop.git("status", "--porcelain") == ""


def test_splits_for_programs_and_splits_of_nothing(run: Run, shop: GitLab) -> None:
    assert run(command.commit, "--split").err == "There is nothing to split: there is nothing to commit.\n"
    mixed(shop)
    plan = run(command.commit, "--split", "--all", "--json", "--dry-run").json()
    assert plan["sound"] is True
    assert run(command.commit, "--split", "--all", says="n\n").err.endswith("Nothing was committed.\n")
    made = run(command.commit, "--split", "--all", "--json").json()["commits"]
    assert isinstance(made, list)
    assert len(made) == 2
    assert run(command.commit, "--split", "--json").json()["id"] == ""
    with pytest.raises(UsageProblem, match="no -m, no paths"):
        run(command.commit, "--split", "-m", "x")


def answer_tests(served: GitRig, outcome: str) -> None:
    """A factory that passes the cart, and says this of the mail."""

    async def run_tests(request: testing.RunTests, _context: Context) -> testing.RanTests:
        if "src/mail.py" not in request.paths:
            return testing.RanTests(outcome="passed", detail="pytest tests/test_cart.py: 1 passed in 0.01s")
        return testing.RanTests.model_validate(
            {"outcome": outcome, "detail": "pytest tests/test_mail.py\nFAILED tests/test_mail.py::test_send \x1b[31m"}
        )

    served.hub.connect("factory").serve(testing.RunTests, run_tests)


def test_tests_of_a_split_are_shown_and_failures_are_asked_about(run: Run, served: GitRig, shop: GitLab) -> None:
    mixed(shop)
    answer_tests(served, "failed")
    head = shop.head()
    ran = run(command.commit, "--split", "--all", "--tests", says="y\nn\n")
    lines = ran.out.splitlines()
    assert "   tests passed: pytest tests/test_cart.py: 1 passed in 0.01s" in lines
    at = lines.index("   tests failed: pytest tests/test_mail.py")
    assert lines[at + 1].startswith("     FAILED tests/test_mail.py::test_send")
    assert "\x1b" not in ran.out
    assert all(len(line) <= 100 for line in lines)
    failing = next(line[0] for line in reversed(lines[:at]) if line[1:3] == "  " and line[0].isupper())
    assert f"Tests fail at {failing}. Make the commits all the same? [y/N]: n" in ran.err
    assert ran.err.endswith("Nothing was committed.\n")
    assert shop.head() == head
    with pytest.raises(AuraError, match="tests fail at commits of this plan"):
        run(command.commit, "--split", "--all", "--tests", "--yes")
    with pytest.raises(AuraError, match="tests fail at commits of this plan"):
        run(command.commit, "--split", "--all", "--tests", "--json")
    assert shop.head() == head
    assert run(command.commit, "--split", "--all", "--tests", says="y\ny\n").code == 0
    assert len(shop.log("main..work")) == 2


def test_tests_of_a_split_that_pass_or_were_not_run_ask_nothing(run: Run, served: GitRig, shop: GitLab) -> None:
    mixed(shop)
    answer_tests(served, "skipped")
    ran = run(command.commit, "--split", "--all", "--tests", says="y\n")
    assert "   tests not run: pytest tests/test_mail.py" in ran.out.splitlines()
    assert "Tests fail" not in ran.err
    assert len(shop.log("main..work")) == 2


def test_hooks_are_installed_shown_and_taken_away(run: Run, shop: GitLab) -> None:
    ran = run(command.hooks, "install")
    assert ran.out.startswith("the hook is in place  ")
    assert (shop.root / ".git/hooks/prepare-commit-msg").exists()
    assert run(command.hooks, "status", "--json").json()["installed"] is True
    assert run(command.hooks, "status").out.startswith("the hook is in place")
    assert run(command.hooks, "uninstall").out.startswith("the hook is gone")


def test_git_opens_its_editor_with_a_draft(run: Run, shop: GitLab, tmp_path: Path) -> None:
    program = tmp_path / "aura"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m aura_cli "$@"\n')
    program.chmod(0o755)
    shop.environment["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    shop.environment["GIT_EDITOR"] = f"cp -- .git/COMMIT_EDITMSG {tmp_path}/seen; :"
    run(command.hooks, "install")
    place = shop.root / ".git/hooks/prepare-commit-msg"
    place.write_text(place.read_text().replace("aura=", f"aura={shlex.quote(str(program))} #"))
    shop.write({"src/cart.py": ROUNDED})
    shop.git("commit", "--quiet", "--all")
    seen = (tmp_path / "seen").read_text()
    drafted, _, rest = seen.partition("\n\n")
    assert shop.git("log", "-1", "--format=%B").strip() == drafted
    assert "# Please enter the commit message" in rest
    assert "(cart)" in drafted or ": " in drafted


def test_the_hook_leaves_texts_of_people_and_templates(run: Run, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    file = shop.root / ".git/COMMIT_EDITMSG"
    file.write_text("mine\n# comment\n")
    for source in ("", "message", "commit", "merge", "squash"):
        assert run(command.commit, "--hook", str(file), *([source] if source else [])).code == 0
        assert file.read_text() == "mine\n# comment\n"
    file.write_text("Why:\n\n# a template\n")
    run(command.commit, "--hook", str(file), "template")
    assert file.read_text().endswith("\n\nWhy:\n\n# a template\n")
    assert not file.read_text().startswith("Why")


def test_the_hook_is_silent_without_aura(
    aura: Aura, shop: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "message"
    file.write_text("\n# comment\n")
    GitRig(shop.root)
    ran = aura("commit", "--hook", str(file))
    assert (ran.code, ran.out, ran.err, file.read_text()) == (0, "", "", "\n# comment\n")
    assert aura("commit", "--hook", str(tmp_path / "nowhere")).code == 0
    monkeypatch.chdir(tmp_path)
    assert aura("commit", "--hook").code == 0


def test_messages_are_checked(run: Run, shop: GitLab) -> None:
    ran = run(command.lint)
    assert (ran.code, ran.out, ran.err) == (0, "", "0 commits · not on main yet · all well\n")
    shop.commit("Wrong Thing.", {"a.txt": "a"})
    ran = run(command.lint)
    assert ran.code == 1
    assert ran.out.splitlines()[0] == f"{shop.head()[:10]}  Wrong Thing."
    assert ran.out.splitlines()[1].startswith("  error  ")
    assert run(command.lint, "main", "--json").json()["errors"] == 0


def test_a_dry_run_asks_nothing_and_shows_what_everything_would_be(run: Run, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED, ".env": "KEY=1\n"})
    with pytest.raises(AuraError, match=r"\.env is held back: env-file"):
        run(command.commit, "--dry-run", says="")
    (shop.root / ".env").unlink()
    ran = run(command.commit, "--dry-run", says="")
    assert ran.err.startswith("Nothing is staged; changed or new is src/cart.py. This is what `--all` takes in:\n")
    assert ran.err.endswith("Nothing was committed.\n")
    assert "[y/N]" not in ran.err
    assert "Which type" not in ran.err


def test_nothing_is_asked_about_what_would_be_refused(run: Run, shop: GitLab) -> None:
    shop.git("switch", "-q", "--detach")
    shop.write({"src/cart.py": ROUNDED})
    with pytest.raises(AuraError, match="HEAD is detached") as asked:
        run(command.commit, "--all", "--type", "fix", says="y\n")
    with pytest.raises(AuraError, match="HEAD is detached") as unasked:
        run(command.commit, "--all", "--type", "fix", "--yes")
    assert (asked.value.message, asked.value.hint) == (unasked.value.message, unasked.value.hint)


def test_no_to_what_is_held_back_is_no_error(run: Run, shop: GitLab) -> None:
    shop.write(
        {
            "id_rsa": "-----BEGIN OPENSSH PRIVATE KEY-----\n"
            + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB\n" * 4
        }
    )
    ran = run(command.commit, "--all", "--type", "chore", says="n\n")
    assert ran.code == 0
    assert ran.err.count("all the same, in spite of") == 1
    assert ran.err.endswith("Nothing was committed.\n")


@pytest.mark.parametrize("arguments", [("--all",), ("--all", "--split")])
def test_leaving_a_question_is_told(run: Run, shop: GitLab, arguments: tuple[str, ...]) -> None:
    mixed(shop)
    head = shop.head()
    ran = run(command.commit, *arguments, says="")
    assert ran.code == 1
    assert "\nNothing was committed.\n" in ran.err
    assert shop.head() == head


def test_an_editor_that_fails_commits_nothing(run: Run, shop: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_EDITOR", "false")
    shop.write({"src/cart.py": ROUNDED})
    head = shop.head()
    with pytest.raises(UsageProblem, match="the editor ended with an error") as told:
        run(command.commit, "--all", "--edit")
    assert "core.editor" in told.value.hint
    assert shop.head() == head


def test_nothing_to_commit_is_json_for_programs(run: Run, shop: GitLab) -> None:
    ran = run(command.commit, "--all", "--json")
    assert ran.json()["id"] == ""
    assert ran.err == ""


def test_a_draft_is_committed_by_its_name_or_refused(run: Run, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    draft = str(run(command.commit, "--all", "--json", "--dry-run").json()["id"])
    shop.write({"src/cart.py": ROUNDED + "# more\n"})
    with pytest.raises(AuraError, match="the files changed since the draft was made") as refused:
        run(command.commit, "--draft", draft)
    assert refused.value.code == "draft_outdated"
    shop.write({"src/cart.py": ROUNDED})
    assert run(command.commit, "--draft", draft, "--dry-run").out.startswith("work  would be committed: ")
    ran = run(command.commit, "--draft", draft, "-m", "fix(cart): round it")
    assert ran.out.splitlines()[0] == f"work {shop.head()[:10]}  fix(cart): round it"
    with pytest.raises(AuraError, match="there is no draft"):
        run(command.commit, "--draft", draft, "--json")
    with pytest.raises(UsageProblem, match="--draft names what is committed"):
        run(command.commit, "--draft", draft, "--all")


def test_a_planned_split_is_committed_by_its_name(run: Run, shop: GitLab) -> None:
    mixed(shop)
    plan = str(run(command.commit, "--split", "--all", "--json", "--dry-run").json()["id"])
    made = run(command.commit, "--split", "--draft", plan, "--json").json()["commits"]
    assert isinstance(made, list)
    assert len(made) == len(shop.log("main..work")) == 2


def test_a_type_that_was_said_and_a_sign_off_are_told(run: Run, shop: GitLab) -> None:
    for number in range(12):
        shop.commit(f"feat(cart): more {number}\n\nSigned-off-by: Ada Tester <ada@localhost>", {"a.txt": f"{number}\n"})
    shop.write({"src/cart.py": ROUNDED})
    lines = run(command.commit, "--all", "--type", "perf", "--yes").out.splitlines()
    assert any(line.startswith("perf, as you said; on its own it would be ") for line in lines)
    assert "    (Signed-off-by is added, as messages here have it)" in lines
    assert "Signed-off-by: Ada Tester" in shop.git("log", "-1", "--format=%B")


def test_what_is_wrong_many_times_is_one_line(run: Run, shop: GitLab) -> None:
    long = "word " * 30
    shop.write({"src/cart.py": ROUNDED})
    ran = run(command.commit, "--all", "-m", f"fix: a\n\n{long}\n{long}\n{long}")
    told = [line for line in ran.out.splitlines() if line.startswith("error")]
    assert len(told) == 1
    assert "(and 2 more lines)" in ran.out


@pytest.mark.parametrize(
    ("how", "drafted"),
    [
        (("commit", "--quiet"), True),
        (("-c", "user.useConfigOnly=true", "commit", "--quiet", "--allow-empty-message"), True),
        (("commit", "--quiet", "--allow-empty-message", "--file", "-"), False),
        (("commit", "-F", "message.txt"), False),
        (("commit", "--quiet", "--verbose"), True),
    ],
    ids=["terminal, Magit, fugitive", "VS Code with an empty box", "VS Code with a message", "JetBrains", "verbose"],
)
def test_commits_of_editors_meet_the_hook(
    run: Run, shop: GitLab, tmp_path: Path, how: tuple[str, ...], drafted: bool
) -> None:
    seen = tmp_path / "seen"
    shop.environment["GIT_EDITOR"] = f"sh -c 'cp \"$1\" {shlex.quote(str(seen))}' sh"
    aura = tmp_path / "aura"
    aura.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m aura_cli "$@"\n')
    aura.chmod(0o755)
    install_hook(shop.repository(), command=str(aura))
    shop.write({"src/cart.py": ROUNDED, "message.txt": "fix: by hand\n"})
    shop.git("add", "src/cart.py")
    shop.git(*how, stdin="fix: by hand\n")
    if drafted:
        assert seen.read_text().split("\n")[0] == shop.log("-1")[0]
        assert shop.log("-1")[0] not in {"", "fix: by hand"}
    else:
        assert not seen.exists()
        assert shop.log("-1") == ["fix: by hand"]


@pytest.mark.parametrize(("source", "drafted"), [("", True), ("template", True), ("merge", False), ("squash", False)])
def test_git_gui_gets_a_draft_for_its_field(run: Run, shop: GitLab, tmp_path: Path, source: str, drafted: bool) -> None:
    """It calls the hook itself, with a file of its own, when it starts and when it rescans."""
    aura = tmp_path / "aura"
    aura.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m aura_cli "$@"\n')
    aura.chmod(0o755)
    install_hook(shop.repository(), command=str(aura))
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    message = shop.root / ".git/PREPARE_COMMIT_MSG"
    message.write_text("")
    hook = shop.root / ".git/hooks/prepare-commit-msg"
    subprocess.run([hook, ".git/PREPARE_COMMIT_MSG", source], cwd=shop.root, check=True)
    assert bool(message.read_text().strip()) is drafted
