"""What git says in tests of the panel: a repository with changes, branches, operations, findings, a watch."""

from __future__ import annotations

from aura_shared.errors import NotFound
from aura_shared.messages.branches import BranchInfo, BranchingInfo, BranchKindInfo, BranchList, ListBranches
from aura_shared.messages.commits import (
    BreakingChange,
    CommitAnswer,
    CommitConcern,
    CommitDraft,
    CommitFile,
    CommitText,
    DraftCommit,
    LintAnswer,
    LintMessages,
    MakeCommit,
    MessageProblem,
)
from aura_shared.messages.git import (
    AbandonOperation,
    GitOperation,
    GitOperationAnswer,
    GitOperations,
    GitStatus,
    ListOperations,
    RefMove,
    ShowGitStatus,
    ShowOperation,
    UndoAnswer,
    UndoOperation,
)
from aura_shared.messages.git_health import (
    CheckHealth,
    GitProposal,
    HealthFinding,
    HealthItem,
    HealthReport,
    MendAnswer,
    MendGit,
    SetWatch,
    WatchState,
)
from aura_shared.messages.merges import (
    AbortOperation,
    ConflictFile,
    ConflictHunk,
    ContinueOperation,
    MergeAnswer,
    MergeForecast,
    MergeWarning,
    SimulateMerge,
)
from panel_lab import SHOP, PanelLab

COMMITTED = GitOperation(
    id="1k147zf7b7n", command="commit", title="feat(cart): sum [all] lines", state="done",
    started_at="2026-11-26T16:20:00Z", ended_at="2026-11-26T16:20:02Z", steps=["snapshot", "commit"], choices=["undo"],
)  # fmt: skip
STARTED = GitOperation(
    id="1k147zf7a2b", command="branch start", title="start feature/pay", state="undone",
    started_at="2026-11-25T09:00:00Z", ended_at="2026-11-25T09:00:01Z", steps=["switch"],
)  # fmt: skip
WAITING = GitOperation(
    id="1k147zf7c9x", command="merge", title="merge feature/pay into main", state="waiting",
    started_at="2026-11-27T08:30:00Z", steps=["merge"], choices=["continue", "abort"],
    waiting_for="1 conflict in shop/[cart].py: resolve it, then go on",
)  # fmt: skip
INTERRUPTED = WAITING.model_copy(
    update={"state": "interrupted", "waiting_for": "", "choices": ["continue", "abort", "undo"]}
)
STATUS = GitStatus(
    root="/src/shop", head="4f5e6d7c8b9a" + "0" * 28, branch="main", protected=True, upstream="origin/main", ahead=2,
    behind=1, staged=2, unstaged=1, untracked=3, last=[COMMITTED, STARTED], concerns=1, shallow=True,
    locks=[".git/index.lock"],
)  # fmt: skip
MERGING = STATUS.model_copy(
    update={"operation": WAITING, "in_progress": "merge", "unmerged": ["shop/[cart].py"], "locks": []}
)
REFS = [RefMove(name="refs/heads/main", old="1" * 40, new="4f5e6d7c8b9a" + "0" * 28)]
BRANCHES = BranchList(
    branching=BranchingInfo(
        strategy="github-flow", source="detected", main="main",
        kinds=[BranchKindInfo(name="feature", prefix="feature/", starts_from="main", merges_into=["main"])],
    ),
    branches=[
        BranchInfo(
            name="main", kind="base", current=True, commit="4f5e6d7c8b9a", subject="feat(cart): sum lines",
            author="Mia", date="2026-11-26T16:20:00+00:00", upstream="origin/main", unpushed=2, unpulled=1,
            protected=True,
        ),
        BranchInfo(
            name="feature/pay", kind="feature", commit="1a2b3c4d5e6f", subject="feat(pay): ask the [bank]",
            author="Ben",
            date="2026-11-24T10:00:00+00:00", parent="main", ahead=3, behind=2, unpushed=3,
        ),
        BranchInfo(
            name="feature/slip", kind="feature", commit="9a8b7c6d5e4f", subject="feat: print a slip", author="Mia",
            date="2026-10-02T10:00:00+00:00", parent="main", behind=14, upstream="origin/feature/slip",
            upstream_gone=True, worktree="/src/slip",
        ),
    ],
)  # fmt: skip
HEALTH = HealthReport(
    project=SHOP.id,
    findings=[
        HealthFinding(
            rule="large-objects", level="warning", what="2 large objects are in the history", count=3,
            why="Every clone downloads them.", items=[HealthItem(name="data/[all].bin", detail="48 MB")],
            command="git filter-repo --strip-blobs-bigger-than 10M",
        ),
        HealthFinding(
            rule="missing-ignore", level="note", what="Build output is not ignored", why="It gets committed.",
            items=[HealthItem(name="__pycache__/")], count=1, command="echo '__pycache__/' >> .gitignore", fix=True,
        ),
    ],
    checked=["large-objects", "missing-ignore"],
    skipped=["signatures: gpg is not installed"],
    seconds=0.4,
)  # fmt: skip
WATCH = WatchState(project=SHOP.id, mode="propose", quiet_s=600)
PROPOSAL = GitProposal(
    project=SHOP.id, kind="commit", what="Commit 3 files: feat(pay): ask the [bank]", why="Files are at rest",
    command="aura commit --all",
)  # fmt: skip
DONE = GitProposal(
    project=SHOP.id, kind="committed", what="Committed feat: slip", why="The watch is on", operation=COMMITTED.id,
    command=f"aura git undo {COMMITTED.id}",
)  # fmt: skip
FORECAST = MergeForecast(
    outcome="conflicts", into="main", ref="feature/pay", commits=3, changed_count=4,
    changed=["shop/pay.py"], obstacles=["shop/cart.py has changes that are not committed"],
    conflicts=[
        ConflictFile(
            path="shop/[cart].py", kind="content", remaining=1, problem="",
            hunks=[ConflictHunk(id="c:1", number=1, line=12, tier="propose", symbol="Cart.total", reason="same sum")],
        )
    ],
    warnings=[MergeWarning(rule="missing-name", path="shop/pay.py", line=3, message="Price is not defined any more")],
    tests=["tests/test_cart.py"],
)  # fmt: skip
DRAFT = CommitDraft(
    id="d1", project=SHOP.id, what="staged", branch="main", protected=True,
    message=CommitText(text="feat(cart): sum all lines\n", kind="feat", scope="cart"),
    reasons=["feat: a public function is new"], alternatives=["feat(cart): add totals"],
    files=[
        CommitFile(path="shop/[cart].py", status="M", added=12, removed=3),
        CommitFile(path="shop/new.bin", status="A", binary=True, note="executable"),
        CommitFile(path="shop/b.py", old_path="shop/a.py", status="R"),
    ],
    left=["notes.txt"], left_count=1,
    concerns=[CommitConcern(rule="large-file", path="shop/new.bin", message="12 MB", blocks=True)],
    problems=[MessageProblem(rule="body-empty", level="warning", line=1, message="it has no body")],
    breaking=[BreakingChange(path="shop/a.py", symbol="Cart.sum", reason="It is gone.")],
    warnings=["2 files changed while this was drafted"], mixed=2, task="#12", task_from="the branch",
)  # fmt: skip


