"""A drafted commit: what it holds, what speaks against it, and its message to be edited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final, cast

from rich.text import Text
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Static, TextArea

from aura_cli.screen import plural, safe
from aura_panel.plan_rows import Colours, one_line
from aura_panel.widgets.dialogs import Dialog
from aura_shared.errors import AuraError
from aura_shared.messages.commits import CommitDraft, CommitFile, MessageProblem

__all__ = ["CommitScreen", "draft_text"]

LATE_S: Final = 0.3
"""A wait is told from then on; before that it would only flicker."""
_MOST_PROBLEMS: Final = 3
_MOST_FILES: Final = 60
_MOST_LEFT: Final = 12
_STATUS: Final = {"A": "new", "M": "changed", "D": "deleted", "R": "renamed", "C": "copied", "T": "type"}


class CommitScreen(Dialog[tuple[str, bool]]):
    """Show a draft, and let its message be edited; answers the message, and whether to commit with it.

    What is wrong with an edited message is shown first; the same message again is a yes.

    Args:
        draft: The draft; it has a message, whose problems it tells.
        message: The message to begin with.
        check: Says what is wrong with a message; raises AuraError when that cannot be told.
        problem: Why it was not committed before.
        agreed: A message that was said yes to.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "commit", "Commit", priority=True),
        Binding("escape", "leave", "Leave it", priority=True),
        Binding("ctrl+r", "proposed", "Proposed message", priority=True),
    ]
    AUTO_FOCUS = "TextArea"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as Textual declares it
    DEFAULT_CSS = """
    CommitScreen > .box { width: 170; max-width: 98%; height: 94%; max-height: 94%; }
    CommitScreen #sides { height: 1fr; layout: vertical; }
    CommitScreen.-wide #sides { layout: horizontal; }
    CommitScreen #what { height: 2fr; }
    CommitScreen.-wide #what { height: 100%; width: 1fr; }
    CommitScreen TextArea { height: 1fr; min-height: 6; padding: 0 1; background: $background; }
    CommitScreen TextArea, CommitScreen TextArea:focus {
        border: round $primary; border-title-color: $primary; border-title-style: bold;
    }
    CommitScreen.-wide TextArea { height: 100%; width: 1fr; }
    CommitScreen #problem { height: auto; max-height: 6; color: $error; }
    """

    def __init__(
        self,
        draft: CommitDraft,
        message: str,
        check: Callable[[str], Awaitable[Sequence[MessageProblem]]],
        *,
        problem: str = "",
        agreed: str = "",
    ) -> None:
        super().__init__()
        self._draft = draft
        self._message = message
        self._check = check
        self._problem = problem
        self._known = {self._proposed, agreed}

    def compose(self) -> ComposeResult:
        """What it holds, the message, the answers."""
        with Vertical(classes="box") as box:
            box.border_title = Text(f"Commit on {one_line(self._draft.branch) or 'no branch'}").markup
            problem = Static(Text(safe(self._problem)), id="problem")
            problem.display = bool(self._problem)
            yield problem
            with Vertical(id="sides"):
                with VerticalScroll(id="what"):
                    yield Static(draft_text(self._draft, self._colours))
                yield TextArea(self._message, tab_behavior="focus", show_line_numbers=False, soft_wrap=True)
            with Horizontal(classes="answers"):
                yield Button("Commit (Ctrl-S)", id="yes", compact=True)
                yield Button("Leave it (Esc)", id="no", compact=True)
                yield Button("Proposed message (Ctrl-R)", id="proposed", compact=True)

    @property
    def _proposed(self) -> str:
        return self._draft.message.text if self._draft.message is not None else ""

    @property
    def _colours(self) -> Colours:
        return cast("App[None]", self.app).theme_variables

    def on_mount(self) -> None:
        """Name the field."""
        self.query_one(TextArea).border_title = "Message"

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Do what the button says."""
        if event.button.id == "proposed":
            self.action_proposed()
        elif event.button.id == "yes":
            self.action_commit()
        else:
            self.action_leave()

    def action_commit(self) -> None:
        """Commit with this message, once nothing is wrong with it, or what is wrong was shown."""
        message = self.query_one(TextArea).text
        if not message.strip():
            self.notify("A commit needs a message. Ctrl-R gives the proposed one.", severity="warning")
        elif message in self._known:
            self.dismiss((message, True))
        else:
            self._commit_checked(message)

    @work(exclusive=True, exit_on_error=False, group="check")
    async def _commit_checked(self, message: str) -> None:
        late = self.set_timer(LATE_S, lambda: self._tell(Text("Checking the message …", self._colours["muted"])))
        try:
            problems = await self._check(message)
        except AuraError as error:
            told = Text(f"! The message could not be checked: {safe(error.message)}. ", self._colours["warning"])
        else:
            if not problems:
                if self.is_current:  # Else it was left meanwhile.
                    self.dismiss((message, True))
                return
            told = problems_text(problems[:_MOST_PROBLEMS], self._colours)
            if len(problems) > _MOST_PROBLEMS:
                told.append(f"and {plural(len(problems) - _MOST_PROBLEMS, 'other')}. ", self._colours["muted"])
        finally:
            late.stop()
        self._known.add(message)
        self._tell(told.append("Edit it, or commit it so: Ctrl-S again.", self._colours["foreground"]))

    def _tell(self, text: Text) -> None:
        for problem in self.query("#problem").results(Static):
            problem.display = True
            problem.update(text)

    def action_leave(self) -> None:
        """Commit nothing; the message is kept."""
        self.dismiss((self.query_one(TextArea).text, False))

    def action_proposed(self) -> None:
        """Begin anew with the proposed message."""
        self.query_one(TextArea).text = self._proposed


def draft_text(draft: CommitDraft, colours: Colours) -> Text:
    """What a commit would hold, and what speaks against it."""
    text = Text()
    if draft.protected:
        text.append(f"! {one_line(draft.branch)} is protected: a commit on it needs a yes\n", colours["warning"])
    if not draft.branch:
        text.append("! No branch is checked out: start one first, or the commit is easily lost\n", colours["warning"])
    for one in draft.concerns:
        place = f"{one.path}:{one.line}" if one.line else one.path
        sign, tone = ("✗", "error") if one.blocks else ("!", "warning")
        text.append(f"{sign} {safe(place)}  {safe(one.message)} ({one.rule})\n", colours[tone])
    for one in draft.breaking:
        text.append(
            f"! breaks callers: {safe(one.symbol)} in {safe(one.path)}. {safe(one.reason)}\n", colours["warning"]
        )
    text.append_text(problems_text(draft.problems, colours))
    for line in draft.warnings:
        text.append(f"! {safe(line)}\n", colours["warning"])
    if draft.mixed:
        told = f"! It may be {draft.mixed} commits: aura commit --split takes it apart\n"
        text.append(told, colours["warning"])
    text.append(f"{plural(len(draft.files), 'file')}\n", f"bold {colours['primary']}")
    for file in draft.files[:_MOST_FILES]:
        _append_file(text, file, colours)
    if len(draft.files) > _MOST_FILES:
        text.append(f"  and {len(draft.files) - _MOST_FILES:,} more\n", colours["muted"])
    _append_left(text, draft, colours)
    _append_why(text, draft, colours)
    return text


def problems_text(problems: Sequence[MessageProblem], colours: Colours) -> Text:
    """What is wrong with a message, a line each."""
    text = Text()
    for one in problems:
        sign, tone = ("✗", "error") if one.level == "error" else ("!", "warning")
        text.append(f"{sign} message, line {one.line}: {safe(one.message)} ({one.rule})\n", colours[tone])
    return text


def _append_file(text: Text, file: CommitFile, colours: Colours) -> None:
    text.append(f"  {_STATUS[file.status]:<8}", colours["muted"])
    text.append(f"{safe(file.old_path)} → " if file.old_path else "").append(safe(file.path))
    if file.binary:
        text.append("  binary", colours["muted"])
    else:
        text.append(f"  +{file.added}", colours["success"]).append(f" -{file.removed}", colours["error"])
    text.append(f"  {safe(file.note)}\n" if file.note else "\n", colours["muted"])


def _append_left(text: Text, draft: CommitDraft, colours: Colours) -> None:
    if draft.left_count:
        text.append(f"Not in it: {plural(draft.left_count, 'file')}\n", colours["muted"])
    for path in draft.left[:_MOST_LEFT]:
        text.append(f"  {safe(path)}\n", colours["muted"])


def _append_why(text: Text, draft: CommitDraft, colours: Colours) -> None:
    text.append("Why this message\n", f"bold {colours['primary']}")
    by = f"model {draft.model}" if draft.worded_by == "model" else "what this repository's history teaches"
    text.append(f"  Worded by {safe(by)}\n", colours["muted"])
    for line in draft.reasons:
        text.append(f"  {safe(line)}\n")
    if draft.task:
        text.append(f"  Task {safe(draft.task)}, read from {safe(draft.task_from)}\n")
    for line in draft.alternatives[:3]:
        text.append(f"  or: {safe(line)}\n", colours["muted"])
