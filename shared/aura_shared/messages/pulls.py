"""Messages of pull requests: the text made here, opening and updating one at a forge, and reviewing a branch."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request

ForgeKind = Literal["github", "gitlab", "gitea", "none"]
"""`gitea` is Forgejo as well; `none` where the remote is a folder or an unknown server."""
PullTransport = Literal["gh", "glab", "rest", "file"]
"""How it reached the forge; `file`: it did not, and waits in a file."""
PullState = Literal["planned", "created", "updated", "unchanged", "written"]
"""`planned`: a dry run; `written`: only to the file."""
PullAction = Literal["created", "updated", "written", "commented"]


class PullTarget(Message):
    """Where a pull request goes."""

    type: ClassVar[str] = "git.pull.target"

    forge: ForgeKind = "none"
    """Kind of the forge."""
    host: str = ""
    """Its host, with the port where it is not the usual one."""
    repository: str = ""
    """`owner/name`, with groups at GitLab."""
    remote: str = ""
    """Name of the remote; empty without one."""
    source: str = ""
    """Where the kind of forge comes from: the host's name, a setting of git, or a file of the repository."""
    compare_url: str = ""
    """Page on which a person can open it by hand; empty where there is no forge."""


class PullReviewer(Message):
    """Somebody who may review it."""

    type: ClassVar[str] = "git.pull.reviewer"

    name: str
    """As CODEOWNERS says: `@login`, `@group/team` or an address; a name and an address from blame."""
    source: Literal["CODEOWNERS", "blame"]
    """Where it comes from."""
    files: int = Field(default=0, ge=0)
    """Changed files that this one owns, or wrote changed lines of."""
    lines: int = Field(default=0, ge=0)
    """Changed lines that this one wrote; 0 for owners."""


class PullText(Message):
    """A pull request as it would be opened."""

    type: ClassVar[str] = "git.pull.text"

    title: str
    """At most 72 characters where the commits allow it."""
    body: str
    """Markdown; Aura's part stands between two HTML comments."""
    branch: str
    """Branch with the commits."""
    base: str
    """Branch that it goes into."""
    base_source: str = ""
    """Why this one."""
    commits: int = Field(default=0, ge=0)
    """How many commits it has."""
    files: int = Field(default=0, ge=0)
    """How many files it changes."""
    added: int = Field(default=0, ge=0)
    """Lines that are added."""
    removed: int = Field(default=0, ge=0)
    """Lines that are removed."""
    reviewers: list[PullReviewer] = Field(default_factory=list[PullReviewer])
    """Proposed; nobody is asked by this."""
    template: str = ""
    """Path of the repository's template; empty when there is none."""
    worded_by: str = ""
    """`server/model` that worded title and reason; empty when none did."""
    notes: list[str] = Field(default_factory=list)
    """What a person should know, such as what was not analysed."""


class DraftedPull(Reply):
    """The text of a pull request; nothing was sent."""

    text: PullText
    """What it would say."""
    target: PullTarget
    """Where it would go."""
    needs_push: bool = False
    """Whether the branch, as it is here, is not at its remote, as far as is known here."""
    transport: PullTransport = "file"
    """How it would be sent."""
    transport_reason: str = ""
    """Why so; for `file`, what would be needed for more."""


class DraftPull(Request[DraftedPull]):
    """Write the text of a pull request from git, tasks and analysis. Reads only; nothing leaves this machine."""

    type: ClassVar[str] = "git.pull.draft"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    branch: str = Field(default="", max_length=250)
    """Branch with the commits; the current one by default."""
    base: str = Field(default="", max_length=250)
    """Branch that it goes into; by default what it is stacked on, then the strategy's, then the remote's default."""
    remote: str = Field(default="", max_length=200)
    """Remote; by default the one that the branch follows, then the only one, then `origin`."""
    template: str = Field(default="", max_length=250)
    """Name of the template, where there are several."""
    task: str = Field(default="", max_length=100)
    """Task that it is for, such as `#12`; also read from the branch and the commits."""
    model: bool = True
    """Whether a model may word title and reason."""
    tests: bool = False
    """Whether the tests that reach the change are run in the sandbox, at the newest commit, and quoted."""


class PulledRequest(Reply):
    """What became of a pull request."""

    state: PullState
    """What happened."""
    transport: PullTransport
    """How."""
    url: str = ""
    """Its page; empty when it is only in a file."""
    number: int = Field(default=0, ge=0)
    """Its number at the forge."""
    draft: bool = True
    """Whether it is a draft."""
    pushed: bool = False
    """Whether the branch was pushed for it."""
    file: str = ""
    """File with the text, where it was written: below the git folder, so that no commit takes it along."""
    text: PullText
    """What it says."""
    target: PullTarget
    """Where it went."""
    operation: str = ""
    """Operation in the journal; empty for a dry run."""
    problem: str = ""
    """Why it did not reach the forge."""
    hint: str = ""
    """What to do then, such as the line that allows the host."""
    notices: list[str] = Field(default_factory=list)
    """What a person should know."""


