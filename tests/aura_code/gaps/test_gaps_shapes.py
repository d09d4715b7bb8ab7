"""Shapes of code without error handling or record: what is reported, and what looks alike and is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_code.gaps.reading import read_files

pytestmark = pytest.mark.requirement("C6")


def lines(*parts: str) -> str:
    return "".join(f"{part}\n" for part in parts)


BAD = {
    "run without check": (
        "a.py",
        lines(
            "import subprocess",
            "",
            "",
            "def go():",
            "    subprocess.run(['make'])",
        ),
        {"ignored-exit-code": [(5, "go")]},
    ),
    "os.system": (
        "a.py",
        lines(
            "import os",
            "",
            "os.system('make')",
        ),
        {"ignored-exit-code": [(3, "")]},
    ),
    "requests without status": (
        "a.py",
        lines(
            "import requests",
            "",
            "",
            "def load(url):",
            "    answer = requests.get(url, timeout=3)",
            "    return answer.json()",
        ),
        {"unchecked-response": [(5, "load")]},
    ),
    "await httpx without status": (
        "a.py",
        lines(
            "async def load(url):",
            "    answer = await httpx.get(url)",
            "    return answer.text",
        ),
        {"unchecked-response": [(2, "load")]},
    ),
    "broad except with a default": (
        "a.py",
        lines(
            "def size(path):",
            "    try:",
            "        return measure(path)",
            "    except Exception as error:",
            "        return 0",
        ),
        {"dropped-without-record": [(4, "size")]},
    ),
    "fetch without ok": (
        "a.ts",
        lines(
            "async function load(url: string) {",
            "  const answer = await fetch(url);",
            "  return answer.json();",
            "}",
        ),
        {"unchecked-response": [(2, "load")]},
    ),
    "then without catch": (
        "a.js",
        lines(
            "function load(url) {",
            "  fetch(url).then((answer) => show(answer));",
            "}",
        ),
        {"unhandled-promise": [(2, "load")]},
    ),
    "catch with a default": (
        "a.js",
        lines(
            "function read(text) {",
            "  try {",
            "    return parse(text);",
            "  } catch (error) {",
            "    return null;",
            "  }",
            "}",
        ),
        {"dropped-without-record": [(4, "read")]},
    ),
    "go response without status": (
        "a.go",
        lines(
            "package a",
            "",
            "func load(url string) ([]byte, error) {",
            "\tresp, err := http.Get(url)",
            "\tif err != nil {",
            "\t\treturn nil, err",
            "\t}",
            "\tdefer resp.Body.Close()",
            "\treturn io.ReadAll(resp.Body)",
            "}",
        ),
        {"unchecked-response": [(4, "load")]},
    ),
    "go error of a file dropped": (
        "a.go",
        lines(
            "package a",
            "",
            "func size(path string) int64 {",
            "\tinfo, err := os.Stat(path)",
            "\tif err != nil {",
            "\t\treturn 0",
            "\t}",
            "\treturn info.Size()",
            "}",
        ),
        {"dropped-without-record": [(5, "size")]},
    ),
    "rust unwrap on a file": (
        "a.rs",
        lines(
            "pub fn load() -> String {",
            '    std::fs::read_to_string("a").unwrap()',
            "}",
        ),
        {"panic-on-io": [(2, "load")]},
    ),
    "java catch with a default": (
        "A.java",
        lines(
            "class A {",
            "  int size() {",
            "    try {",
            "      return read();",
            "    } catch (IOException e) {",
            "      return 0;",
            "    }",
            "  }",
            "}",
        ),
        {"dropped-without-record": [(5, "A.size")]},
    ),
}

GOOD = {
    "run with check": (
        "a.py",
        lines(
            "import subprocess",
            "subprocess.run(['make'], check=True)",
        ),
    ),
    "run whose result is used": (
        "a.py",
        lines(
            "import subprocess",
            "done = subprocess.run(['make'])",
        ),
    ),
    "run with unknown arguments": (
        "a.py",
        lines(
            "import subprocess",
            "subprocess.run(['make'], **options)",
        ),
    ),
    "raise_for_status": (
        "a.py",
        lines(
            "answer = requests.get(url)",
            "answer.raise_for_status()",
            "print(answer.json())",
        ),
    ),
    "response handed on": (
        "a.py",
        lines(
            "def load(url):",
            "    answer = requests.get(url)",
            "    check(answer)",
            "    return answer.json()",
        ),
    ),
    "a dictionary called requests": (
        "a.py",
        lines(
            "value = requests.load(1)",
            "print(value.json())",
        ),
    ),
    "except with a reason": (
        "a.py",
        lines("try:", "    work()", "except Exception:", "    value = 0  # the plugin may do anything"),
    ),
    "except around imports": (
        "a.py",
        lines("try:", "    import ssl", "except Exception:", "    ssl = None"),
    ),
    "catch with a reason": (
        "a.js",
        lines("try { work(); } catch (error) {", "  // custom syntax", "  value = 0;", "}"),
    ),
    "go with a reason": (
        "a.go",
        lines(
            "package a",
            "",
            "func f() int {",
            "\t_, err := os.Stat(p)",
            "\tif err != nil {",
            "\t\treturn 0 // not there yet",
            "\t}",
            "\treturn 1",
            "}",
        ),
    ),
    "narrow except": (
        "a.py",
        lines(
            "try:",
            "    work()",
            "except KeyError:",
            "    value = 0",
        ),
    ),
    "except that logs": (
        "a.py",
        lines(
            "try:",
            "    work()",
            "except Exception:",
            "    log.exception('failed')",
        ),
    ),
    "except that raises": (
        "a.py",
        lines(
            "try:",
            "    work()",
            "except Exception as error:",
            "    raise Broken from error",
        ),
    ),
    "except that uses the error": (
        "a.py",
        lines(
            "try:",
            "    work()",
            "except Exception as error:",
            "    result.set(error)",
        ),
    ),
    "empty except is the matter of a rule": (
        "a.py",
        lines(
            "try:",
            "    work()",
            "except Exception:",
            "    # nothing to do",
            "    pass",
        ),
    ),
    "except in a test": (
        "tests/test_a.py",
        lines(
            "try:",
            "    work()",
            "except Exception:",
            "    value = 0",
        ),
    ),
    "fetch with ok": (
        "a.ts",
        lines(
            "const answer = await fetch(url);",
            "if (!answer.ok) throw new Error(url);",
            "use(await answer.json());",
        ),
    ),
    "fetch handed on": (
        "a.ts",
        lines(
            "async function f() {",
            "  const answer = await fetch(url);",
            "  return answer;",
            "}",
        ),
    ),
    "another function than fetch": (
        "a.ts",
        lines(
            "const answer = await load(url); await fetch(url);",
            "use(await answer.json());",
        ),
    ),
    "then with catch": (
        "a.js",
        lines(
            "fetch(url).then(show).catch(report);",
        ),
    ),
    "then with two handlers": (
        "a.js",
        lines(
            "fetch(url).then(show, report);",
        ),
    ),
    "then of something else": (
        "a.js",
        lines(
            "ready.then(() => fetch(url));",
        ),
    ),
    "catch that uses the error": (
        "a.js",
        lines(
            "try { work(); } catch (error) { show(error); }",
        ),
    ),
    "catch that logs": (
        "a.js",
        lines(
            "try { work(); } catch (error) { console.warn('failed'); }",
        ),
    ),
    "empty catch": (
        "a.js",
        lines(
            "try { work(); } catch (error) { /* why */ }",
        ),
    ),
    "go response with status": (
        "a.go",
        lines(
            "package a",
            "",
            "func f() {",
            "\tresp, err := http.Get(u)",
            "\tif err != nil {",
            "\t\tlog.Fatal(err)",
            "\t}",
            "\tif resp.StatusCode != 200 {",
            "\t}",
            "\tuse(resp.Body)",
            "}",
        ),
    ),
    "go other function": (
        "a.go",
        lines(
            "package a",
            "",
            "func f() {",
            "\tresp, err := http.Listen(u) // http.Get(",
            "\tuse(resp.Body)",
            "}",
        ),
    ),
    "go error handed on": (
        "a.go",
        lines(
            "package a",
            "",
            "func f() error {",
            "\t_, err := os.Stat(p)",
            "\tif err != nil {",
            "\t\treturn err",
            "\t}",
            "\treturn nil",
            "}",
        ),
    ),
    "go named result": (
        "a.go",
        lines(
            "package a",
            "",
            "func f() (err error) {",
            "\t_, err = os.Stat(p)",
            "\tif err != nil {",
            "\t\treturn",
            "\t}",
            "\treturn nil",
            "}",
        ),
    ),
    "go error of no I/O": (
        "a.go",
        lines(
            "package a",
            "",
            "func f() int {",
            "\tn, err := strconv.Atoi(s)",
            "\tif err != nil {",
            "\t\treturn 0",
            "\t}",
            "\treturn n",
            "}",
        ),
    ),
    "rust in main": (
        "a.rs",
        lines(
            "fn main() {",
            '    std::fs::read("a").unwrap();',
            "}",
        ),
    ),
    "rust in a test": (
        "a.rs",
        lines(
            "#[test]",
            "fn f() {",
            '    std::fs::read("a").unwrap();',
            "}",
        ),
    ),
    "rust in tests": (
        "a.rs",
        lines(
            "mod tests {",
            "    fn f() {",
            '        std::fs::read("a").unwrap();',
            "    }",
            "}",
        ),
    ),
    "rust default": (
        "a.rs",
        lines(
            "fn f() {",
            '    std::fs::read("a").unwrap_or_default(); // fs::read(x).unwrap(',
            "}",
        ),
    ),
    "rust of no file": (
        "a.rs",
        lines(
            "fn f() {",
            '    a::fs::of("a").unwrap();',
            "}",
        ),
    ),
    "java narrow": (
        "A.java",
        lines(
            "class A { int f() { try { return g(); } catch (FooException e) { return 0; } } }",
        ),
    ),
    "java on purpose": (
        "A.java",
        lines(
            "class A { int f() { try { return g(); } catch (IOException ignored) { return 0; } } }",
        ),
    ),
    "java logs": (
        "A.java",
        lines(
            'class A { int f() { try { return g(); } catch (Exception e) { LOG.warn("f"); return 0; } } }',
        ),
    ),
    "minified": (
        "dist/a.js",
        lines(
            "try { work(); } catch (error) { value = 0; }",
        ),
    ),
}


def shaped(root: Path, path: str, text: str) -> dict[str, list[tuple[int, str]]]:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    found = read_files(root, [path], marks=False, shapes=True, budget_s=10)
    return {name: [(one.line, one.symbol) for one in places] for name, places in found.shaped.items()}


@pytest.mark.parametrize("case", list(BAD))
def test_a_missing_handler_or_record_is_found(tmp_path: Path, case: str) -> None:
    path, text, expected = BAD[case]
    assert shaped(tmp_path, path, text) == expected


@pytest.mark.parametrize("case", list(GOOD))
def test_what_handles_records_or_hands_on_is_left_alone(tmp_path: Path, case: str) -> None:
    path, text = GOOD[case]
    assert shaped(tmp_path, path, text) == {}


def test_marks_count_in_comments_only(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        'x = "TODO: not me"\n# TODO(ada): first thing\ny = 1  # FIXME second\n# mktemp TODOS XXXX\n'
        "# see TODO-list, TODO later\nTODO = 1\n#XXX\n",
        encoding="utf-8",
    )
    (tmp_path / "a.c").write_text("/* HACK: around a bug */\n * TODO more */\nint TODO;\n", encoding="utf-8")
    (tmp_path / "big.py").write_bytes(b"# TODO x\n" * 200_000)
    (tmp_path / "binary.py").write_bytes(b"\0# TODO x\n")
    found = read_files(
        tmp_path, ["a.py", "a.c", "big.py", "binary.py", "gone.py"], marks=True, shapes=False, budget_s=10
    )
    assert [(mark.path, mark.line, mark.mark, mark.text) for mark in found.marks] == [
        ("a.py", 2, "TODO", "first thing"),
        ("a.py", 3, "FIXME", "second"),
        ("a.py", 5, "TODO", "list, TODO later"),
        ("a.py", 7, "XXX", ""),
        ("a.c", 1, "HACK", "around a bug"),
        ("a.c", 2, "TODO", "more"),
    ]
    assert found.files == 2


def test_reading_stops_when_time_is_up_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# TODO x\n", encoding="utf-8")
    found = read_files(tmp_path, ["a.py"] * 5, marks=True, shapes=True, budget_s=-1)
    assert (found.files, found.unread) == (0, 5)
