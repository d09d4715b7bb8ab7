"""Questions to the git service. What writes is in a toolset of its own, and a person has to say yes to each call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import LONG_S, Question
from aura_shared.messages import branches, commits, git, git_health, merges, pulls, releases

__all__ = ["GIT_QUESTIONS"]

_READING: Final[Sequence[Question]] = (
    Question(
        "git/status", git.ShowGitStatus, "git", "git_status", "Show the state of the repository",
        "Branch, changes, conflicts, and what waits for a person. Use before git work.", always=True,
    ),
    Question(
        "git/commit/draft", commits.DraftCommit, "git", "draft_commit", "Draft a commit",
        "A commit message in the repository's habits, and what speaks against the commit. Changes nothing.",
        always=True, shows=("what", "paths"), hides=("diff", "template", "comment"), timeout_s=LONG_S,
    ),
    Question(
        "git/merge/simulate", merges.SimulateMerge, "git", "simulate_merge", "Simulate a merge",
        "What merging a branch would do: clean, or conflicts by file and symbol. Changes nothing.",
        timeout_s=LONG_S,
    ),
    Question(
        "git/rebase/simulate", merges.SimulateRebase, "git", "simulate_rebase", "Simulate a rebase",
        "What replaying the current branch onto another would do, commit by commit.", timeout_s=LONG_S,
    ),
    Question(
        "git/ops", git.ListOperations, "git", "git_operations", "List operations",
        "What Aura did in the repository, newest first; each can be undone.",
    ),
    Question(
        "git/ops/show", git.ShowOperation, "git", "git_operation", "Show an operation",
        "An operation with its steps and the refs that it moved.",
    ),
    Question(
        "git/lint", commits.LintMessages, "git", "lint_messages", "Check commit messages",
        "Commit messages, or a text, against Conventional Commits and the repository's rules.", timeout_s=LONG_S,
    ),
    Question(
        "git/split/plan", commits.PlanSplit, "git", "plan_split", "Plan a split",
        "How a mixed change is split into commits by symbol and dependency, each of which parses. Nothing is changed.",
        timeout_s=LONG_S,
    ),
    Question(
        "git/split/change", commits.ChangeSplit, "git", "change_split", "Change a split",
        "Order the commits of a plan anew, move hunks between them, or word them otherwise; the result is checked.",
        timeout_s=LONG_S,
    ),
    Question(
        "git/branches", branches.ListBranches, "git", "list_branches", "List branches",
        "Branches with their kind, parent, age and what is not pushed.", timeout_s=LONG_S,
    ),
    Question(
        "git/branches/check", branches.CheckBranching, "git", "check_branching", "Check the branches",
        "Where the branches stray from the repository's strategy, with the command that mends each.", timeout_s=LONG_S,
    ),
    Question(
        "git/pulls/draft", pulls.DraftPull, "git", "draft_pull", "Draft a pull request",
        "The text of a pull request: why, what, risk, tests, size, reviewers. Nothing is sent.",
        timeout_s=LONG_S,
    ),
    Question(
        "git/releases", releases.PlanRelease, "git", "plan_release", "Plan a release",
        "The next version and why, the changelog, and the files that would change. Nothing is written.",
        timeout_s=LONG_S,
    ),
    Question(
        "git/health", git_health.CheckHealth, "git", "git_health", "Check the repository",
        "Large objects, stale and diverged branches, tracked build output, broken hooks; each with what mends it.",
        timeout_s=LONG_S,
    ),
)  # fmt: skip
_WRITING: Final[Sequence[Question]] = (
    Question(
        "git/commit", commits.MakeCommit, "git-write", "make_commit", "Commit a draft",
        "Commit exactly what a draft stands for; refused when that changed. Hooks and signing are respected.",
        writes=True, approval=True, shows=("draft", "message", "allow", "protected_ok", "dry_run"), timeout_s=LONG_S,
    ),
    Question(
        "git/split/commit", commits.CommitSplit, "git-write", "commit_split", "Commit a split",
        "Make all commits of a planned split, as one operation.", writes=True, approval=True,
        shows=("plan", "allow", "protected_ok", "unsound_ok", "failing_ok", "dry_run"), timeout_s=LONG_S,
    ),
    Question(
        "git/hooks", commits.ManageHooks, "git-write", "manage_hooks", "Manage the message hook",
        "Install, take away or show the hook that drafts messages for `git commit`.", writes=True, approval=True,
        timeout_s=LONG_S,
    ),
    Question(
        "git/undo", git.UndoOperation, "git-write", "undo_operation", "Undo an operation",
        "Take an operation of Aura's back: refs, index and files; refused when they moved since.",
        writes=True, approval=True, timeout_s=LONG_S,
    ),
    Question(
        "git/abandon", git.AbandonOperation, "git-write", "abandon_operation", "Abandon an operation",
        "Take back an operation that was interrupted or failed.", writes=True, approval=True, timeout_s=LONG_S,
    ),
    Question(
        "git/merge", merges.DoMerge, "git-write", "merge_branch", "Merge a branch",
        "Merge a branch into the current one; conflicts are resolved only where certain, the rest waits for a person.",
        writes=True, approval=True, timeout_s=LONG_S,
    ),
    Question(
        "git/rebase", merges.DoRebase, "git-write", "rebase_branch", "Rebase the branch",
        "Replay the current branch onto another; never commits that others have.", writes=True, approval=True,
        timeout_s=LONG_S,
    ),
    Question(
        "git/sync", merges.SyncBranches, "git-write", "sync_branches", "Fetch and bring up to date",
        "Fetch the configured remotes, and bring local branches forward where nothing can be lost.",
        writes=True, approval=True, timeout_s=LONG_S,
    ),
    Question(
        "git/resolve", merges.ResolveConflicts, "git-write", "resolve_conflicts", "Resolve conflicts",
        "Resolve conflicts in the work tree by rules, each with its reason; what is uncertain is left.",
        writes=True, approval=True, timeout_s=LONG_S,
    ),
    Question(
        "git/continue", merges.ContinueOperation, "git-write", "continue_operation", "Go on",
        "Go on with the merge, rebase or finish that waits, once its conflicts are resolved.", writes=True,
        approval=True, timeout_s=LONG_S,
    ),
    Question(
        "git/skip", merges.SkipCommit, "git-write", "skip_commit", "Skip a commit",
        "Leave out the commit that a rebase stopped at, and go on.", writes=True, approval=True, timeout_s=LONG_S,
    ),
    Question(
        "git/abort", merges.AbortOperation, "git-write", "abort_operation", "Abort",
        "Take back what waits: everything becomes what it was before.", writes=True, approval=True, timeout_s=LONG_S,
    ),
    Question(
        "git/branches/start", branches.StartBranch, "git-write", "start_branch", "Start a branch",
        "Begin a branch by the repository's strategy and naming, and check it out.", writes=True, approval=True,
        timeout_s=LONG_S,
    ),
    Question(
        "git/branches/finish", branches.FinishBranch, "git-write", "finish_branch", "Finish a branch",
        "Merge, tag, merge back and delete a branch as its kind asks; one operation.", writes=True, approval=True,
        timeout_s=LONG_S,
    ),
    Question(
        "git/branches/publish", branches.PublishBranch, "git-write", "publish_branch", "Publish a branch",
        "Push a branch to its remote; never by force.", writes=True, approval=True, timeout_s=LONG_S,
    ),
    Question(
        "git/branches/cleanup", branches.CleanBranches, "git-write", "clean_branches", "Clean branches up",
        "Propose merged and stale branches for deletion, or delete named ones; an undo brings them back.",
        writes=True, approval=True, timeout_s=LONG_S,
    ),
    Question(
        "git/branches/init", branches.InitBranching, "git-write", "init_branching", "Set a strategy",
        "Write the branching strategy of the repository to `.aura/branching.toml`.", writes=True, approval=True,
        timeout_s=LONG_S,
    ),
    Question(
        "git/pulls", pulls.CreatePull, "git-write", "create_pull", "Open a pull request",
        "Open a pull request as a draft, or renew the one that is open for the branch.", writes=True, approval=True,
        timeout_s=LONG_S,
    ),
    Question(
        "git/pulls/update", pulls.UpdatePull, "git-write", "update_pull", "Renew a pull request",
        "Renew Aura's part of an open pull request; what people wrote stays.", writes=True, approval=True,
        timeout_s=LONG_S,
    ),
    Question(
        "git/pulls/review", pulls.ReviewPull, "git-write", "review_pull", "Review a pull request",
        "Review a branch, a range of commits, or a pull request by its number, which is fetched.", writes=True,
        approval=True, timeout_s=LONG_S,
    ),
    Question(
        "git/releases/cut", releases.CutRelease, "git-write", "cut_release", "Cut a release",
        "Write version and changelog, commit and tag, as one operation.", writes=True, approval=True,
        timeout_s=LONG_S,
    ),
    Question(
        "git/health/mend", git_health.MendGit, "git-write", "mend_repository", "Mend a finding",
        "Mend a finding of git_health that Aura can mend; one operation.", writes=True, approval=True,
        timeout_s=LONG_S,
    ),
    Question(
        "git/watch", git_health.SetWatch, "git-write", "set_watch", "Set the watch",
        "Show or set what Aura may do in this repository by itself: nothing, propose, commit, push.", writes=True,
        approval=True, timeout_s=LONG_S,
    ),
)  # fmt: skip
GIT_QUESTIONS: Final = (*_READING, *_WRITING)
"""All of them."""
