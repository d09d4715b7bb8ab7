"""How programmers shorten the words that a question spells out: "connection" is often `conn` in code."""

from __future__ import annotations

from typing import Final

_SHORT: Final[dict[str, str]] = {
    # The beginning that a word's forms have in common: what code writes instead.
    "address": "addr",
    "allocat": "alloc",
    "argument": "arg",
    "asynchron": "async",
    "attribut": "attr",
    "authenticat": "auth",
    "authoriz": "auth",
    "buffer": "buf",
    "calculat": "calc",
    "callback": "cb",
    "certificat": "cert",
    "character": "char",
    "command": "cmd",
    "compar": "cmp",
    "configur": "config cfg conf",
    "connect": "conn",
    "context": "ctx",
    "database": "db",
    "declarat": "decl",
    "definition": "def",
    "dependenc": "dep",
    "destination": "dst dest",
    "dictionar": "dict",
    "director": "dir",
    "document": "doc",
    "environment": "env",
    "error": "err",
    "evaluat": "eval",
    "execut": "exec",
    "expression": "expr",
    "function": "func fn",
    "generat": "gen",
    "identif": "id",
    "initial": "init",
    "iterat": "iter",
    "length": "len",
    "librar": "lib",
    "maximum": "max",
    "memory": "mem",
    "messag": "msg",
    "minimum": "min",
    "number": "num",
    "operat": "op",
    "option": "opt",
    "package": "pkg",
    "parameter": "param",
    "performance": "perf",
    "pointer": "ptr",
    "previous": "prev",
    "reference": "ref",
    "regular": "regex",
    "repositor": "repo",
    "request": "req",
    "respon": "resp res",
    "server": "srv",
    "source": "src",
    "specification": "spec",
    "statement": "stmt",
    "synchron": "sync",
    "temporar": "tmp temp",
    "utilit": "util",
}
_SHORTEST: Final = min(map(len, _SHORT))


def short_forms(word: str) -> tuple[str, ...]:
    """What code may write instead of a word; nothing for most words."""
    folded = word.casefold()
    beginnings = (folded[:size] for size in range(_SHORTEST, len(folded) + 1))
    return next((tuple(_SHORT[start].split()) for start in beginnings if start in _SHORT), ())
