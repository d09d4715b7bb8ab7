"""Files and connections in Python that nobody closes, and calls over the network that may wait for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.python_names import (
    SCOPES,
    argument,
    calls_of_method,
    calls_to,
    dotted,
    function_around,
    is_builtin,
    keyword,
    positional,
    splats,
)
from aura_code.rules.checks.trees import around, field, found, holds, inside, per_file
from aura_code.syntax import SourceFile

_OPENERS: Final = frozenset(
    [
        *("open", "io.open", "codecs.open", "os.fdopen", "gzip.open", "bz2.open", "lzma.open", "tarfile.open"),
        *("zipfile.ZipFile", "tarfile.TarFile", "gzip.GzipFile", "socket.socket", "socket.create_connection"),
        *("sqlite3.connect", "urllib.request.urlopen", "psycopg2.connect", "psycopg.connect", "pymysql.connect"),
        *("mysql.connector.connect", "smtplib.SMTP", "smtplib.SMTP_SSL", "ftplib.FTP", "http.client.HTTPConnection"),
        *("http.client.HTTPSConnection", "aiohttp.ClientSession", "mmap.mmap", "wave.open", "shelve.open"),
        *("builtins.open", "io.FileIO", "dbm.open", "telnetlib.Telnet", "aiofiles.open"),
    ]
)
_READERS: Final = frozenset(
    [
        *(
            "json.load",
            "json.dump",
            "pickle.load",
            "pickle.dump",
            "yaml.load",
            "yaml.safe_load",
            "yaml.dump",
            "toml.load",
        ),
        *(
            "tomllib.load",
            "tomli.load",
            "csv.reader",
            "csv.writer",
            "csv.DictReader",
            "csv.DictWriter",
            "list",
            "tuple",
        ),
        *(
            "set",
            "sorted",
            "enumerate",
            "len",
            "sum",
            "map",
            "filter",
            "print",
            "iter",
            "next",
            "max",
            "min",
            "any",
            "all",
        ),
        *("plistlib.load", "marshal.load", "ast.parse", "yaml.full_load", "ujson.load", "simplejson.load", "dict"),
        *("select.select", "str", "isinstance", "hasattr", "repr", "zip", "simplejson.dump", "yaml.safe_dump"),
    ]
)
_THROUGH: Final = frozenset(
    {"parenthesized_expression", "conditional_expression", "boolean_operator", "await", "named_expression"}
)
_CLOSING: Final = frozenset({"close", "aclose", "__exit__", "shutdown", "detach", "quit", "unregister"})
_USED: Final = "(identifier) @name"


def unclosed(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """What is opened and neither closed, nor used in a `with`, nor handed on."""
    for call, name in calls_to(file, _OPENERS):
        if (name == "open" and not is_builtin(file, "open")) or _is_in_memory(file, call):
            continue
        reason = _unclosed_reason(file, call)
        if reason:
            yield Hit(field(call, "function") or call, f"What `{name}` opens is never closed{reason}.")
    for call, _ in calls_of_method(file, frozenset({"open"})):
        owner = field(call, "function", "object")
        if owner is not None and owner.type == "call" and dotted(file, field(owner, "function")) == "pathlib.Path":
            reason = _unclosed_reason(file, call)
            if reason:
                yield Hit(field(call, "function") or call, f"What `open` opens is never closed{reason}.")


def _is_in_memory(file: SourceFile, call: Node) -> bool:
    """Whether an archive is read from bytes, or from a file that somebody else closes."""
    given = positional(call)
    text = file.text_of(given[0]) if given else ""
    return keyword(file, call, "fileobj") is not None or "BytesIO" in text or "StringIO" in text


def _unclosed_reason(file: SourceFile, call: Node) -> str:
    """Empty when it is closed, or somebody else may close it; else the end of a sentence."""
    value = call
    while value.parent is not None and value.parent.type in _THROUGH:
        value = value.parent
    holder = value.parent
    if holder is None:
        return ""
    decide = _DECIDERS.get(holder.type)
    return decide(file, holder, value) if decide is not None else ""


def _as_part(file: SourceFile, holder: Node, _value: Node) -> str:
    """`open(path).read()`."""
    name = field(holder, "attribute")
    method = file.text_of(name) if name is not None else ""
    outer = holder.parent
    if outer is None or outer.type != "call" or method in _CLOSING | {"__enter__", "makefile", "cursor", "fileno"}:
        return ""
    if around(holder, frozenset({"with_item"})) is not None:
        return ""
    return f" after `{method}`"


def _as_argument(file: SourceFile, holder: Node, _value: Node) -> str:
    call = holder.parent
    name = dotted(file, field(call, "function")) if call is not None else ""
    return f": `{name}` does not do that" if name in _READERS else ""


def _as_loop(_file: SourceFile, holder: Node, value: Node) -> str:
    return " after the loop" if field(holder, "right") == value else ""


def _as_value(file: SourceFile, holder: Node, value: Node) -> str:
    target = field(holder, "left")
    if target is None or target.type != "identifier" or field(holder, "right") != value:
        return ""
    name, scope = file.text_of(target), around(target, SCOPES) or file.root
    if scope.type == "class_definition":
        return ""
    uses = [
        caught["name"][0]
        for caught in found(file, _USED, scope)
        if caught["name"][0] != target and file.text_of(caught["name"][0]) == name
    ]
    return "" if any(_settles(file, use) for use in uses) else f" (`{name}`)"


def _settles(file: SourceFile, use: Node) -> bool:
    """Whether a use of the name closes what it stands for, or may hand it to somebody who does."""
    parent = use.parent
    if parent is None:
        return True
    if parent.type == "attribute":
        attribute = field(parent, "attribute")
        closes = attribute is None or file.text_of(attribute) in _CLOSING
        return closes or (field(parent, "object") == use and _escapes(parent))
    if parent.type == "argument_list":
        call = parent.parent
        return call is None or dotted(file, field(call, "function")) not in _READERS
    if parent.type in {"for_statement", "for_in_clause"}:
        return field(parent, "left") == use
    return parent.type not in {
        "comparison_operator",
        "not_operator",
        "if_statement",
        "assert_statement",
        "while_statement",
    }


def _escapes(attribute: Node) -> bool:
    """`stop = f.close`: the method itself is handed on."""
    parent = attribute.parent
    return parent is not None and parent.type in {"argument_list", "assignment", "keyword_argument", "return_statement"}


_DECIDERS: Final = {
    "attribute": _as_part,
    "argument_list": _as_argument,
    "for_statement": _as_loop,
    "for_in_clause": _as_loop,
    "assignment": _as_value,
}

_VERBS: Final = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_REQUESTS: Final = frozenset(f"requests.{verb}" for verb in _VERBS)
_PLACES: Final = {
    "urllib.request.urlopen": 2,
    "socket.create_connection": 1,
    "http.client.HTTPConnection": 2,
    "http.client.HTTPSConnection": 4,
    "smtplib.SMTP": 3,
    "smtplib.SMTP_SSL": 5,
    "ftplib.FTP": 4,
    "telnetlib.Telnet": 2,
    "poplib.POP3": 2,
    "imaplib.IMAP4": 2,
    "imaplib.IMAP4_SSL": 4,
}
_HTTPX: Final = frozenset(
    [*(f"httpx.{verb}" for verb in (*_VERBS, "stream")), "httpx.Client", "httpx.AsyncClient", "httpx.Timeout"]
)
_SESSIONS: Final = """
(assignment left: (_) @name right: (call) @call)
(as_pattern (call) @call alias: (as_pattern_target (_) @name))
"""


def untimed(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Calls over the network without a bound on how long they wait."""
    if b"setdefaulttimeout" in file.text:
        return
    for call, name in calls_to(file, _REQUESTS):
        if _is_untimed(file, call):
            yield Hit(field(call, "function") or call, f"`{name}` waits for ever when the server does not answer.")
    sessions = _sessions(file)
    for call, name in calls_of_method(file, frozenset(_VERBS)) if b"requests" in file.text else ():
        owner = field(call, "function", "object")
        if owner is not None and _is_session(file, owner, sessions) and _is_untimed(file, call):
            yield Hit(field(call, "function") or call, f"`{name}` waits for ever when the server does not answer.")
    for call, name in calls_to(file, frozenset(_PLACES)):
        connects = bool(positional(call)) or keyword(file, call, "host") is not None or name.endswith("urlopen")
        if connects and argument(file, call, _PLACES[name], "timeout") is None and not splats(call):
            yield Hit(field(call, "function") or call, f"`{name}` waits for ever when the other side does not answer.")
    for call, name in calls_to(file, _HTTPX):
        value = keyword(file, call, "timeout")
        if value is not None and value.type == "none" and not name.endswith("Timeout"):
            yield Hit(
                field(call, "function") or call,
                f"`{name}` without a timeout waits for ever when the server does not answer.",
            )