class CreatePull(Request[PulledRequest]):
    """Open a pull request as a draft; one that is open for the branch already is updated instead.

    Where the forge cannot be reached or is not allowed, the text is written to a file and `problem` says why.
    """

    type: ClassVar[str] = "git.pull.create"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    branch: str = Field(default="", max_length=250)
    """Branch with the commits; the current one by default."""
    base: str = Field(default="", max_length=250)
    """Branch that it goes into."""
    remote: str = Field(default="", max_length=200)
    """Remote."""
    template: str = Field(default="", max_length=250)
    """Name of the template, where there are several."""
    task: str = Field(default="", max_length=100)
    """Task that it is for."""
    title: str = Field(default="", max_length=300)
    """Title instead of the one that is made."""
    draft: bool = True
    """Whether it is opened as a draft."""
    push: bool = False
    """Whether the branch may be pushed to its remote when it has to be."""
    model: bool = True
    """Whether a model may word title and reason."""
    tests: bool = False
    """Whether the tests that reach the change are run in the sandbox, at the newest commit, and quoted."""
    via: Literal["auto", "gh", "glab", "rest", "file"] = "auto"
    """How; `auto` takes the first that can be used."""
    allow: list[str] = Field(default_factory=list)
    """Concerns (`RULE:LINE`) about the text that a person has looked at."""
    dry_run: bool = False
    """Whether it is only shown."""


class UpdatePull(Request[PulledRequest]):
    """Renew Aura's part of an open pull request; what people wrote around it stays.

    Errors: `not_found` when none is open for the branch.
    """

    type: ClassVar[str] = "git.pull.update"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    branch: str = Field(default="", max_length=250)
    """Branch with the commits; the current one by default."""
    base: str = Field(default="", max_length=250)
    """Branch that it goes into."""
    remote: str = Field(default="", max_length=200)
    """Remote."""
    template: str = Field(default="", max_length=250)
    """Name of the template, where there are several."""
    task: str = Field(default="", max_length=100)
    """Task that it is for."""
    title: str = Field(default="", max_length=300)
    """New title; the one that it has stays without."""
    push: bool = False
    """Whether the branch may be pushed to its remote when it has to be."""
    model: bool = True
    """Whether a model may word the reason."""
    tests: bool = False
    """Whether the tests that reach the change are run in the sandbox, at the newest commit, and quoted."""
    via: Literal["auto", "gh", "glab", "rest", "file"] = "auto"
    """How; `auto` takes the first that can be used."""
    allow: list[str] = Field(default_factory=list)
    """Concerns (`RULE:LINE`) about the text that a person has looked at."""
    dry_run: bool = False
    """Whether it is only shown."""


class ReviewedPull(Reply):
    """A review of a branch or pull request."""

    title: str
    """What was reviewed."""
    content: str
    """The review in Markdown."""
    revision: str
    """Range of commits that it is about."""
    model: str = ""
    """`server/model` that wrote the summary; empty when none did."""
    number: int = Field(default=0, ge=0)
    """The pull request, where one was named."""
    fetched: str = ""
    """Hash of the commit that was fetched for it."""
    posted: bool = False
    """Whether it was posted as a comment."""
    url: str = ""
    """Page of the comment or pull request."""
    operation: str = ""
    """Operation in the journal; empty when nothing was written."""
    problem: str = ""
    """Why it was not posted."""
    notices: list[str] = Field(default_factory=list)
    """What a person should know."""


class ReviewPull(Request[ReviewedPull]):
    """Review a branch, a range of commits, or a pull request by its number, which is fetched first."""

    type: ClassVar[str] = "git.pull.review"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    what: str = Field(default="", max_length=500)
    """`REF..REF`, a branch, or the number of a pull request; the current branch by default."""
    base: str = Field(default="", max_length=250)
    """What it is compared with, where `what` is no range."""
    remote: str = Field(default="", max_length=200)
    """Remote that a number is fetched from."""
    post: bool = False
    """Whether `comment` is posted to the pull request."""
    comment: str = Field(default="", max_length=200_000)
    """Text to post; the review itself when it is empty."""
    model: bool = True
    """Whether a model writes the summary."""


class PullUpdated(Event):
    """A pull request was opened, renewed, written or commented. Topic: `git.pull.updated`. Sent by git."""

    type: ClassVar[str] = "git.pull.updated"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    what: PullAction
    """What happened."""
    branch: str
    """Its branch; empty for a comment on somebody else's."""
    base: str = ""
    """Branch that it goes into."""
    number: int = Field(default=0, ge=0)
    """Its number."""
    url: str = ""
    """Its page."""
    operation: str = ""
    """Operation in the journal."""
