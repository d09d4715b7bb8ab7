"""Refactorings that go through the files of a project: imports, old forms, dead code, findings."""

from __future__ import annotations

import ast

import pytest

from aura_code.refactoring.rewriting import edits_between
from aura_code.refactoring.versions import node_version, python_version
from refactoring_lab import Lab

pytestmark = pytest.mark.requirement("L5")


# -- imports ----------------------------------------------------------------------------------------------------


def test_unused_and_repeated_imports_go_and_the_rest_keeps_its_order(lab: Lab) -> None:
    lab.write(
        {
            "a.py": (
                "import os\nimport json\nfrom typing import Any, List\nimport sys  # noqa: F401\nimport json\n\n"
                "__all__ = ['os']\n\n\ndef f(x: Any):\n    import json\n    return json.dumps(x)\n\n\njson.loads('1')\n"
            ),
            "pkg/__init__.py": "from pkg.b import thing\n",
            "pkg/b.py": "thing = 1\n",
            "a.ts": "import { a, b } from './x';\nimport './effect';\n\nconsole.log(a);\n",
        }
    )
    plan = lab.plan("clean-imports")
    after = lab.after(plan)
    assert after["a.ts"] == "import { a } from './x';\nimport './effect';\n\nconsole.log(a);\n"
    assert after["a.py"].startswith(
        "import os\nimport json\nfrom typing import Any\nimport sys  # noqa: F401\n\n__all__"
    )
    assert "    import json\n    return json.dumps(x)" in after["a.py"]
    assert "pkg/__init__.py" not in after
    assert plan.title == "Remove 3 unused imports from 2 files"
    assert plan.certainty == "certain"


def test_one_file_globs_and_the_limit(lab: Lab) -> None:
    lab.write({"a.py": "import os\nimport re\n", "b.py": "import os\nx = 1\n", "c.py": "import os\nx = 1\n"})
    assert list(lab.after(lab.plan("clean-imports", path="b.py"))) == ["b.py"]
    assert list(lab.after(lab.plan("clean-imports", paths=["c.*"]))) == ["c.py"]
    plan = lab.plan("clean-imports", limit=1)
    assert len(plan.files) == 1
    assert plan.notes == ["1 more files were left for the next time: the limit is 1 places."]
    assert "has an import that could go" in lab.plan("clean-imports", paths=["nothing.py"]).reason
    (lab.root / "b.py").write_text("x = 2\n", encoding="utf-8")
    assert "try again" in lab.plan("clean-imports", path="b.py").reason
    assert any("try again" in note for note in lab.plan("clean-imports").notes)


# -- old forms --------------------------------------------------------------------------------------------------

OLD = """\
import io
from typing import Dict, List, Optional, Union


class A(object):
    def f(self, x: Optional[List[int]], y: Union[int, str] = 1) -> Dict[str, "A"]:
        super(A, self).f(x)
        with open("f", "r") as one, io.open("g", 'r', encoding="utf-8") as two:
            pass
        try:
            return {**dict([(k, v) for k, v in x])}
        except IOError:
            return set([1, 2]), set([k for k in x]), u"text"
"""
NEW = """\


class A:
    def f(self, x: list[int] | None, y: int | str = 1) -> dict[str, "A"]:
        super().f(x)
        with open("f") as one, open("g", encoding="utf-8") as two:
            pass
        try:
            return {**{k: v for k, v in x}}
        except OSError:
            return {1, 2}, {k for k in x}, "text"
"""


