"""What the factory says of changes in tests of the panel, and questions of agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aura_shared.errors import UnknownChange
from aura_shared.messages.approvals import Approval
from aura_shared.messages.changes import (
    ApplyChange,
    ChangeAnswer,
    ChangedFile,
    ChangeInfo,
    ChangeList,
    CheckResult,
    DecideHunks,
    EditProposal,
    Hunk,
    ListChanges,
    ShowChange,
    UndoChange,
)
from panel_lab import SHOP, PanelLab, proposed

APPROVAL = Approval(
    id="3f2a91c0", tool="apply_change", summary="Apply “Rename SessionStore to Sessions” (2 files)", project=SHOP.id,
    client="claude-code", asked_at="2026-11-27T09:10:00+00:00",
)  # fmt: skip
OTHER_APPROVAL = APPROVAL.model_copy(
    update={"id": "77aa0b11", "summary": "Undo [bold]a change[/bold]", "tool": "undo_change",
            "asked_at": "2026-11-27T09:11:30+00:00"}
)  # fmt: skip

_SESSIONS = """@@ -9,9 +9,9 @@ load_all
 from shop.clock import Clock


-class SessionStore:
-    \"\"\"Sessions of the shop, by token.\"\"\"
+class Sessions:
+    \"\"\"Sessions of the shop, by token; the oldest are dropped first.\"\"\"

     def __init__(self, clock: Clock, limit: int = 500) -> None:
         self._clock = clock
"""
_DROP = """@@ -31,7 +31,10 @@ SessionStore.add
     def add(self, session: Session) -> None:
         \"\"\"Keep a session.\"\"\"
         if len(self._kept) >= self._limit:
-            self._kept.pop(next(iter(self._kept)))
+            oldest = min(self._kept.values(), key=lambda kept: kept.seen_at)
+            del self._kept[oldest.token]
+            if self._told is not None:
+                self._told(oldest)  # [red]no markup[/red]
         self._kept[session.token] = session

     def __len__(self) -> int:
"""
_IMPORT = """@@ -1,6 +1,6 @@
 from __future__ import annotations

-from shop.sessions import SessionStore
+from shop.sessions import Sessions


 def main() -> None:
