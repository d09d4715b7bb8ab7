"""A finding in full: what was found, the code, why it matters, how it is mended, how it is silenced."""

from __future__ import annotations

from typing import cast

from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from aura_panel.findings_rows import about_finding, code_of, why_of
from aura_shared.messages.findings import FindingExplanation, FindingInfo

__all__ = ["Explanation"]


class Explanation(VerticalScroll):
    """Text, code, text; it begins at its top for another finding."""

    DEFAULT_CSS = """
    Explanation { padding: 0 1; }
    Explanation Static { height: auto; }
    Explanation #code { text-wrap: nowrap; text-overflow: ellipsis; margin: 1 0; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._shown = ""

    def compose(self) -> ComposeResult:
        """The three parts."""
        yield Static(id="about", markup=False)
        yield Static(id="code", markup=False)
        yield Static(id="why", markup=False)

    def show(self, finding: FindingInfo, told: FindingExplanation | None, project: str, waiting: str = "") -> None:
        """Show a finding.

        Args:
            finding: As it is listed.
            told: What is known of it beside that; None while that is asked for.
            project: Name of its project; empty where it goes without saying.
            waiting: What is shown in place of what is not known.
        """
        colours = cast("App[None]", self.app).theme_variables
        if told is not None:
            finding = told.finding
        self.query_one("#about", Static).update(about_finding(finding, project, colours))
        self.query_one("#code", Static).update(code_of(told) if told is not None else Content())
        why = why_of(told, colours) if told is not None else Text(waiting, colours["muted"])
        self.query_one("#why", Static).update(why)
        self.border_title = Text(told.title if told is not None and told.title else finding.rule)
        if self._shown != finding.fingerprint:
            self._shown = finding.fingerprint
            self.scroll_home(animate=False)
