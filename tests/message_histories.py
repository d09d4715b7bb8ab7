"""Histories for the tests of commit messages: small, and with habits that can be learned."""

from __future__ import annotations

from git_lab import GitLab

__all__ = ["write_history"]

_AREAS = ("cart", "search", "login")


def write_history(lab: GitLab, *, rounds: int = 12, form: str = "{type}({scope}): {text}") -> None:
    """Commits of every common type in three areas, in one form; `rounds` times six of them.

    Args:
        lab: Where.
        rounds: How often.
        form: Of the first lines, with `{type}`, `{scope}` and `{text}`.
    """
    for number in range(rounds):
        area = _AREAS[number % len(_AREAS)]
        code = f"def step_{number}(a):\n"
        source = f"shop/{area}/step_{number}.py"
        steps = (
            ("feat", f"add step {number}", {source: f"{code}    return a + {number}\n"}),
            (
                "fix",
                f"correct step {number}",
                {source: f"{code}    if a is None:\n        return 0\n    return a + {number}\n"},
            ),
            ("test", f"cover step {number}", {f"tests/{area}/test_{number}.py": f"def test_step_{number}(): pass\n"}),
            ("docs", f"describe step {number}", {f"docs/{area}.md": f"# Steps\n\nStep {number}.\n"}),
            ("ci", f"run step {number}", {".github/workflows/ci.yml": f"jobs:\n  step: {number}\n"}),
            ("chore", f"tidy step {number}", {".editorconfig": f"[*]\nindent = {number}\n"}),
        )
        for kind, text, files in steps:
            scope = area if kind in {"feat", "fix", "test"} else ""
            header = form.format(type=kind, scope=scope, text=text).replace("()", "")
            lab.commit(header, dict(files))