def test_python_is_written_for_the_oldest_version_of_the_project(lab: Lab) -> None:
    lab.write({"a.py": OLD})
    (lab.root / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.10"\n', encoding="utf-8")
    plan = lab.plan("modernise")
    after = lab.after(plan)["a.py"]
    assert after.endswith(NEW.lstrip("\n"))
    assert "import" not in after
    assert "Since Python 3.10" in plan.why
    ast.parse(after)


def test_without_a_version_only_what_every_python_3_knows(lab: Lab) -> None:
    lab.write({"a.py": OLD})
    after = lab.after(lab.plan("modernise"))["a.py"]
    assert "x: Optional[List[int]]" in after
    assert "class A:" in after


def test_what_is_not_certain_stays(lab: Lab) -> None:
    code = (
        "from typing import Optional\n\n\ndef deco(c): ...\n\n\n@deco\nclass B(A):\n"
        "    def f(self):\n        super(B, self).f()\n\n"
        "    def g(self, open, x: Optional['B']):\n        super(B, x).g()\n        open('f', 'r')\n"
        "        return (IOError, OSError)\n"
    )
    lab.write({"a.py": code})
    (lab.root / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.12"\n', encoding="utf-8")
    assert "a certain modern form" in lab.plan("modernise").reason


def test_var_becomes_const_or_let_where_that_is_certain(lab: Lab) -> None:
    lab.write(
        {
            "a.js": (
                "import x from 'x';\n"
                "export function f(a) {\n"
                "  var one = a;\n"
                "  var two = 1;\n"
                "  two += one;\n"
                "  if (a) {\n    var out = 1;\n  }\n"
                "  for (const b of a) {\n    var each = b;\n    x(() => each);\n  }\n"
                "  early();\n  var late = 1;\n  function early() { return late; }\n"
                "  return two + out;\n"
                "}\n"
            ),
            "b.js": "var a = 1;\nf(a);\n",
        }
    )
    after = lab.after(lab.plan("modernise"))
    assert list(after) == ["a.js"]
    assert "const one = a;\n  let two = 1;" in after["a.js"]
    for kept in ("var out", "var each", "var late"):
        assert kept in after["a.js"]


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.9,<4"\n'}, (3, 9)),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.8"\n'}, (3, 8)),
        ({"pyproject.toml": "[broken", "setup.cfg": "[options]\npython_requires = >=3.7\n"}, (3, 7)),
        ({"setup.py": "setup(python_requires='~=3.6')\n"}, (3, 6)),
        ({"pyproject.toml": '[project]\nrequires-python = "<4"\n'}, None),
        ({}, None),
    ],
)
def test_the_version_of_python_is_read_from_the_manifest(lab: Lab, files: dict[str, str], version: object) -> None:
    for name, text in files.items():
        (lab.root / name).write_text(text, encoding="utf-8")
    assert python_version(lab.root, "pkg/a.py") == version


@pytest.mark.parametrize(
    ("manifest", "version"),
    [('{"engines": {"node": ">=4"}}', 4), ('{"engines": {}}', None), ("[]", None), ("{", None), (None, None)],
)
def test_the_version_of_node_is_read_from_the_manifest(lab: Lab, manifest: str | None, version: int | None) -> None:
    if manifest is not None:
        (lab.root / "package.json").write_text(manifest, encoding="utf-8")
    assert node_version(lab.root, "src/a.js") == version


def test_old_engines_keep_their_var(lab: Lab) -> None:
    lab.write({"a.js": "import x from 'x';\nfunction f(a) {\n  var one = a;\n  return one;\n}\nf(x);\n"})
    (lab.root / "package.json").write_text('{"engines": {"node": ">=4"}}', encoding="utf-8")
    assert lab.plan("modernise").files == []


# -- dead code --------------------------------------------------------------------------------------------------


def test_dead_definitions_go_with_comments_and_imports(lab: Lab) -> None:
    lab.write(
        {
            "a.py": (
                "import json\nimport os\n\n\n"
                "# Once needed.\n# By nobody now.\ndef _gone(x):\n    return json.dumps(x)\n\n\n"
                "class _Alone:\n    def _idle(self):\n        return 1\n\n\n"
                "class _Kept(Exception):\n    pass\n\n\n"
                "class Used:\n    def _never(self):\n        return 2\n\n\n"
                "def public():\n    return os.name, Used()\n"
            )
        }
    )
    plan = lab.plan("remove-dead")
    after = lab.after(plan)["a.py"]
    assert after == (
        "import os\n\n\nclass _Kept(Exception):\n    pass\n\n\nclass Used:\n    pass\n\n\n"
        "def public():\n    return os.name, Used()\n"
    )
    assert plan.symbols == ["Used._never", "_Alone", "_gone"]
    assert plan.notes == ["a.py:16: _Kept stays: what it inherits from may keep a list of its subclasses."]
    assert "beyond doubt" in lab.plan("remove-dead", symbol="public").reason
    assert lab.plan("remove-dead", symbol="_gone", path="a.py").symbols == ["_gone"]
    assert lab.plan("remove-dead", path="b.py").files == []


