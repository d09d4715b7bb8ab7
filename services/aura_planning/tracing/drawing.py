"""The matrix as a page that needs nothing else: no script, no other address; light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from aura_shared.messages.plan_tracing import CoverageRow, PlanCoverage, TracedPlace

__all__ = ["coverage_page"]

_STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --faint: #57606a; --bad: #b42318; --good: #1a7f37; --head: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3d444d; --faint: #9198a1; --bad: #ff8a80; --good: #5fd38d; --head: #1c2128; }
}
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
p { color: var(--faint); margin: 0 0 1.25rem; }
table { border-collapse: collapse; width: 100%; }
th { background: var(--head); position: sticky; top: 0; text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .6rem; vertical-align: top; }
td.n { text-align: right; white-space: nowrap; }
code { font: 12px ui-monospace, monospace; }
small { color: var(--faint); }
.gap { color: var(--bad); white-space: nowrap; }
.ok { color: var(--good); }
"""


def coverage_page(name: str, rows: Sequence[CoverageRow], answer: PlanCoverage) -> str:
    """The whole matrix.

    Args:
        name: Of the project.
        rows: All of them.
        answer: Its counts and notices.
    """
    share = f"{answer.covered} of {answer.requirements} requirements have a story, a task, a test and code."
    notices = "".join(f"<p>{escape(one)}</p>" for one in answer.notices)
    heads = "".join(
        f"<th scope=col>{one}</th>"
        for one in ("Requirement", "Stories", "Tasks", "Criteria", "Tests", "Code", "Missing")
    )
    body = "".join(_row(row) for row in rows)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Coverage of {escape(name)}</title><style>{_STYLE}</style>"
        f"<h1>Coverage of {escape(name)}</h1><p>{share}</p>{notices}"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></html>\n"
    )


def _row(row: CoverageRow) -> str:
    gaps = "<br>".join(f"<span class=gap>{escape(gap)}</span>" for gap in row.gaps) or "<span class=ok>nothing</span>"
    where = f"{row.path}:{row.line}"
    tests, code = _places(row.tests, row.tests_total), _places(row.code, row.code_total)
    return (
        f"<tr><td><strong>{escape(row.name)}</strong> {escape(row.title)}<br><small>{escape(where)}</small></td>"
        f"<td>{_codes(row.stories)}</td><td>{_codes(row.tasks)}</td><td class=n>{row.tested}/{row.criteria}</td>"
        f"<td>{tests}</td><td>{code}</td><td>{gaps}</td></tr>"
    )


def _codes(names: Sequence[str]) -> str:
    return " ".join(f"<code>{escape(one)}</code>" for one in names)


def _places(places: Sequence[TracedPlace], total: int) -> str:
    shown = [
        f"<code title='{escape(one.why, quote=True)}'>{escape(one.path)}{f':{one.line}' if one.line else ''}</code>"
        for one in places[:5]
    ]
    more = [f"<small>and {total - len(shown)} more</small>"] if total > len(shown) else []
    return "<br>".join([*shown, *more])