"""
_ADDED = """@@ -0,0 +1,3 @@
+# Sessions
+
+A session lives until it is the oldest of too many.
"""
_DELETED = """@@ -1,2 +0,0 @@
-SESSION_LIMIT = 500
-SESSION_SECONDS = 3600
"""
_MOVED = """@@ moved @@
rename from shop/clock.py
rename to shop/time/clock.py
"""
_ODD = (
    "@@ -1,5 +1,6 @@\n"
    " title\t数据库 和 名字\tend\n"
    "-naïve café\ttab\twide 値\n"
    "+naïve café\ttab\twide 価\n"
    "-plain line\n"
    "+plain line\r\n"
    "+bidi \u202e and escape \x1b[31m and e\u0301 combined\n"
    " last\n"
    "\\ No newline at end of file\n"
)


def hunk(name: str, path: str, diff: str, **fields: Any) -> Hunk:  # noqa: ANN401 - any field
    """A hunk whose counts are those of its diff."""
    lines = diff.split("\n")[1:]
    known: dict[str, Any] = {
        "id": name,
        "path": path,
        "old_start": 1,
        "old_lines": sum(line.startswith("-") for line in lines),
        "new_start": 1,
        "new_lines": sum(line.startswith("+") for line in lines),
        "diff": diff,
    }
    return Hunk(**{**known, **fields})


def sessions_change(**fields: Any) -> ChangeInfo:  # noqa: ANN401 - any field
    """A change of two files with three hunks."""
    files = [
        ChangedFile(
            path="shop/sessions.py",
            kind="modified",
            hunks=[
                hunk("aaaa00000001", "shop/sessions.py", _SESSIONS),
                hunk("aaaa00000002", "shop/sessions.py", _DROP, symbol="SessionStore.add"),
            ],
        ),
        ChangedFile(path="shop/app.py", kind="modified", hunks=[hunk("aaaa00000003", "shop/app.py", _IMPORT)]),
    ]
    known: dict[str, Any] = {
        "why": "`SessionStore` says nothing that its module does not say.\n\n"
        "- the **oldest** session is dropped, not the first\n- callers are told",
        "files": files,
        "checks": [
            CheckResult(name="parse", outcome="passed", detail="2 files"),
            CheckResult(name="ruff", outcome="passed", seconds=0.24),
            CheckResult(name="tests", outcome="failed", seconds=3.4, sandbox="bwrap",
                        detail="1 of 48 failed\ntests/test_sessions.py::test_oldest [no markup]"),
            CheckResult(name="types", outcome="skipped", detail="no type checker is configured"),
        ],
        "added": 7,
        "removed": 4,
    }  # fmt: skip
    return proposed(**{**known, **fields})


def odd_change(**fields: Any) -> ChangeInfo:  # noqa: ANN401 - any field
    """A change with a file of each kind, and text that is hard to show."""
    files = [
        ChangedFile(path="notes/[red]odd[/red].txt", kind="modified", standing="moved-on",
                    hunks=[hunk("bbbb00000001", "notes/[red]odd[/red].txt", _ODD, comment="a line\n[b]second[/b]")]),
        ChangedFile(path="docs/sessions.md", kind="added", hunks=[hunk("bbbb00000002", "docs/sessions.md", _ADDED)]),
        ChangedFile(path="shop/limits.py", kind="deleted", standing="conflict", problem="limits.py changed since",
                    hunks=[hunk("bbbb00000003", "shop/limits.py", _DELETED)]),
        ChangedFile(path="shop/time/clock.py", kind="moved", moved_from="shop/clock.py", standing="gone",
                    hunks=[hunk("bbbb00000004", "shop/time/clock.py", _MOVED)]),
        ChangedFile(path="logo.png", kind="deleted", hunks=[hunk("bbbb00000005", "logo.png", "@@ -0,0 +0,0 @@\n")]),
    ]  # fmt: skip
    known: dict[str, Any] = {
        "id": "0dd0dd00",
        "title": "Everything at once",
        "source": "agent:codex",
        "files": files,
        "file_count": len(files),
        "created_at": "2026-11-27T08:00:00+00:00",
    }
    return proposed(**{**known, **fields})


def huge_change(lines: int) -> ChangeInfo:
    """A change with so many lines of diff, in hunks of 100 lines."""
    hunks: list[Hunk] = []
    for number in range(lines // 100):
        start = number * 90 + 1
        body = "".join(
            f"-value_{n} = load({n})\n+value_{n} = load_all({n}, {number})\n" if n % 10 == 0 else f" value_{n} = {n}\n"
            for n in range(start, start + 90)
        )
        hunks.append(hunk(f"{number:012x}", "shop/huge.py", f"@@ -{start},90 +{start},90 @@\n{body}"))
    file = ChangedFile(path="shop/huge.py", kind="modified", hunks=hunks)
    return proposed(id="40404040", title="A huge one", files=[file], file_count=1)


class Factory:
    """Changes that are decided on, edited, applied and undone as the real ones are, in a few lines.

    Args:
        lab: The daemon that is not there.
        changes: What was proposed.
    """

    def __init__(self, lab: PanelLab, changes: Sequence[ChangeInfo]) -> None:
        self.changes = {change.id: change for change in changes}
        self.merge = ""
        """What an application or an undo shows before it is confirmed."""
        lab.answer(ListChanges, self.listed)
        lab.answer(ShowChange, lambda asked: ChangeAnswer(change=self._find(asked.change)))
        lab.answer(DecideHunks, self.decide)
        lab.answer(EditProposal, self._edit)
        lab.answer(ApplyChange, self._apply)
        lab.answer(UndoChange, self._undo)

    def _find(self, name: str) -> ChangeInfo:
        if name not in self.changes:
            raise UnknownChange(f"there is no change {name!r}")
        return self.changes[name]

    def listed(self, asked: ListChanges) -> ChangeList:
        """The list as asked."""
        found = [
            change.model_copy(update={"files": []})
            for change in self.changes.values()
            if asked.project in ("", change.project) and (not asked.states or change.state in asked.states)
        ]
        return ChangeList(changes=sorted(found, key=lambda change: change.created_at, reverse=True))

    def _put(self, change: ChangeInfo, **fields: Any) -> ChangeInfo:  # noqa: ANN401 - any field
        self.changes[change.id] = change.model_copy(update=fields)
        return self.changes[change.id]

    def each_hunk(self, change: ChangeInfo, wanted: Sequence[str], **fields: Any) -> list[ChangedFile]:  # noqa: ANN401
        """The files of a change with some hunks changed."""
        return [
            file.model_copy(
                update={
                    "hunks": [
                        hunk.model_copy(update=fields) if not wanted or hunk.id in wanted else hunk
                        for hunk in file.hunks
                    ]
                }
            )
            for file in change.files
        ]

    def decide(self, asked: DecideHunks) -> ChangeAnswer:
        """Decide as asked."""
        change = self._find(asked.change)
        said: dict[str, Any] = {"decision": asked.decision, "comment": asked.comment}
        fields = {name: value for name, value in said.items() if value is not None}
        files = self.each_hunk(change, asked.hunks, **fields)
        rejected = all(hunk.decision == "rejected" for file in files for hunk in file.hunks)
        return ChangeAnswer(change=self._put(change, files=files, state="rejected" if rejected else "proposed"))

    def _edit(self, asked: EditProposal) -> ChangeAnswer:
        change = self._find(asked.change)
        return ChangeAnswer(change=self._put(change, title=f"{change.title} (edited)"))

    def _apply(self, asked: ApplyChange) -> ChangeAnswer:
        change = self._find(asked.change)
        if self.merge and not asked.merge:
            return ChangeAnswer(change=change, merge=self.merge, notice="Changed since: shop/app.py.")
        taken = {"accepted", "open"} if asked.accept_open else {"accepted"}
        chosen = [hunk.id for file in change.files for hunk in file.hunks if hunk.decision in taken]
        files = self.each_hunk(change, chosen, applied=True)
        state = "applied" if all(hunk.applied for file in files for hunk in file.hunks) else "partly-applied"
        paths = [file.path for file in files if any(hunk.applied for hunk in file.hunks)]
        return ChangeAnswer(change=self._put(change, files=files, state=state, can_undo=True), written=paths)

    def _undo(self, asked: UndoChange) -> ChangeAnswer:
        change = self._find(asked.change)
        if self.merge and not asked.merge:
            return ChangeAnswer(change=change, merge=self.merge, notice="Changed since: shop/app.py.")
        files = self.each_hunk(change, [], applied=False)
        paths = [file.path for file in files]
        return ChangeAnswer(change=self._put(change, files=files, state="undone", can_undo=False), written=paths)
