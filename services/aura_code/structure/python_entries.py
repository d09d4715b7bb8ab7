"""Why something in a Python file may be called although no code names it."""

from __future__ import annotations

import re
from typing import Final

from tree_sitter import Node

from aura_code.syntax.python_scopes import Bound, PythonScopes, Scope, Variable
from aura_code.syntax.source import SourceFile

_PLAIN: Final = frozenset(
    {
        "abstractmethod",
        "asynccontextmanager",
        "cache",
        "cached_property",
        "classmethod",
        "contextmanager",
        "coroutine",
        "dataclass",
        "deprecated",
        "final",
        "functools.wraps",
        "lru_cache",
        "no_type_check",
        "property",
        "runtime_checkable",
        "setter",
        "singledispatch",
        "staticmethod",
        "total_ordering",
        "unique",
        "wraps",
    }
)
"""Last names of decorators that register nothing."""

_BY_NAME: Final = re.compile(r"(?:visit|leave|depart|generic_visit|do|handle|on)_\w+|do_[A-Z]+")
_HOOK: Final = re.compile(
    r"pytest_\w+|setUp|tearDown|setUpClass|tearDownClass|setUpModule|tearDownModule|setup_\w+|teardown_\w+"
)
_SPECIAL: Final = re.compile(r"__\w+__")


class Entries:
    """Finds reasons in one file."""

    def __init__(self, file: SourceFile, scopes: PythonScopes) -> None:
        self._text = file.text
        self._scopes = scopes
        self._is_test = file.is_test or file.path.endswith("conftest.py")
        self._runs = scopes.main or file.path.endswith("__main__.py")

    def of_variable(self, bound: Bound) -> str:
        """The reason for a variable or field; empty when there is none."""
        if bound.scope is self._scopes.module and bound.name in self._scopes.exported:
            return "in __all__"
        return "special name" if _SPECIAL.fullmatch(bound.name) else ""

    def of_body(self, variable: Variable, bound: Bound) -> str:
        """The reason for a function or class; empty when there is none."""
        body = bound.body
        assert body is not None
        decorated = self._decorated(body)
        if decorated:
            return decorated
        scope = variable.scope
        if scope is self._scopes.module:
            found = self._at_top(bound.name, body)
        elif scope.kind == "class" and body.kind == "function":
            found = self._of_method(bound.name, scope)
        else:
            found = ""
        return found or self._alternative(variable, bound)

    def _at_top(self, name: str, body: Scope) -> str:
        if name in self._scopes.exported:
            return "in __all__"
        if self._is_test:
            if name.startswith("test") if body.kind == "function" else name.startswith("Test") or self._is_case(body):
                return "test"
            if _HOOK.fullmatch(name):
                return "test hook"
        if name == "main" and self._runs:
            return "main"
        return "special name" if _SPECIAL.fullmatch(name) else ""

    def _is_case(self, body: Scope) -> bool:
        return any(self._written(base).endswith("TestCase") for base in body.bases)

    def _of_method(self, name: str, scope: Scope) -> str:
        if _SPECIAL.fullmatch(name):
            return "special method"
        if self._is_test and name.startswith("test"):
            return "test"
        if self._is_test and _HOOK.fullmatch(name):
            return "test hook"
        if scope.bases and _BY_NAME.fullmatch(name):
            return "called by name"
        return ""

    def _alternative(self, variable: Variable, bound: Bound) -> str:
        later = [other.body for other in variable.bounds if other.body is not None and other is not bound]
        if bound is variable.bounds[-1] or not later or any(self._is_accessor(body) for body in later):
            return ""
        return "defined again"

    def _is_accessor(self, body: Scope) -> bool:
        return any(self._written(mark).endswith((".setter", ".deleter", ".getter")) for mark in body.decorators)

    def _written(self, node: Node) -> str:
        return self._text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _decorated(self, body: Scope) -> str:
        for mark in body.decorators:
            name = self._written(mark.children[0] if mark.type == "call" else mark)
            last = name.rpartition(".")[2]
            if last == "fixture":
                return "fixture"
            if last in {"overload", "override"}:
                return "overload" if last == "overload" else "overrides"
            if last in {"setter", "deleter", "getter"}:
                return f"accessor of {body.name}"
            if last not in _PLAIN and not name.startswith("pytest.mark") and not last.endswith("property"):
                return f"decorated by {name}"
        return ""