def test_dead_code_of_other_languages(lab: Lab) -> None:
    lab.write(
        {
            "a.js": "/* Old. */\nfunction gone() {\n  return 1;\n}\n\nexport class A {\n  #idle() {}\n  go() {}\n}\n",
            "go.mod": "module a\n",
            "a.go": (
                'package a\n\nimport "fmt"\n\nfunc gone() {\n\tfmt.Println(1)\n}\n\nfunc idle() int {\n'
                "\treturn 1\n}\n\nfunc Go() {}\n"
            ),
            "src/lib.rs": "// Old.\nfn gone() -> u32 {\n    1\n}\n\npub fn go() {}\n",
            "Cargo.toml": '[package]\nname = "a"\nversion = "0.1.0"\n',
        }
    )
    plan = lab.plan("remove-dead")
    after = lab.after(plan)
    assert "function gone" not in after["a.js"]
    assert after["src/lib.rs"] == "pub fn go() {}\n"
    assert "func idle" not in after["a.go"]
    assert "func gone" in after["a.go"]
    assert "a.go:5: gone stays: the import of fmt would be left over." in plan.notes


def test_nothing_dead_is_said(lab: Lab) -> None:
    lab.write({"a.py": "def public(): ...\n"})
    assert lab.plan("remove-dead").reason


# -- findings ---------------------------------------------------------------------------------------------------

BAD = "def f(a, b):\n    if a == None:\n        return 1\n    return b is 'x'\n"


def test_certain_fixes_become_one_change(lab: Lab) -> None:
    lab.write({"a.py": BAD, "b.py": "def f(a):\n    return a == None\n"})
    plan = lab.plan("fix-findings", rules=["none-comparison"])
    after = lab.after(plan)
    assert "if a is None:" in after["a.py"]
    assert after["b.py"] == "def f(a):\n    return a is None\n"
    assert plan.title == "Fix 2 findings of none-comparison in 2 files"
    assert plan.symbols == ["f"]
    one = lab.plan("fix-findings", rules=["none-comparison"], limit=1)
    assert len(one.files) == 1
    assert one.notes == ["1 more findings were left for the next time."]


def test_findings_are_chosen_by_identifier_path_and_glob(lab: Lab) -> None:
    lab.write({"a.py": BAD, "b.py": "def f(a):\n    return a == None\n"})
    finding = next(one for one in lab.findings.of_file("b.py") if one.edits)
    assert list(lab.after(lab.plan("fix-findings", findings=[finding.fingerprint[:12]]))) == ["b.py"]
    assert list(lab.after(lab.plan("fix-findings", path="a.py"))) == ["a.py"]
    assert list(lab.after(lab.plan("fix-findings", paths=["b*"]))) == ["b.py"]
    assert "No finding is chosen" in lab.plan("fix-findings", rules=["no-such-rule"]).reason


def test_fixes_of_a_changed_file_are_refused(lab: Lab) -> None:
    lab.write({"a.py": BAD})
    (lab.root / "a.py").write_text("x = 1\n", encoding="utf-8")
    assert "has changed since" in lab.plan("fix-findings").reason


# -- edits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [("", "a\n"), ("a\n", ""), ("a\r\nb\r\nc", "a\r\nc"), ("a\nb\nc\n", "a\nx\ny\nc\nd\n"), ("é\nb", "é\nü")],
)
def test_edits_between_two_texts_lead_from_one_to_the_other(before: str, after: str) -> None:
    text = before.encode()
    for edit in reversed(edits_between(text, after.encode())):
        written = edit.text.replace("\n", "\r\n") if "\r\n" in after else edit.text
        text = text[: edit.start] + written.encode() + text[edit.end :]
    assert text.decode() == after
