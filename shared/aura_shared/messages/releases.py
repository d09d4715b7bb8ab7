"""Messages of releases: which version comes next and why, its changelog, and the release itself."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request

ReleaseBump = Literal["none", "patch", "minor", "major", "first", "pre-release", "given"]
"""What decided the version; `first`: there is no version tag yet, `given`: a person named it."""


class ReleaseCommit(Message):
    """A commit that counts for a release."""

    type: ClassVar[str] = "git.release.commit"

    commit: str
    """Hash."""
    subject: str
    """First line of its message."""
    kind: str = ""
    """Its type, such as `feat`; empty where the message is not conventional."""
    effect: ReleaseBump
    """What it asks for."""
    why: str = ""
    """What in it asks for that: `!`, a footer, its type."""


class ReleaseFile(Message):
    """A file that a release writes."""

    type: ClassVar[str] = "git.release.file"

    path: str
    """Relative to the repository."""
    what: str
    """Such as `version 1.2.0 -> 1.3.0`, or `changelog`."""


class ReleasePlan(Reply):
    """What a release would be. Nothing is written."""

    project: str
    """Identifier of the project."""
    package: str = ""
    """Name of the package of a repository with several; empty for the whole repository."""
    path: str = ""
    """Folder of the package, relative to the repository."""
    packages: list[str] = Field(default_factory=list)
    """Folders of all packages that were found."""
    since: str = ""
    """The version tag that it starts from; empty for a first release."""
    current: str = ""
    """Version of that tag, or of the version files before a first release."""
    version: str = ""
    """The next version; empty when there is nothing to release, or a person has to choose."""
    tag: str = ""
    """Name of the tag."""
    bump: ReleaseBump = "none"
    """What decided."""
    reason: str = ""
    """Why this version, for a person."""
    decided_by: list[ReleaseCommit] = Field(default_factory=list[ReleaseCommit])
    """The commits that decided; at most 20."""
    commits: int = Field(default=0, ge=0)
    """Commits since the tag that count."""
    choices: list[str] = Field(default_factory=list)
    """Versions to choose from where the history does not say."""
    evidence: list[str] = Field(default_factory=list)
    """What speaks for one of them."""
    changelog: str = ""
    """The new section, Markdown or reStructuredText as the file is."""
    changelog_path: str = ""
    """Where it belongs; empty when the project keeps no changelog that Aura writes."""
    changelog_command: str = ""
    """The command of the project's own tool that writes the changelog (`towncrier`, `changeset`)."""
    files: list[ReleaseFile] = Field(default_factory=list[ReleaseFile])
    """What is written."""
    diff: str = ""
    """The same as a unified diff."""
    message: str = ""
    """Message of the commit; empty when no file changes."""
    branch: str = ""
    """The branch that is checked out."""
    branch_rule: str = ""
    """From which branch releases are cut here, and why."""
    obstacles: list[str] = Field(default_factory=list)
    """What a release is refused for now."""
    tools: list[str] = Field(default_factory=list)
    """Configurations of other release tools that were found, and what follows from them."""
    notes: list[str] = Field(default_factory=list)
    """What a person should know."""


class PlanRelease(Request[ReleasePlan]):
    """Work out the next release of a project. Nothing is written."""

    type: ClassVar[str] = "git.release.plan"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = Field(default="", max_length=1000)
    """Folder of one package, relative to the repository; empty for the whole of it."""
    pre: str = Field(default="", max_length=20, pattern=r"^([A-Za-z][A-Za-z0-9]*)?$")
    """Name of a pre-release, such as `rc`; empty for a final one."""
    version: str = Field(default="", max_length=100)
    """A version that a person chose; empty to work it out."""


class ReleaseAnswer(Reply):
    """A release that was cut, or would be."""

    plan: ReleasePlan
    """What it is made of."""
    commit: str = ""
    """Hash of the commit that the tag names."""
    tag: str = ""
    """Name of the tag; empty for a dry run."""
    operation: str = ""
    """Identifier for `aura git undo`."""
    signed: bool = False
    """Whether the tag is signed."""
    pushed: str = ""
    """The remote that has it; empty when it is here only."""
    done: bool = False
    """False for a dry run."""
    notice: str = ""
    """What a person should know."""


class CutRelease(Request[ReleaseAnswer]):
    """Write version and changelog, commit, and tag; one operation that can be undone until it is pushed."""

    type: ClassVar[str] = "git.release.cut"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    version: str = Field(default="", max_length=100)
    """A version that a person chose; empty to work it out."""
    path: str = Field(default="", max_length=1000)
    """Folder of one package, relative to the repository; empty for the whole of it."""
    pre: str = Field(default="", max_length=20, pattern=r"^([A-Za-z][A-Za-z0-9]*)?$")
    """Name of a pre-release, such as `rc`; empty for a final one."""
    head: str = Field(default="", pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})?$")
    """The commit that the person saw the plan for; refused when HEAD moved. Empty for any."""
    push: bool = False
    """Whether branch and tag are pushed together."""
    dry_run: bool = False
    """Only check and show."""


class ReleaseCut(Event):
    """A release was committed and tagged. Topic: `git.release`. Sent by the git service."""

    type: ClassVar[str] = "git.release"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    version: str
    """Its version."""
    tag: str
    """Name of its tag."""
    commit: str
    """Hash of the commit that the tag names."""
    pushed: str = ""
    """The remote that has it; empty when it is here only."""
    operation: str = ""
    """Identifier of the operation."""
