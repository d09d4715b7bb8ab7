"""SQL in Python that is put together from texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.python_names import argument, calls_of_method, calls_to, dotted, positional
from aura_code.rules.checks.python_texts import pieces
from aura_code.rules.checks.sql_texts import NAMES, first_foreign, is_name
from aura_code.rules.checks.trees import field
from aura_code.syntax import SourceFile

_RUNNING: Final = frozenset(
    {
        "execute",
        "executemany",
        "executescript",
        "execute_async",
        "raw",
        "fetch",
        "fetchrow",
        "fetchval",
        "fetch_all",
        "fetch_one",
        "query",
        "execute_sql",
        "exec_driver_sql",
        "read_sql",
        "read_sql_query",
        "extra",
        "mogrify",
    }
)
_TEXTS: Final = frozenset(
    {
        "sqlalchemy.text",
        "sqlalchemy.sql.text",
        "sqlalchemy.sql.expression.text",
        "django.db.models.expressions.RawSQL",
    }
)

_QUOTING: Final = re.compile(
    r"(?:^|[._])(?:quote\w*|qn|escape\w*|identifier|literal|format_table|placeholders?|adapt|mogrify|sanitize\w*|validate\w*|int"
    r"|as_sql|compile|get_placeholder\w*|db_table|column|attname)$",
    re.IGNORECASE,
)


def built(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A statement of SQL with values put into its text."""
    for call, name in calls_of_method(file, _RUNNING):
        statement = argument(file, call, 0, "sql") or argument(file, call, 0, "query")
        yield from _judge(file, call, f"`{name}`", statement)
    for call, name in calls_to(file, _TEXTS):
        yield from _judge(file, call, f"`{name}`", argument(file, call, 0, "text"))


def _judge(file: SourceFile, call: Node, name: str, statement: Node | None) -> Iterator[Hit]:
    if statement is None:
        return
    foreign = first_foreign(pieces(file, statement), lambda part, before: _is_respected(file, part, before))
    if foreign is not None:
        text = file.text_of(foreign).splitlines()[0][:60]
        yield Hit(field(call, "function") or call, f"`{text}` becomes part of the SQL that {name} runs.")


def _is_respected(file: SourceFile, part: Node, before: str) -> bool:
    """Names of tables and columns, lists of placeholders, and what is quoted: no values from outside."""
    text = file.text_of(part)
    if part.type == "call":
        function = field(part, "function")
        called = dotted(file, function) or (file.text_of(function) if function is not None else "")
        if _QUOTING.search(called):
            return True
        joined = positional(part) if called.endswith("join") else []
        text = file.text_of(joined[0]) if len(joined) == 1 else re.split(r"[^\w.()]", text)[-1]
    return is_name(before, text) or (not before.endswith("'") and _is_of_class(part, text))


def _is_of_class(part: Node, text: str) -> bool:
    """`self.table`, `model._meta.db_table` and the like are chosen by the program, not by who calls it."""
    return part.type == "attribute" and text.startswith(("self.", "cls.")) and NAMES.search(text) is not None
