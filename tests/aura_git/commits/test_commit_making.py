"""Commits are exactly what their draft stands for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura_git.commits.service import CommitService
from aura_shared.errors import (
    AuraError,
    CommitBlocked,
    ConflictsLeft,
    DraftOutdated,
    GateClosed,
    GitError,
    HookRefused,
    ProtectedBranch,
    Unavailable,
    UsageProblem,
)
from aura_shared.messages.commits import CommitAnswer, CommitDraft, CommitMade, DraftCommit, MakeCommit
from aura_shared.settings import GitSettings, Settings
from commits_lab import CART
from git_lab import GitLab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G1")

ROUNDED = CART.replace("return math.fsum(self.prices)", "return round(math.fsum(self.prices), 2)")
TWICE = ROUNDED.replace("import math", "import math\nimport os")
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB\n" * 4


async def draft(rig: GitRig, **fields: object) -> CommitDraft:
    """A draft of what is staged, or what the fields say."""
    return await rig.ask(DraftCommit.model_validate({"project": rig.project.id, **fields}))


async def make(rig: GitRig, drafted: CommitDraft, **fields: object) -> CommitAnswer:
    """Commit it."""
    return await rig.ask(MakeCommit.model_validate({"project": rig.project.id, "draft": drafted.id, **fields}))


def hook(shop: GitLab, name: str, text: str) -> Path:
    """Write a hook."""
    place = shop.root / ".git" / "hooks" / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)
    return place


async def test_a_draft_becomes_exactly_one_commit(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    shop.write({"README.md": "# Shop\n\nnot staged\n"})
    drafted = await draft(rig)
    assert drafted.message is not None
    assert [file.path for file in drafted.files] == ["src/cart.py"]
    assert (drafted.left, drafted.left_count) == (["README.md"], 1)
    assert (drafted.branch, drafted.head) == ("work", shop.head())
    assert drafted.tree == shop.git("write-tree").strip()
    before = shop.head()
    made = await make(rig, drafted)
    assert shop.head() == made.commit
    assert shop.head("HEAD~1") == before
    assert shop.git("rev-parse", "HEAD^{tree}").strip() == drafted.tree
    assert shop.git("log", "-1", "--format=%B").strip() == drafted.message.text
    assert shop.git("status", "--porcelain") == " M README.md\n"
    assert (made.files, made.added, made.removed) == (1, 1, 1)
    [event] = [one for one in rig.bus.published if isinstance(one, CommitMade)]
    assert (event.commit, event.branch, event.operation) == (made.commit, "work", made.operation)


async def test_a_partly_staged_file_stays_partly_staged(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    shop.write({"src/cart.py": TWICE})
    drafted = await draft(rig)
    assert [(file.path, file.note) for file in drafted.files] == [("src/cart.py", "also changed in the work tree")]
    await make(rig, drafted)
    assert shop.git("show", "HEAD:src/cart.py") == ROUNDED
    assert (shop.root / "src/cart.py").read_text() == TWICE
    assert shop.git("status", "--porcelain") == " M src/cart.py\n"


async def test_everything_takes_in_new_files_and_leaves_ignored_ones(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED, "src/order.py": "A = 1\n", ".gitignore": "*.log\n", "run.log": "x"})
    shop.git("mv", "README.md", "READ.md")
    index = (shop.root / ".git/index").read_bytes()
    drafted = await draft(rig, what="all")
    assert {(file.status, file.path, file.old_path) for file in drafted.files} == {
        ("A", ".gitignore", ""),
        ("M", "src/cart.py", ""),
        ("A", "src/order.py", ""),
        ("R", "READ.md", "README.md"),
    }
    assert drafted.left == []
    assert (shop.root / ".git/index").read_bytes() == index
    made = await make(rig, drafted)
    assert made.files == 4
    assert shop.git("status", "--porcelain", "--ignored") == "!! run.log\n"
    assert shop.git("rev-parse", "HEAD^{tree}").strip() == drafted.tree


async def test_paths_alone_are_committed_and_what_else_is_staged_stays_so(rig: GitRig, shop: GitLab) -> None:
    shop.write({"README.md": "# New\n", "src/cart.py": ROUNDED})
    shop.git("add", "README.md")
    drafted = await draft(rig, what="all", paths=["src/cart.py"])
    assert [file.path for file in drafted.files] == ["src/cart.py"]
    assert drafted.left == ["README.md"]
    await make(rig, drafted)
    assert shop.git("status", "--porcelain") == "M  README.md\n"
    with pytest.raises(UsageProblem, match="'nowhere' is no file"):
        await draft(rig, what="all", paths=["nowhere"])


async def test_the_first_commit_of_a_repository_is_made(lab: GitLab, aura_home: Path, git_settings: Path) -> None:
    lab.environment["GIT_CONFIG_GLOBAL"] = os.environ["GIT_CONFIG_GLOBAL"] = str(git_settings)
    lab.write({"app.py": "A = 1\n"})
    rig = GitRig(lab.root, CommitService)
    drafted = await draft(rig, what="all")
    assert (drafted.head, drafted.branch) == ("", "main")
    assert not drafted.protected, "a branch without a commit has nothing to protect"
    assert drafted.message is not None
    assert drafted.message.kind == "feat", "there is nothing yet that could be fixed"
    assert drafted.types[0].value == "feat"
    made = await make(rig, drafted, message="feat: begin")
    assert lab.log() == ["feat: begin"]
    assert lab.git("status", "--porcelain") == ""
    assert made.commit == lab.head()


@pytest.mark.parametrize("what", ["staged", "all"])
async def test_a_draft_is_void_once_what_it_stands_for_changed(rig: GitRig, shop: GitLab, what: str) -> None:
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    drafted = await draft(rig, what=what)
    shop.write({"src/cart.py": TWICE})
    shop.git("add", "src/cart.py")
    head, index = shop.head(), shop.git("ls-files", "--stage")
    with pytest.raises(DraftOutdated, match="changed since the draft was made"):
        await make(rig, drafted)
    assert (shop.head(), shop.git("ls-files", "--stage")) == (head, index)
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    await make(rig, drafted)
    with pytest.raises(DraftOutdated, match="no draft"):
        await make(rig, drafted)


async def test_a_draft_is_void_on_another_commit(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    drafted = await draft(rig)
    shop.git("commit", "--quiet", "--allow-empty", "--only", "-m", "docs: another")
    with pytest.raises(DraftOutdated, match="another commit"):
        await make(rig, drafted)


async def test_nothing_to_commit_says_what_there_is(rig: GitRig, shop: GitLab) -> None:
    assert (await draft(rig)).left_count == 0
    shop.write({"src/cart.py": ROUNDED, "new/a.txt": "a\n", "new/b.txt": "b\n"})
    drafted = await draft(rig)
    assert (drafted.id, drafted.message, drafted.left) == ("", None, ["new/", "src/cart.py"])


async def test_a_secret_is_held_back_until_it_is_allowed(rig: GitRig, shop: GitLab) -> None:
    shop.write({"deploy.pem": KEY})
    drafted = await draft(rig, what="all")
    [concern] = [one for one in drafted.concerns if one.blocks]
    assert "b3BlbnNz" not in drafted.model_dump_json()
    with pytest.raises(CommitBlocked, match=r"private-key in deploy\.pem") as refused:
        await make(rig, drafted)
    assert f"--allow {concern.rule}:deploy.pem" in refused.value.hint
    assert shop.git("status", "--porcelain") == "?? deploy.pem\n"
    await make(rig, drafted, allow=["private-key:deploy.pem"])
    assert shop.git("status", "--porcelain") == ""


async def test_a_protected_branch_needs_a_yes(rig: GitRig, shop: GitLab) -> None:
    shop.switch("main")
    shop.write({"src/cart.py": ROUNDED})
    drafted = await draft(rig, what="all")
    assert drafted.protected
    head = shop.head()
    for dry_run in (True, False):
        with pytest.raises(ProtectedBranch):
            await make(rig, drafted, dry_run=dry_run)
    assert shop.head() == head
    await make(rig, drafted, protected_ok=True)
    assert shop.head("main~1") == head


async def test_a_dry_run_changes_nothing(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    drafted = await draft(rig, what="all")
    refs, index = shop.refs(), (shop.root / ".git/index").read_bytes()
    made = await make(rig, drafted, dry_run=True, message="fix: round")
    assert (made.commit, made.operation, made.subject) == ("", "", "fix: round")
    assert (shop.refs(), (shop.root / ".git/index").read_bytes()) == (refs, index)


async def test_a_detached_head_is_refused_with_the_reason(rig: GitRig, shop: GitLab) -> None:
    shop.git("switch", "--quiet", "--detach")
    shop.write({"src/cart.py": ROUNDED})
    drafted = await draft(rig, what="all")
    assert any("HEAD is detached" in text for text in drafted.warnings)
    with pytest.raises(GateClosed, match="HEAD is detached"):
        await make(rig, drafted)


async def test_a_merge_is_concluded_with_the_message_of_git(rig: GitRig, shop: GitLab) -> None:
    shop.branch("side", "main")
    shop.commit("feat: side", {"src/cart.py": CART.replace("empty()", "none()")})
    shop.switch("work")
    shop.commit("feat: work", {"src/cart.py": CART.replace("empty()", "nothing()")})
    shop.git("merge", "side", ok=1)
    with pytest.raises(ConflictsLeft, match=r"src/cart\.py"):
        await draft(rig, what="all")
    shop.write({"src/cart.py": CART})
    shop.git("add", "src/cart.py")
    with pytest.raises(GateClosed, match="concludes a merge holds all"):
        await draft(rig, what="all", paths=["src/cart.py"])
    drafted = await draft(rig)
    assert (drafted.concludes, drafted.message and drafted.message.text) == (
        "merge",
        "Merge branch 'side' into work",
    )
    await make(rig, drafted)
    assert len(shop.git("log", "-1", "--format=%P").split()) == 2
    assert not (shop.root / ".git/MERGE_HEAD").exists()


async def test_other_states_are_refused(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    (shop.root / ".git/CHERRY_PICK_HEAD").write_text(shop.head())
    with pytest.raises(GateClosed, match="in the middle of a cherry-pick"):
        await draft(rig, what="all")


@pytest.mark.parametrize("what", ["staged", "all"])
async def test_a_hook_that_refuses_loses_nothing(rig: GitRig, shop: GitLab, what: str) -> None:
    hook(shop, "pre-commit", "echo no trailing spaces; echo x >> README.md; exit 3")
    shop.write({"src/cart.py": ROUNDED, "new.txt": "new\n"})
    shop.git("add", "src/cart.py")
    head, index = shop.head(), shop.git("ls-files", "--stage")
    drafted = await draft(rig, what=what)
    with pytest.raises(HookRefused, match="pre-commit refused") as refused:
        await make(rig, drafted)
    assert "no trailing spaces" in refused.value.message
    assert "README.md" in refused.value.message
    assert (shop.head(), shop.git("ls-files", "--stage")) == (head, index)
    assert (shop.root / "new.txt").read_text() == "new\n"
    assert not list((shop.root / ".git").glob("aura-index-*"))


@pytest.mark.parametrize("what", ["staged", "all"])
async def test_what_a_hook_changes_is_noticed_and_told(rig: GitRig, shop: GitLab, what: str) -> None:
    hook(shop, "pre-commit", "echo formatted; echo '# end' >> src/cart.py; git add src/cart.py")
    hook(shop, "post-commit", "exit 2")
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    made = await make(rig, await draft(rig, what=what))
    assert made.changed_by_hooks == ["src/cart.py"]
    assert made.hook_output == "formatted"
    assert [text.split()[0] for text in made.hooks] == ["pre-commit", "post-commit"]
    assert any("post-commit ended with code 2" in text for text in made.warnings)
    assert shop.git("show", "HEAD:src/cart.py").endswith("# end\n")
    assert shop.git("status", "--porcelain") == ""


async def test_a_hook_that_hangs_is_ended(shop: GitLab) -> None:
    hook(shop, "pre-commit", "sleep 60")
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    rig = GitRig(shop.root, CommitService, settings=Settings(git=GitSettings(command_s=1.5)))
    drafted = await draft(rig)
    with pytest.raises(Unavailable, match=r"the hook pre-commit did not end within 1\.5 s"):
        await make(rig, drafted)
    assert not (shop.root / ".git/index.lock").exists()
    assert shop.git("status", "--porcelain") == "M  src/cart.py\n"


async def test_a_commit_that_cannot_be_signed_is_explained(rig: GitRig, shop: GitLab) -> None:
    shop.git("config", "commit.gpgSign", "true")
    shop.git("config", "gpg.program", "false")
    shop.write({"src/cart.py": ROUNDED})
    head = shop.head()
    with pytest.raises(GitError, match="could not be signed") as refused:
        await make(rig, await draft(rig, what="all"))
    assert "never switched off" in refused.value.hint
    assert (shop.head(), shop.git("status", "--porcelain")) == (head, " M src/cart.py\n")


async def test_a_commit_of_nobody_is_explained(rig: GitRig, shop: GitLab) -> None:
    for key in ("name", "email"):
        shop.git("config", "--global", "--unset", f"user.{key}")
    shop.git("config", "user.useConfigOnly", "true")
    shop.write({"src/cart.py": ROUNDED})
    with pytest.raises(GitError, match=r"user\.name and user\.email"):
        await make(rig, await draft(rig, what="all"))


@pytest.mark.parametrize("message", ["-x\n\nbody", "--amend", "$(touch owned)\n\n`id`", "fix: é ✓"])
async def test_a_message_is_only_ever_a_text(rig: GitRig, shop: GitLab, message: str) -> None:
    shop.write({"src/cart.py": ROUNDED})
    before = shop.head()
    await make(rig, await draft(rig, what="all"), message=message)
    assert shop.git("log", "-1", "--format=%B").strip() == message
    assert shop.head("HEAD~1") == before
    assert not (shop.root / "owned").exists()


async def test_an_empty_message_is_refused(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED})
    with pytest.raises(UsageProblem, match="needs a message"):
        await make(rig, await draft(rig, what="all"), message="  \n")


async def test_a_commit_can_be_taken_back(rig: GitRig, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED, "new.txt": "new\n"})
    shop.git("add", "new.txt")
    refs, status = shop.refs(), shop.git("status", "--porcelain")
    made = await make(rig, await draft(rig, what="all"))
    repository = shop.repository()
    rig.desk.safety.undo(repository, made.operation)
    assert (shop.refs(), shop.git("status", "--porcelain")) == (refs, status)
    assert (shop.root / "src/cart.py").read_text() == ROUNDED


async def test_something_staged_meanwhile_stays_staged(rig: GitRig, shop: GitLab) -> None:
    hook(shop, "pre-commit", "unset GIT_INDEX_FILE; echo other > other.txt; git add other.txt")
    shop.write({"src/cart.py": ROUNDED})
    made = await make(rig, await draft(rig, what="all"))
    assert shop.git("show", "--name-only", "--format=", "HEAD") == "src/cart.py\n"
    assert shop.git("status", "--porcelain") == "A  other.txt\n"
    assert made.commit == shop.head()


async def test_intent_to_add_links_and_modes_are_listed(rig: GitRig, shop: GitLab) -> None:
    shop.write({"run.sh": "#!/bin/sh\n", "later.txt": "later\n"})
    (shop.root / "run.sh").chmod(0o755)
    (shop.root / "link").symlink_to("README.md")
    shop.git("add", "run.sh", "link")
    shop.git("add", "--intent-to-add", "later.txt")
    drafted = await draft(rig)
    assert {(file.path, file.note) for file in drafted.files} == {("run.sh", "executable"), ("link", "link")}
    assert "later.txt" in drafted.left
    assert ("intent-to-add", "later.txt") in {(one.rule, one.path) for one in drafted.concerns}
    await make(rig, drafted)
    assert shop.git("status", "--porcelain") == " A later.txt\n"


async def test_a_bare_repository_is_refused(rig: GitRig, shop: GitLab, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shop.git("clone", "--quiet", "--bare", str(shop.root), str(bare))
    other = GitRig(bare, CommitService)
    with pytest.raises(AuraError, match="bare"):
        await draft(other)
