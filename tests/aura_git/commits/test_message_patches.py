"""Diffs file by file, kinds of files, signs and versions in them, and what rules make of it."""

from __future__ import annotations

import pytest

from aura_git.commits.features import features_of
from aura_git.commits.kinds import kind_of
from aura_git.commits.patches import FilePatch, cut_patch, read_patch, unquote
from aura_git.commits.rules import rate_types
from aura_git.commits.versions import Bump, find_bumps

pytestmark = pytest.mark.requirement("G1")

DIFF = """\
diff --git a/a.py b/a.py
index 111..222 100644
--- a/a.py
+++ b/a.py
@@ -1,3 +1,4 @@ def f():
 same
-old
+new
+++ not a header
 same
-last
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
index 111..000
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
--- a/looks like a header
diff --git a/x y.py b/z y.py
similarity index 100%
rename from x y.py
rename to z y.py
diff --git a/p.png b/p.png
new file mode 100644
Binary files /dev/null and b/p.png differ
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git "a/\\303\\244\\t.py" "b/\\303\\244\\t.py"
new file mode 100644
index 000..111
--- /dev/null
+++ "b/\\303\\244\\t.py"
@@ -0,0 +1 @@
+x
\\ No newline at end of file
"""


def test_a_diff_is_read_file_by_file() -> None:
    first, gone, renamed, picture, script, odd = read_patch(DIFF)
    assert (first.added, first.removed, first.runs, first.functions) == (
        ["new", "++ not a header"],
        ["old", "last"],
        2,
        ["def f():"],
    )
    assert (first.old_blob, first.new_blob) == ("111", "222")
    assert (gone.path, gone.status, gone.removed) == ("gone.txt", "D", ["-- a/looks like a header"])
    assert (renamed.path, renamed.status, renamed.old_path) == ("z y.py", "R", "x y.py")
    assert (picture.status, picture.binary, picture.added) == ("A", True, [])
    assert (script.path, script.mode) == ("run.sh", "100755")
    assert (odd.path, odd.added) == ("ä\t.py", ["x"])


def test_a_diff_is_cut_between_files() -> None:
    text, cut = cut_patch(DIFF, 10_000, most_of_file=120)
    assert cut
    assert "gone.txt" not in text
    assert "rename to z y.py" in text
    assert cut_patch(DIFF, 10_000, most_of_file=10_000) == (DIFF, False)