def shown(asked: ShowOperation) -> GitOperationAnswer:
    """An operation with what it moved."""
    found = [one for one in (COMMITTED, STARTED, WAITING) if one.id == asked.operation]
    if not found:
        raise NotFound(f"there is no operation {asked.operation!r}")
    return GitOperationAnswer(operation=found[0], refs=REFS)


def undone(asked: UndoOperation | AbandonOperation) -> UndoAnswer:
    """What an undo did, or would do."""
    dry = isinstance(asked, UndoOperation) and asked.dry_run
    operation = INTERRUPTED if asked.operation == WAITING.id else COMMITTED
    return UndoAnswer(
        operation=operation, refs=REFS, paths=["shop/[cart].py"], path_count=1, done=not dry,
        notice="It was pushed: the remote keeps it.",
    )  # fmt: skip


def watched(asked: SetWatch) -> WatchState:
    """The watch as it was set."""
    return WATCH if asked.mode is None else WATCH.model_copy(update={"mode": asked.mode})


def mended(asked: MendGit) -> MendAnswer:
    """What mending did, or would do."""
    return MendAnswer(
        rule=asked.rule, done=not asked.dry_run, items=["__pycache__/"], diff="+++ b/.gitignore\n+__pycache__/\n",
        operation="" if asked.dry_run else "op9", notice="Only new files are ignored.",
    )  # fmt: skip


def with_git(lab: PanelLab, status: GitStatus = STATUS) -> None:
    """Answer for a repository from now on."""
    lab.answer(ShowGitStatus, status)
    lab.answer(ListOperations, GitOperations(operations=[COMMITTED, STARTED]))
    lab.answer(ShowOperation, shown)
    lab.answer(UndoOperation, undone)
    lab.answer(AbandonOperation, undone)
    lab.answer(ListBranches, BRANCHES)
    lab.answer(SimulateMerge, FORECAST)
    lab.answer(CheckHealth, HEALTH)
    lab.answer(MendGit, mended)
    lab.answer(SetWatch, watched)
    lab.answer(DraftCommit, DRAFT)
    lab.answer(LintMessages, LintAnswer(range=""))
    lab.answer(MakeCommit, CommitAnswer(commit="77" * 20, subject="feat(cart): sum all lines", branch="main", files=3))
    lab.answer(ContinueOperation, MergeAnswer(standing="done", command="merge", summary="merged feature/pay"))
    lab.answer(AbortOperation, MergeAnswer(standing="aborted", command="merge", summary="merge taken back"))
