"""Authors of rules see what a rule says of real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_code.findings.try_rules import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with findings in three of its files."""
    (tmp_path / "a.py").write_text(
        "def f(x):\n    return x is 'a'\n\n\ndef g(x):\n    return x is 'b'  # noqa\n", encoding="utf-8"
    )
    (tmp_path / "long.py").write_text("a = 1\n" * 1001, encoding="utf-8")
    (tmp_path / "b.bin").write_bytes(b"\0")
    (tmp_path / "c.min.js").write_text("a == a", encoding="utf-8")
    (tmp_path / "d.txt").write_text("text", encoding="utf-8")
    (tmp_path / "huge.py").write_text("# " + "x" * 1_000_001, encoding="utf-8")
    return tmp_path


@pytest.mark.requirement("C4")
def test_findings_are_printed_with_path_line_and_rule(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder), "--processes", "1", "--rule", "is-literal"]) == 0
    out, err = capsys.readouterr()
    assert [line.split(" ")[:2] for line in out.splitlines()] == [[f"{folder}/a.py:2", "is-literal"]]
    assert "1 findings, 2 files, 1007 lines" in err


def test_options_choose_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--rule", "is-literal", "--silenced", str(folder / "a.py")])
    assert "a.py:6 is-literal" in capsys.readouterr().out
    main(["--off-too", "--count", str(folder)])
    out, err = capsys.readouterr()
    assert (out, "     1 long-file" in err) == ("", True)
    assert main(["--rule", "no-such", str(folder)]) == 2
    assert "no such rule: no-such" in capsys.readouterr().err


def test_a_file_that_is_gone_is_passed_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "link.py").symlink_to(folder / "nowhere.py")
    assert main(["--count", str(folder)]) == 0
    assert "2 files" in capsys.readouterr().err
