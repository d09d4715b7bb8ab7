"""A question about a merge: what would be written is shown in full before the answer."""

from __future__ import annotations

from textual.app import ComposeResult

from aura_panel.diff_document import DiffDocument
from aura_panel.widgets.dialogs import YesNo
from aura_panel.widgets.diff import DiffView

__all__ = ["MergeQuestion"]


class MergeQuestion(YesNo):
    """Show what would be written to files that changed since, and ask.

    Args:
        title: What is asked.
        document: The merge.
        yes: The answer that does it.
    """

    AUTO_FOCUS = "DiffView"
    DEFAULT_CSS = "MergeQuestion > .box { border: round $warning; border-title-color: $warning; }"

    def __init__(self, title: str, document: DiffDocument, yes: str) -> None:
        super().__init__(title, f"{yes} this", "nothing was written yet", "-difference")
        self._document = document

    def compose_matter(self) -> ComposeResult:
        """The merge."""
        yield DiffView()

    def on_mount(self) -> None:
        """Show the merge."""
        self.query_one(DiffView).show(self._document)
