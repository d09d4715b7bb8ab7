"""What the tools print, recorded from real runs and shortened, becomes one form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aura_code.findings.checking import apply_edits
from aura_code.tools import outputs
from aura_code.tools.outputs import OutputError, RawEdit, Said, Spot
from aura_code.tools.texts import ToolText

pytestmark = pytest.mark.requirement("C4")


def as_bytes(value: object) -> bytes:
    return json.dumps(value).encode()


def test_ruff_gives_places_levels_and_safe_fixes_only() -> None:
    def item(code: str | None, applicability: str, message: str = "m") -> dict[str, object]:
        edit = {"content": "", "location": {"row": 1, "column": 1}, "end_location": {"row": 2, "column": 1}}
        return {
            "code": code,
            "filename": "/p/app.py",
            "location": {"row": 1, "column": 8},
            "end_location": {"row": 1, "column": 10},
            "fix": {"applicability": applicability, "edits": [edit]},
            "message": message,
        }

    said = list(
        outputs.read_ruff(
            as_bytes([item("F401", "safe"), item("F821", "unsafe"), item("S602", "display"), item("D100", "unsafe")])
        )
    )
    assert said[0] == Said(
        "/p/app.py",
        Spot(1, 7),
        Spot(1, 9),
        "F401",
        "warning",
        "m",
        "maintainability",
        edits=(RawEdit(Spot(1, 0), Spot(2, 0), ""),),
    )
    assert [(one.code, one.level, one.category, one.edits) for one in said[1:]] == [
        ("F821", "error", "correctness", ()),
        ("S602", "warning", "security", ()),
        ("D100", "hint", "style", ()),
    ]
    assert [one.code for one in outputs.read_ruff(as_bytes([item(None, "safe")]))] == ["invalid-syntax"]


def test_pyright_counts_from_zero() -> None:
    place = {"start": {"line": 6, "character": 11}, "end": {"line": 6, "character": 18}}
    text = as_bytes(
        {
            "generalDiagnostics": [
                {"file": "/p/a.py", "severity": "error", "message": "x", "range": place, "rule": "reportOperatorIssue"},
                {"file": "/p/a.py", "severity": "information", "message": "y", "range": place},
            ]
        }
    )
    first, second = outputs.read_pyright(text)
    assert first == Said(
        "/p/a.py", Spot(7, 11), Spot(7, 18), "reportOperatorIssue", "error", "x", "correctness", "utf-16"
    )
    assert (second.code, second.level) == ("error", "hint")


def test_mypy_prints_a_line_each_and_notes_are_left_out() -> None:
    text = (
        b'{"file": "app.py", "line": 16, "column": 9, "end_line": 16, "end_column": 11, "message": "Incompatible", '
        b'"hint": null, "code": "assignment", "severity": "error"}\n'
        b'{"file": "app.py", "line": 10, "column": 0, "end_line": 13, "end_column": 20, "message": "no types", '
        b'"hint": null, "code": "no-untyped-def", "severity": "error"}\n'
        b'{"file": "app.py", "line": 16, "column": 9, "message": "see", "code": "misc", "severity": "note"}\n'
    )
    assert [(one.start, one.end, one.code) for one in outputs.read_mypy(text)] == [
        (Spot(16, 9), Spot(16, 12), "assignment"),
        (Spot(10, 0), Spot(10, 0), "no-untyped-def"),
    ]


def test_ty_prints_the_form_of_a_code_quality_report() -> None:
    text = as_bytes(
        [
            {
                "check_name": "unresolved-reference",
                "description": "unresolved-reference: Name `x` used when not defined",
                "severity": "major",
                "location": {
                    "path": "app.py",
                    "positions": {"begin": {"line": 17, "column": 1}, "end": {"line": 17, "column": 15}},
                },
            }
        ]
    )
    assert list(outputs.read_ty(text)) == [
        Said(
            "app.py",
            Spot(17, 0),
            Spot(17, 14),
            "unresolved-reference",
            "error",
            "Name `x` used when not defined",
            "correctness",
        )
    ]


def test_bandit_has_severities_and_lines_of_more_than_one() -> None:
    def item(level: str, lines: list[int]) -> dict[str, object]:
        return {
            "filename": "./app.py",
            "col_offset": 4,
            "end_col_offset": 36,
            "line_number": 11,
            "line_range": lines,
            "issue_severity": level,
            "issue_text": "shell",
            "test_id": "B602",
        }

    said = list(outputs.read_bandit(as_bytes({"results": [item("HIGH", [11]), item("LOW", [11, 12])]})))
    assert said[0] == Said("./app.py", Spot(11, 4), Spot(11, 36), "B602", "error", "shell", "security", "bytes")
    assert (said[1].level, said[1].end) == ("hint", Spot(11, 4))


def test_eslint_fixes_count_utf16_units_of_the_whole_text(tmp_path: Path) -> None:
    (tmp_path / "b.js").write_text('let x = 1;\nif (x == "😀é") { debugger }\nlet y = x;;\n', encoding="utf-8")
    text = as_bytes(
        [
            {
                "filePath": str(tmp_path / "b.js"),
                "messages": [
                    {
                        "ruleId": "no-extra-semi",
                        "severity": 2,
                        "message": "Unnecessary semicolon.",
                        "line": 3,
                        "column": 11,
                        "endLine": 3,
                        "endColumn": 12,
                        "fix": {"range": [49, 51], "text": ";"},
                    },
                    {
                        "ruleId": "no-debugger",
                        "severity": 1,
                        "message": "debugger",
                        "line": 2,
                        "column": 19,
                        "endLine": 2,
                        "endColumn": 27,
                    },
                    {"ruleId": None, "severity": 1, "message": "File ignored because of a matching ignore pattern."},
                    {"ruleId": None, "fatal": True, "severity": 2, "message": "Parsing error", "line": 1, "column": 2},
                ],
            }
        ]
    )
    semicolon, debugger, broken = outputs.read_eslint(text)
    file = ToolText(tmp_path, "b.js")
    assert apply_edits(file.text, file.edits(semicolon)) is not None
    assert (apply_edits(file.text, file.edits(semicolon)) or b"").endswith(b"let y = x;\n")
    assert tuple(file.span(semicolon)) == (3, 10, 3, 11)
    assert tuple(file.span(debugger)) == (2, 17, 2, 25)  # Characters: the emoji counts one.
    assert (debugger.level, broken.code, broken.level) == ("warning", "parsing", "error")


def test_a_fix_is_dropped_when_the_file_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "b.js").write_bytes("﻿let y = 1;;\n".encode())
    said = Said(
        "b.js", Spot(1, 10), Spot(1, 11), "x", "error", "m", "style", "utf-16", (RawEdit(Spot(0, 9), Spot(0, 11), ";"),)
    )
    assert ToolText(tmp_path, "b.js").edits(said) == ()
    assert ToolText(tmp_path, "gone.js").text == b""
    assert tuple(ToolText(tmp_path, "gone.js").span(said)) == (1, 0, 1, 0)


def test_biome_names_rules_by_their_last_part() -> None:
    text = b"The json reporter is experimental\n" + as_bytes(
        {
            "diagnostics": [
                {
                    "severity": "warning",
                    "message": "unused",
                    "category": "lint/correctness/noUnusedVariables",
                    "location": {
                        "path": "src/a.ts",
                        "start": {"line": 2, "column": 7},
                        "end": {"line": 2, "column": 13},
                    },
                },
                {
                    "severity": "info",
                    "message": "template",
                    "category": "lint/style/useTemplate",
                    "location": {
                        "path": "src/a.ts",
                        "start": {"line": 6, "column": 19},
                        "end": {"line": 6, "column": 29},
                    },
                },
                {
                    "severity": "error",
                    "message": "configuration",
                    "category": "configuration",
                    "location": {"path": "x"},
                },
            ]
        }
    )
    assert [(one.code, one.level, one.category, one.start, one.end) for one in outputs.read_biome(text)] == [
        ("noUnusedVariables", "warning", "correctness", Spot(2, 6), Spot(2, 12)),
        ("useTemplate", "hint", "style", Spot(6, 18), Spot(6, 28)),
    ]


def test_tsc_prints_lines_and_goes_on_indented(tmp_path: Path) -> None:
    text = (
        b"src/a.ts(4,3): error TS2322: Type 'number' is not assignable to type 'string'.\n"
        b"  Types of property 'x' are incompatible.\n"
        b"error TS5083: Cannot read file 'tsconfig.base.json'.\n"
    )
    (said,) = outputs.read_tsc(text)
    assert said == Said(
        "src/a.ts",
        Spot(4, 2),
        Spot(4, 2),
        "2322",
        "error",
        "Type 'number' is not assignable to type 'string'.",
        "correctness",
        "utf-16",
    )


def clippy_message(applicability: str, children: int = 1) -> bytes:
    span = {
        "byte_start": 108,
        "byte_end": 114,
        "column_start": 9,
        "column_end": 15,
        "line_start": 5,
        "line_end": 5,
        "file_name": "src/main.rs",
        "is_primary": True,
        "suggested_replacement": None,
    }
    fix = {**span, "suggested_replacement": "_unused", "suggestion_applicability": applicability}
    message = {
        "rendered": "warning: unused variable",
        "level": "warning",
        "message": "unused variable: `unused`",
        "spans": [span],
        "code": {"code": "unused_variables"},
        "children": [{"spans": []}, *([{"spans": [fix]}] * children)],
    }
    summary = {"level": "warning", "message": "1 warning emitted", "spans": [], "code": None, "children": []}
    lines = [{"reason": "compiler-message", "message": message}, {"reason": "compiler-message", "message": summary}]
    return b"\n".join(as_bytes(line) for line in lines)


@pytest.mark.parametrize(
    ("applicability", "children", "edits"),
    [
        ("MachineApplicable", 1, (RawEdit(Spot(-1, 108), Spot(-1, 114), "_unused"),)),
        ("MaybeIncorrect", 1, ()),
        ("MachineApplicable", 2, ()),
    ],
    ids=["certain", "perhaps wrong", "two ways"],
)
def test_clippy_gives_a_fix_where_one_is_certain(applicability: str, children: int, edits: object) -> None:
    (said,) = outputs.read_clippy(clippy_message(applicability, children))
    assert (said.code, said.start, said.end, said.edits) == ("unused_variables", Spot(5, 8), Spot(5, 14), edits)


def test_golangci_lint_may_print_more_after_its_answer() -> None:
    issue = {
        "FromLinter": "errcheck",
        "Text": "Error return value of `f` is not checked",
        "Severity": "",
        "Pos": {"Filename": "main.go", "Offset": 60, "Line": 6, "Column": 3},
    }
    (said,) = outputs.read_golangci(as_bytes({"Issues": [issue], "Report": {}}) + b"\n1 issues:\n* errcheck: 1\n")
    assert said[:5] == ("main.go", Spot(6, 2), Spot(6, 2), "errcheck", "warning")
    assert list(outputs.read_golangci(b"")) == []


def test_go_vet_prints_an_object_for_each_package() -> None:
    package = {"example.com/m": {"printf": [{"posn": "/p/main.go:6:2", "message": "wrong type"}, {"posn": "-"}]}}
    text = b"# example.com/m\n" + as_bytes(package) + b"\n# example.com/n\n" + as_bytes({"example.com/n": {}})
    (said,) = outputs.read_go_vet(text)
    assert said[:6] == ("/p/main.go", Spot(6, 1), Spot(6, 1), "printf", "warning", "wrong type")
    with pytest.raises(OutputError, match="not JSON"):
        list(outputs.read_go_vet(b"{broken"))


def test_semgrep_counts_columns_from_one() -> None:
    result = {
        "check_id": "python.lang.security.no-eval",
        "path": "app.py",
        "start": {"line": 13, "col": 12, "offset": 182},
        "end": {"line": 13, "col": 21, "offset": 191},
        "extra": {"message": "no eval", "severity": "ERROR", "metadata": {}},
    }
    (said,) = outputs.read_semgrep(as_bytes({"results": [result], "errors": []}))
    assert (said.start, said.end, said.level, said.category) == (Spot(13, 11), Spot(13, 20), "error", "security")


@pytest.mark.parametrize(
    "read", [outputs.read_ruff, outputs.read_mypy, outputs.read_eslint, outputs.read_semgrep], ids=lambda f: f.__name__
)
def test_other_forms_are_an_error_or_nothing(read: outputs.Reader) -> None:
    with pytest.raises(OutputError):
        list(read(b"{not json"))
    assert list(read(b"{}")) in ([], [Said("", Spot(1), Spot(1), "error", "error", "", "correctness")])


def test_places_behind_the_end_and_offsets_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes("ä = 1\n".encode())
    file = ToolText(tmp_path, "a.py")
    assert [file.offset(spot, "characters") for spot in (Spot(1, 1), Spot(1, 99), Spot(9, 0))] == [2, 7, 7]
    assert [file.offset(spot, "bytes") for spot in (Spot(1, 2), Spot(-1, 3), Spot(-1, 99))] == [2, 3, 7]
    assert file.offset(Spot(0, 2), "utf-16") == 3
    assert (file.line(1), file.line(7)) == ("ä = 1", "")