def _is_session(file: SourceFile, owner: Node, sessions: frozenset[str]) -> bool:
    made = dotted(file, field(owner, "function")) if owner.type == "call" else ""
    return made in {"requests.Session", "requests.session"} or file.text_of(owner) in sessions


def _is_untimed(file: SourceFile, call: Node) -> bool:
    value = keyword(file, call, "timeout")
    return (value is None and not splats(call)) or (value is not None and value.type == "none")


@per_file
def _sessions(file: SourceFile) -> frozenset[str]:
    """What is bound to a session of requests that has no bound of its own."""
    if b"requests" not in file.text:
        return frozenset()
    return frozenset(
        file.text_of(caught["name"][0])
        for caught in found(file, _SESSIONS)
        if dotted(file, field(caught["call"][0], "function")) in {"requests.Session", "requests.session"}
    )


def unguarded_lock(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`lock.acquire()` as a statement, and `lock.release()` in the same function outside `finally`."""
    for call, _ in calls_of_method(file, frozenset({"acquire"})):
        owner = field(call, "function", "object")
        statement = call.parent
        if statement is not None and statement.type == "await":
            statement = statement.parent
        function = function_around(call)
        if owner is None or function is None or statement is None or statement.type != "expression_statement":
            continue
        text = file.text_of(owner)
        releases = [
            each
            for each, _ in calls_of_method(file, frozenset({"release"}))
            if holds(function, each) and file.text_of(each).startswith(f"{text}.release")
        ]
        guarded = any(around(each, frozenset({"finally_clause", "except_clause"})) is not None for each in releases)
        between = [
            each for each in inside(function) if call.end_byte < each.start_byte and each.type in {"call", "await"}
        ]
        works = any(each.end_byte < releases[0].start_byte for each in between) if releases else False
        if releases and not guarded and works and re.search(r"lock|mutex|sem|cond", text, re.IGNORECASE):
            yield Hit(
                field(call, "function") or call,
                f"If something fails before `{text}.release()`, `{text}` stays locked for ever.",
            )
