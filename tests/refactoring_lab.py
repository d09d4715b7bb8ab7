"""A project in a folder with its structure and findings, and what a plan makes of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from aura_code.findings.analysis import analyse_source
from aura_code.findings.fixing import digest_of
from aura_code.findings.loading import RuleSet, load_rules
from aura_code.findings.store import FindingStore
from aura_code.refactoring.planning import plan_refactoring
from aura_code.structure.readers import reader_of
from aura_code.structure.store import StructureStore
from aura_code.syntax import parse_source
from aura_shared.messages.refactoring import PlanRefactoring, RefactoringPlan
from aura_shared.text_files import as_utf8, read_text


@dataclass
class Lab:
    """A small project."""

    root: Path
    structure: StructureStore
    findings: FindingStore
    rules: RuleSet = field(default_factory=load_rules)

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files and analyse them."""
        for path, content in files.items():
            place = self.root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else content.encode())
            self.analyse(path)
        self.structure.link()

    def analyse(self, path: str) -> None:
        """Read one file as the analysis does."""
        data = (self.root / path).read_bytes()
        source = parse_source(path, as_utf8(data))
        if source is None:
            return
        reader = reader_of(source.language)
        if reader is not None:
            self.structure.put(digest_of(data), reader(source))
        self.findings.replace_file(path, digest_of(data), analyse_source(source, self.rules.on()))

    def plan(self, kind: str, **fields: object) -> RefactoringPlan:
        """The plan of a request."""
        request = PlanRefactoring.model_validate({"project": "lab", "kind": kind, **fields})
        return plan_refactoring(self.structure, self.findings, self.root, request, rules=self.rules)

    def text(self, path: str) -> str:
        """A file as it is."""
        return (self.root / path).read_bytes().decode()

    def after(self, plan: RefactoringPlan) -> dict[str, str]:
        """The files of a plan as they would be; checks what every plan has to keep."""
        found: dict[str, str] = {}
        for file in plan.files:
            data = (self.root / file.path).read_bytes()
            assert file.base == sha256(data).hexdigest()
            read = read_text(data)
            assert read is not None
            text, writing = read
            assert file.edits is not None
            ordered = sorted(file.edits, key=lambda edit: (edit.start, edit.end))
            assert all(one.end <= other.start for one, other in pairwise(ordered))
            for edit in reversed(ordered):
                assert "\r" not in edit.text
                text = text[: edit.start] + writing.inserted(edit.text).encode() + text[edit.end :]
            found[file.path] = writing.encode(text).decode()
        return found

    def place(self, path: str, marked: str, *, nth: int = 0) -> dict[str, object]:
        """Path, line and column of a text in a file."""
        text = self.text(path)
        at = -1
        for _ in range(nth + 1):
            at = text.index(marked, at + 1)
        before = text[:at]
        return {"path": path, "line": before.count("\n") + 1, "column": at - (before.rfind("\n") + 1)}

    def selection(self, path: str, marked: str, *, nth: int = 0) -> dict[str, object]:
        """The same with the end of the text."""
        start = self.place(path, marked, nth=nth)
        lines = marked.split("\n")
        column = int(str(start["column"])) + len(marked) if len(lines) == 1 else len(lines[-1])
        return {**start, "end_line": int(str(start["line"])) + len(lines) - 1, "end_column": column}


def open_lab(folder: Path) -> Lab:
    """An empty project."""
    root = folder / "project"
    root.mkdir()
    return Lab(root, StructureStore.open(folder / "structure.db", root), FindingStore.open(folder / "findings.db"))
