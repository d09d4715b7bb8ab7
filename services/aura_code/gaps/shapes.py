"""Shapes of code that lack the handling or the record of an error. Each is narrow on purpose.

A shape is looked for in files whose text hints at it; the tree then decides. What only may be missing somewhere up the
callers is not reported: a function that lets an error pass on to whoever called it is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tree_sitter import Node, Query, QueryCursor

from aura_code.findings.model import Captures
from aura_code.syntax import SourceFile
from aura_languages import languages
from aura_languages.grammars import grammar_of
from aura_shared.messages.gaps import GapKind

Fits = Callable[[SourceFile, Captures], bool]


@dataclass(frozen=True, slots=True)
class Sort:
    """What several shapes have in common: one gap of the answer."""

    id: str
    kind: GapKind
    title: str
    """`{count}` stands for the number of places."""
    why: str
    offer: str
    weight: float


@dataclass(frozen=True, slots=True)
class Shape:
    """How a sort of gap looks in some languages."""

    sort: Sort
    languages: tuple[str, ...]
    words: tuple[bytes, ...]
    """A file must hold one of them; looking for words is ten times as fast as an expression."""
    hint: re.Pattern[bytes]
    """What a file must match to be parsed at all."""
    query: str
    """`@at` is the place."""
    fits: Fits


EXIT_CODE: Final = Sort(
    "ignored-exit-code",
    "error-handling",
    "The outcome of a program that is started is ignored ({count})",
    "When the program fails, nothing notices: the code goes on as if it had worked, and the failure shows up later "
    "somewhere else.",
    "Aura would add `check=True`, or look at the exit code and report what the program printed.",
    0.7,
)
STATUS: Final = Sort(
    "unchecked-response",
    "error-handling",
    "A response is used without looking at its status ({count})",
    "A server answers an error with a page or a JSON body of its own. Read as if it were the answer, it leads to "
    "missing fields far from the cause.",
    "Aura would check the status where the response comes in, and raise an error with the address and the status.",
    0.75,
)
PROMISE: Final = Sort(
    "unhandled-promise",
    "error-handling",
    "A request is started and its failure is handled nowhere ({count})",
    "A promise that nobody awaits and that has no `catch` fails in silence in browsers, and ends the process in Node.",
    "Aura would await it, or add a `catch` that shows and records the failure.",
    0.7,
)
PANIC: Final = Sort(
    "panic-on-io",
    "error-handling",
    "A file, socket or program that cannot be used ends the program ({count})",
    "Files are missing and servers are down in ordinary life. `unwrap` turns that into a panic with a trace, where a "
    "person needs a sentence and a caller needs a choice.",
    "Aura would return a `Result` with `?` and say in the error which file or address was meant.",
    0.5,
)
UNRECORDED: Final = Sort(
    "dropped-without-record",
    "logging",
    "An error is caught, dropped and recorded nowhere ({count})",
    "Going on with a default is often right. But when every error takes that way without a trace, the day the default "
    "is wrong nobody can find out why.",
    "Aura would log the error with what was being done, and narrow the handler to the errors that are expected.",
    0.6,
)

_HTTP_PY: Final = re.compile(r"(?:requests|httpx)\.(?:get|post|put|patch|delete|request)")
_CHECKED_PY: Final = re.compile(r"raise_for_status|status_code|\.ok\b|is_success|is_error|\.reason\b|\.status\b")
_RECORDS: Final = re.compile(
    r"\b(?:log|logs|logger|logging|_log|_logger|LOG|LOGGER|console|print|println|eprintln|warn|warning|warnings|fatal|"
    r"panic|traceback|capture_?exception|captureException|sentry|Sentry|report|stderr|echo|secho|notify|toast|alert|"
    r"reject|next|fail|Fatal\w*|Print\w*|Errorf?|Warn\w*|error|debug|info|exception|Log|flash|messages|metrics?|abort|exit|"
    r"\w*[tT]raceback|\w*fail_\w+|\w*[rR]eraise\w*|display|\w*[fF]ailure|\w*[eE]rrback|\w*[eE]xc(?:eption)?_?[iI]nfo|\w*handle\w*[eE]rror|on_?[eE]rror|"
    r"printStackTrace|addSuppressed|exc_info|format_exc|record\w*|emit\w*|rollback|assert\w*)\b",
)
_RAISES: Final = re.compile(r"\b(?:raise|throw|throws)\b")
_BROAD_PY: Final = re.compile(r"except(?:\s*\(?\s*(?:Exception|BaseException)\s*\)?(?:\s+as\s+(?P<name>\w+))?)?\s*:")
_GO_IO: Final = re.compile(
    r"\b(?:os|ioutil|io|exec|sql)\.[A-Z]|\bhttp\.(?:Get|Post|Head)|\bnet\.(?:Dial|Listen|Lookup|Resolve)"
    r"|\.(?:Query|QueryRow|Exec|Do|ReadAll|Read|Write|Close|Dial|Open)\w*\("
)
_GO_HTTP: Final = re.compile(
    r"http\.(?:Get|Post|PostForm|Head)|(?:\w+\.)*(?:client|httpClient|Client|DefaultClient)\.Do"
)
_RUST_IO: Final = re.compile(
    r"(?:\w+::)*(?:File::(?:open|create)|fs::(?:read|write|copy|rename|remove|create|read_to_string|read_dir|metadata)\w*"
    r"|TcpStream::connect|TcpListener::bind|UdpSocket::bind)"
)
_JAVA_BROAD: Final = re.compile(r"(?:java\.\w+\.)*(?:Exception|Throwable|IOException|SQLException|RuntimeException)")
_FUNCTIONS: Final = frozenset(
    [
        *("function_definition", "lambda", "function_declaration", "function_expression", "arrow_function"),
        *("method_definition", "method_declaration", "func_literal", "function_item", "constructor_declaration"),
        *("generator_function_declaration",),
    ]
)


def _first(file: SourceFile, captures: Captures, name: str) -> str:
    nodes = captures.get(name)
    return file.text_of(nodes[0]) if nodes else ""


def _around(file: SourceFile, node: Node) -> str:
    """The text of the function around a node; of the file when there is none."""
    return file.text_of(next((outer for outer in file.ancestors(node) if outer.type in _FUNCTIONS), file.root))


def _has(text: str, *words: str) -> bool:
    return any(word in text for word in words)


def _python_exit_code(file: SourceFile, captures: Captures) -> bool:
    function, arguments = _first(file, captures, "function"), _first(file, captures, "arguments")
    if function == "subprocess.run":
        return not _has(arguments, "check", "**")
    return function in {"subprocess.call", "os.system"}


def _python_status(file: SourceFile, captures: Captures) -> bool:
    if not _HTTP_PY.fullmatch(_first(file, captures, "function")):
        return False
    name, around = re.escape(_first(file, captures, "name")), _around(file, captures["at"][0])
    used = re.search(rf"\b{name}\.(?:json\(|text\b|content\b)", around)
    handed_on = re.search(rf"(?:return|yield)\s+{name}\b(?!\.)|[(,]\s*{name}\s*[,)]", around)
    return used is not None and handed_on is None and not _CHECKED_PY.search(around)


def _python_dropped(file: SourceFile, captures: Captures) -> bool:
    text = file.text_of(captures["at"][0])
    header = _BROAD_PY.match(text)
    if header is None:
        return False
    body = text[header.end() :]
    code = [line.strip() for line in body.splitlines() if line.strip()]
    if "#" in body or all(line in {"pass", "...", "continue", "break"} for line in code):
        return False  # A comment gives the reason; the rule about swallowed errors speaks of the others.
    name = header["name"]
    if _RAISES.search(body) or _RECORDS.search(body) or (name and re.search(rf"\b{name}\b", body)):
        return False
    return not _only_imports(captures["at"][0].parent)


def _only_imports(statement: Node | None) -> bool:
    """Whether a `try` only finds out what is installed."""
    body = statement.child_by_field_name("body") if statement is not None else None
    kinds = {child.type for child in body.named_children} if body is not None else set[str]()
    return bool(kinds & {"import_statement", "import_from_statement"})


def _script_status(file: SourceFile, captures: Captures) -> bool:
    if _first(file, captures, "function") != "fetch":
        return False
    name, around = re.escape(_first(file, captures, "name")), _around(file, captures["at"][0])
    read = re.search(rf"\b{name}\.(?:json|text|blob|arrayBuffer)\(", around)
    handed_on = re.search(rf"return\s+{name}\s*[;\n}}]|[(,]\s*{name}\s*[,)]", around)
    return (
        read is not None
        and handed_on is None
        and not re.search(rf"\b{name}\.(?:ok|status)\b|[{{,]\s*(?:ok|status)\b", around)
    )


def _script_promise(file: SourceFile, captures: Captures) -> bool:
    call = captures["at"][0]
    text = file.text_of(call)
    arguments = call.child_by_field_name("arguments")
    if _first(file, captures, "property") != "then" or not re.match(
        r"(?:window\.|globalThis\.)?fetch\(|axios[.(]", text
    ):
        return False
    return ".catch(" not in text and arguments is not None and arguments.named_child_count == 1


def _script_dropped(file: SourceFile, captures: Captures) -> bool:
    body = captures["body"][0]
    if not any(child.type != "comment" for child in body.named_children):
        return False
    return _dropped(_first(file, captures, "name"), file.text_of(body))


def _dropped(name: str, body: str) -> bool:
    if "//" in body or "/*" in body:
        return False  # A comment gives the reason.
    return not (re.search(rf"(?<![\w.]){re.escape(name)}\b", body) or _RAISES.search(body) or _RECORDS.search(body))


def _go_status(file: SourceFile, captures: Captures) -> bool:
    if not _GO_HTTP.fullmatch(_first(file, captures, "function")):
        return False
    name, around = re.escape(_first(file, captures, "name")), _around(file, captures["at"][0])
    handed_on = re.search(rf"return\s+(?:[\w.]+,\s*)*{name}\b(?!\.)|[(,]\s*{name}\s*[,)]", around)
    return f"{name}.Body" in around and handed_on is None and not re.search(rf"\b{name}\.Status", around)


def _go_dropped(file: SourceFile, captures: Captures) -> bool:
    statement, body = captures["at"][0], captures["body"][0]
    begin = statement.child_by_field_name("initializer")
    before = begin if begin is not None else statement.prev_named_sibling
    source = file.text_of(before) if before is not None else ""
    if _first(file, captures, "name") != "err" or "err" not in source or not _GO_IO.search(source):
        return False
    text = file.text_of(body)
    if "return" not in text or "//" in text or "rr" in text or _RECORDS.search(text):
        return False
    return (
        re.search(r"return[ \t]+\S", text) is not None or "err error" not in _around(file, statement).split("{", 1)[0]
    )


def _rust_panic(file: SourceFile, captures: Captures) -> bool:
    if _first(file, captures, "method") not in {"unwrap", "expect"}:
        return False
    if not _RUST_IO.fullmatch(_first(file, captures, "function")):
        return False
    for outer in file.ancestors(captures["at"][0]):
        name = outer.child_by_field_name("name")
        if outer.type == "function_item" and (_is_rust_test(file, outer) or (name and file.text_of(name) == "main")):
            return False
        if outer.type == "mod_item" and name and file.text_of(name) in {"tests", "test"}:
            return False
    return not file.path.endswith("build.rs")


def _is_rust_test(file: SourceFile, function: Node) -> bool:
    before = function.prev_named_sibling
    return before is not None and before.type == "attribute_item" and "test" in file.text_of(before)


def _java_dropped(file: SourceFile, captures: Captures) -> bool:
    body = captures["body"][0]
    kinds = _first(file, captures, "type")
    if not _JAVA_BROAD.fullmatch(kinds) or not any("comment" not in child.type for child in body.named_children):
        return False
    name = _first(file, captures, "name")
    return not name.startswith(("ignore", "expected", "unused")) and _dropped(name, file.text_of(body))


_SCRIPTS: Final = ("javascript", "typescript", "tsx")

SHAPES: Final[tuple[Shape, ...]] = (
    Shape(
        EXIT_CODE,
        ("python",),
        (b"subprocess.", b"os.system"),
        re.compile(rb"subprocess\.(?:run|call)\(|os\.system\("),
        "(expression_statement (call function: (attribute) @function arguments: (argument_list) @arguments) @at)",
        _python_exit_code,
    ),
    Shape(
        STATUS,
        ("python",),
        (b"requests.", b"httpx."),
        re.compile(rb"(?:requests|httpx)\.(?:get|post|put|patch|delete|request)\("),
        "(assignment left: (identifier) @name right: [(call function: (attribute) @function)"
        " (await (call function: (attribute) @function))]) @at",
        _python_status,
    ),
    Shape(
        UNRECORDED,
        ("python",),
        (b"except",),
        re.compile(rb"except\s*(?:\(?\s*(?:Base)?Exception|:)"),
        "(except_clause) @at",
        _python_dropped,
    ),
    Shape(
        STATUS,
        _SCRIPTS,
        (b"await fetch(",),
        re.compile(rb"await fetch\("),
        "(variable_declarator name: (identifier) @name"
        " value: (await_expression (call_expression function: (identifier) @function))) @at",
        _script_status,
    ),
    Shape(
        PROMISE,
        _SCRIPTS,
        (b".then(",),
        re.compile(rb"fetch\(|axios"),
        "(expression_statement (call_expression"
        " function: (member_expression property: (property_identifier) @property)) @at)",
        _script_promise,
    ),
    Shape(
        UNRECORDED,
        _SCRIPTS,
        (b"catch",),
        re.compile(rb"catch\s*\("),
        "(catch_clause parameter: (identifier) @name body: (statement_block) @body) @at",
        _script_dropped,
    ),
    Shape(
        STATUS,
        ("go",),
        (b"http.", b"lient.Do("),
        re.compile(rb"http\.(?:Get|Post|PostForm|Head)\(|lient\.Do\("),
        "(short_var_declaration left: (expression_list . (identifier) @name)"
        " right: (expression_list (call_expression function: (selector_expression) @function))) @at",
        _go_status,
    ),
    Shape(
        UNRECORDED,
        ("go",),
        (b"err != nil",),
        re.compile(rb"err != nil"),
        '(if_statement condition: (binary_expression left: (identifier) @name operator: "!=" right: (nil))'
        " consequence: (block) @body) @at",
        _go_dropped,
    ),
    Shape(
        PANIC,
        ("rust",),
        (b".unwrap(", b".expect("),
        re.compile(rb"(?:File|fs|TcpStream|TcpListener|UdpSocket)::\w+\([^;]*\)\s*\.(?:unwrap|expect)\("),
        "(call_expression function: (field_expression value: (call_expression function: (scoped_identifier) @function)"
        " field: (field_identifier) @method)) @at",
        _rust_panic,
    ),
    Shape(
        UNRECORDED,
        ("java",),
        (b"catch",),
        re.compile(rb"catch\s*\("),
        "(catch_clause (catch_formal_parameter (catch_type) @type name: (identifier) @name) body: (block) @body) @at",
        _java_dropped,
    ),
)

_BY_LANGUAGE: Final[Mapping[str, tuple[Shape, ...]]] = {
    language: tuple(shape for shape in SHAPES if language in shape.languages)
    for language in {language for shape in SHAPES for language in shape.languages}
}


def hinted(language: str, text: bytes) -> list[Shape]:
    """The shapes that a file may hold, by its text alone."""
    return [
        shape
        for shape in _BY_LANGUAGE.get(language, ())
        if any(word in text for word in shape.words) and shape.hint.search(text)
    ]


def places(file: SourceFile, shapes: list[Shape]) -> list[tuple[Sort, Node]]:
    """Where a parsed file has these shapes."""
    found: list[tuple[Sort, Node]] = []
    for shape in shapes:
        query = _compiled(file.language, shape.query)
        if query is None:
            continue
        for _, captures in QueryCursor(query).matches(file.root):
            if shape.fits(file, captures):
                found.append((shape.sort, captures["at"][0]))
    return found


@lru_cache(maxsize=64)
def _compiled(language: str, query: str) -> Query | None:
    spec = languages()[language]
    grammar = grammar_of(spec)
    return Query(grammar.parser.language, query) if grammar is not None and grammar.parser.language else None