@pytest.mark.parametrize(
    ("quoted", "plain"),
    [("a", "a"), ('"a\\"b"', 'a"b'), ('"\\\\"', "\\"), ('"\\346\\227\\245"', "日"), ('"\\377"', "\udcff"), ('"', '"')],
)
def test_quoted_names(quoted: str, plain: str) -> None:
    assert unquote(quoted) == plain


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("src/cart.py", "source"),
        ("tests/test_cart.py", "test"),
        ("src/cart.spec.ts", "test"),
        ("pkg/cart_test.go", "test"),
        ("packages/a/__tests__/b.ts", "test"),
        ("README.md", "docs"),
        ("docs/conf.py", "docs"),
        ("LICENSE", "docs"),
        (".github/workflows/ci.yml", "ci"),
        (".gitlab-ci.yml", "ci"),
        ("package-lock.json", "lock"),
        ("a/Cargo.lock", "lock"),
        ("pyproject.toml", "build"),
        ("Makefile", "build"),
        ("Dockerfile.dev", "build"),
        ("go.mod", "build"),
        (".eslintrc", "config"),
        ("renovate.json", "config"),
        (".gitignore", "config"),
        ("src/locales/fr.json", "locale"),
        ("po/de.po", "locale"),
        ("src/app.css", "style"),
        ("CHANGELOG.md", "changelog"),
        (".changeset/x.md", "changelog"),
        ("changelog.d/1.added.md", "changelog"),
        ("examples/a.py", "example"),
        ("logo.svg", "asset"),
        ("src/history.ts", "source"),
        ("lib/site/index.ts", "source"),
        ("requirements-dev.txt", "build"),
    ],
)
def test_kinds_of_files(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def patch(path: str, added: str = "", removed: str = "", **more: object) -> FilePatch:
    """A change of one file."""
    made = FilePatch(path, added=added.splitlines(), removed=removed.splitlines(), runs=1)
    for name, value in more.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("files", "sign"),
    [
        ([patch("a.py", "# new", "# old")], "comments only"),
        ([patch("a.ts", "f( a,  b )", "f(a, b)")], "spacing only"),
        ([patch("a.py", "import a\nfrom b import c", "import c")], "imports only"),
        ([patch("a.py", "b = f(a)", "a = f(b)")], "same tokens"),
        ([patch("a.py", "x")], "nothing removed"),
        ([patch("a.py", "", "x")], "nothing added"),
        ([patch("a.py", status="R", old_path="b.py")], "renames"),
        ([patch("a.py", "x", "y"), patch("tests/test_a.py", "def test_x():")], "source with tests"),
        ([patch("a.py", "x", "y")], "one place"),
        ([patch(".changeset/a.md", "fixed it")], "log fix"),
        ([patch("newsfragments/1.bugfix.md", "x")], "fragment bugfix"),
        ([patch("package.json", '"version": "1.0.1"')], "manifest version"),
        ([patch("package.json", '"left": "^1.0.1"')], "manifest dependency"),
        ([patch("a.py", "def f():")], "source+public"),
        ([patch("tests/a_test.go", "func TestX(t *T) {")], "test+case"),
        ([], "no lines"),
    ],
)
def test_signs(files: list[FilePatch], sign: str) -> None:
    assert sign in features_of(files)["sign"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([patch("docs/a.md", "x")], "docs"),
        ([patch("tests/test_a.py", "x")], "test"),
        ([patch(".github/workflows/a.yml", "x")], "ci"),
        ([patch("a.py", "# x", "# y")], "docs"),
        ([patch("a.py", "f(a, b)", "f(a,b)")], "style"),
        ([patch("pyproject.toml", "x")], "chore"),
        ([patch(".gitignore", "x")], "chore"),
        ([patch("a.py", "x = 1", "x = 2")], "fix"),
        ([patch("a.py", "\n".join(f"def f{n}(): pass" for n in range(60)), status="A")], "feat"),
        ([patch("a.py", "", "\n".join(f"def f{n}(): pass" for n in range(60)))], "refactor"),
    ],
)
def test_rules(files: list[FilePatch], expected: str) -> None:
    rates = rate_types(files)
    assert max(rates, key=lambda name: rates[name]) == expected
    assert sum(rates.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            patch("package.json", '    "left-pad": "^1.3.0",', '    "left-pad": "^1.2.0",'),
            Bump("left-pad", "1.2.0", "1.3.0"),
        ),
        (patch("package.json", '  "version": "2.0.0",', '  "version": "1.0.0",'), Bump("", "1.0.0", "2.0.0")),
        (patch("Cargo.toml", 'serde = { version = "1.0.2" }', 'serde = "1.0.1"'), Bump("serde", "1.0.1", "1.0.2")),
        (patch("pyproject.toml", '    "httpx>=0.28.1",', '    "httpx>=0.27.0",'), Bump("httpx", "0.27.0", "0.28.1")),
        (
            patch("go.mod", "\tlocalhost.org/a/b v1.2.0", "\tlocalhost.org/a/b v1.1.0"),
            Bump("localhost.org/a/b", "v1.1.0", "v1.2.0"),
        ),
        (
            patch(".github/workflows/a.yml", "  - uses: actions/checkout@v5", "  - uses: actions/checkout@v4"),
            Bump("actions/checkout", "v4", "v5"),
        ),
        (patch("requirements.txt", "flask==3.1.0"), Bump("flask", "", "3.1.0")),
        (
            patch("Dockerfile", "FROM python:3.13-slim", "FROM python:3.12-slim"),
            Bump("python", "3.12-slim", "3.13-slim"),
        ),
        (patch("src/a/__init__.py", '__version__ = "1.1.0"', '__version__ = "1.0.0"'), Bump("", "1.0.0", "1.1.0")),
    ],
)
def test_versions_that_change(file: FilePatch, expected: Bump) -> None:
    assert find_bumps([file]) == [expected]
