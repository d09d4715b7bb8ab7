"""Checks for Java: errors that are dropped, what is left open, dangerous calls, unused imports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.rules.checks.compiled_languages import VALUE_NEXT
from aura_code.rules.checks.sql_texts import first_foreign, is_name
from aura_code.rules.checks.trees import around, comments_in, field, found, inside, named, per_file
from aura_code.syntax import SourceFile
from aura_code.terms import words

_METHODS: Final = frozenset(
    {"method_declaration", "constructor_declaration", "lambda_expression", "static_initializer"}
)
_LOOPS: Final = frozenset({"for_statement", "while_statement", "do_statement", "enhanced_for_statement"})
_BROAD: Final = frozenset({"Exception", "Throwable", "RuntimeException", "IOException", "Error", "SQLException"})
_MEANT: Final = re.compile(r"^(?:ignore[ds]?|ignore\w*|expected\w*|unused|_+|swallow\w*|tolerated|ok)$", re.IGNORECASE)
_RUNS_SQL: Final = words(
    "execute executeQuery executeUpdate prepareStatement prepareCall createQuery createNativeQuery createSQLQuery"
    " addBatch queryForObject queryForList queryForMap query update rawQuery execSQL"
)
_OPENS: Final = re.compile(
    r"^(?:File(?:Input|Output)Stream|File(?:Reader|Writer)|RandomAccessFile|ZipFile|JarFile|Socket|ServerSocket|Scanner"
    r"|PrintWriter|BufferedReader|BufferedWriter)$"
)
_OPENS_FILE: Final = re.compile(
    r"\bnew\s+(?:File(?:Input|Output)Stream|File(?:Reader|Writer)|RandomAccessFile|ZipFile|JarFile)\s*\("
)
_PASSWORD: Final = re.compile(r"passw(?:or)?d|passphrase|\bpwd", re.IGNORECASE)


def empty_catch(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`catch (Exception e) {}`."""
    at, body = captures["at"][0], captures["body"][0]
    if body.named_child_count or comments_in(file, body):
        return
    parameter = next((child for child in at.named_children if child.type == "catch_formal_parameter"), None)
    name = field(parameter, "name") if parameter is not None else None
    if parameter is None or name is None or _MEANT.match(file.text_of(name)):
        return
    types = next((child for child in parameter.named_children if child.type == "catch_type"), None)
    caught = {file.text_of(kind) for kind in types.named_children} if types is not None else set[str]()
    if caught & _BROAD:
        kind = min(caught & _BROAD)
        yield Hit(parameter, f"Every {kind} is dropped here.")


def text_identity(_file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`name == "x"`."""
    at = captures["at"][0]
    left, sign, right = field(at, "left"), field(at, "operator"), field(at, "right")
    if left is None or sign is None or right is None or sign.type not in {"==", "!="}:
        return
    sides = {left.type, right.type}
    if "string_literal" in sides and "null_literal" not in sides:
        yield Hit(at, f"`{sign.type}` asks whether both are the same object; use equals.")


def sql(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`statement.executeQuery("SELECT … " + name)`."""
    method, given = captures["method"][0], captures["arguments"][0]
    if file.text_of(method) not in _RUNS_SQL or not given.named_child_count:
        return
    argument = given.named_children[0]
    values = [argument]
    if argument.type == "identifier":
        values = _assigned(file, argument)
    for value in values:
        parts = _joined(file, value)
        foreign = (
            first_foreign(parts, lambda node, before: _is_respected(file, node, before)) if len(parts) > 1 else None
        )
        if foreign is not None:
            yield Hit(argument, f"`{file.text_of(foreign)[:40]}` becomes part of the SQL that runs here.")
            return


def _is_respected(file: SourceFile, node: Node, before: str) -> bool:
    if not VALUE_NEXT.search(before):
        return True
    text = file.text_of(node)
    last = text.rpartition(".")[2]
    says_sql = not before.endswith("'") and re.search(r"(?i)(?:sql|where|clause|condition|query|order|limit)s?$", text)
    return (
        bool(says_sql)
        or last.isupper()
        or node.type.endswith("integer_literal")
        or is_name(before, text)
        or text in _numbers(file)
    )


@per_file
def _numbers(file: SourceFile) -> frozenset[str]:
    """Variables that are declared as numbers."""
    names: set[str] = set()
    for query in (
        "(formal_parameter type: [(integral_type) (floating_point_type)] name: (identifier) @name)",
        "(local_variable_declaration type: [(integral_type) (floating_point_type)]"
        " declarator: (variable_declarator name: (identifier) @name))",
    ):
        names.update(file.text_of(name) for caught in found(file, query) for name in caught["name"])
    return frozenset(names)


def _joined(file: SourceFile, node: Node) -> list[str | Node]:
    """The pieces of texts joined with `+`, or put together by String.format."""
    if node.type == "binary_expression":
        left, right, sign = field(node, "left"), field(node, "right"), field(node, "operator")
        if left is None or right is None or sign is None or sign.type != "+":
            return [node]
        return [*_joined(file, left), *_joined(file, right)]
    if node.type == "parenthesized_expression" and node.named_child_count == 1:
        return _joined(file, node.named_children[0])
    if node.type == "method_invocation" and file.text_of(node).startswith("String.format("):
        return _formatted(file, node)
    return [file.text_of(node)[1:-1]] if node.type == "string_literal" else [node]


def _formatted(file: SourceFile, node: Node) -> list[str | Node]:
    given = field(node, "arguments")
    arguments = named(given) if given is not None else []
    if not arguments or arguments[0].type != "string_literal":
        return [node]
    pieces = re.split(r"%[-+# 0]*\d*(?:\.\d+)?([sdnf%])", file.text_of(arguments[0])[1:-1])
    parts: list[str | Node] = [pieces[0]]
    rest = iter(arguments[1:])
    for verb, text in zip(pieces[1::2], pieces[2::2], strict=True):
        value = next(rest, None) if verb in "sdf" else None
        parts.append(value if value is not None and verb == "s" else "0")
        parts.append(text)
    return parts


def _assigned(file: SourceFile, name: Node) -> list[Node]:
    """What a method gives to a variable before a place."""
    method = around(name, _METHODS)
    text = file.text_of(name)
    values: list[Node] = []
    for part in inside(method) if method is not None else ():
        if part.start_byte >= name.start_byte:
            break
        target = (
            field(part, "name")
            if part.type == "variable_declarator"
            else field(part, "left")
            if part.type == "assignment_expression"
            else None
        )
        value = field(part, "value") or field(part, "right") if target is not None else None
        if target is not None and value is not None and file.text_of(target) == text:
            values.append(value)
    return values


def shell(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`Runtime.getRuntime().exec("cmd " + name)`."""
    method, given, target = captures["method"][0], captures["arguments"][0], captures["target"][0]
    if file.text_of(method) != "exec" or not re.search(r"(?:getRuntime\(\)|\bruntime|\brt)$", file.text_of(target)):
        return
    arguments = named(given)
    if not arguments:
        return
    values = _assigned(file, arguments[0]) if arguments[0].type == "identifier" else [arguments[0]]
    for value in values:
        parts = _joined(file, value)
        if len(parts) > 1 and any(isinstance(part, Node) and not file.text_of(part).isupper() for part in parts):
            yield Hit(method, "This command is put together; a space or a value with spaces changes what runs.")
            return


def weak_hash(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`MessageDigest.getInstance("MD5")` in a method about passwords."""
    method, given, target = captures["method"][0], captures["arguments"][0], captures["target"][0]
    if file.text_of(method) != "getInstance" or file.text_of(target) != "MessageDigest":
        return
    name = file.text_of(given).strip('()"').upper()
    if name not in {"MD5", "SHA-1", "SHA1", "SHA", "SHA-256", "SHA-512"}:
        return
    declared = around(method, frozenset({"method_declaration", "constructor_declaration"}))
    header = (field(declared, "name"), field(declared, "parameters")) if declared is not None else ()
    if any(part is not None and _PASSWORD.search(file.text_of(part)) for part in header):
        yield Hit(given, f"{name} over a password can be guessed at billions a second.")


def trusts_all(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A trust manager that looks at nothing, and a verifier that always says yes."""
    name, body = captures["name"][0], captures["body"][0]
    text = file.text_of(name)
    statements = named(body)
    statements = [each for each in statements if not each.type.endswith("comment")]
    if text == "checkServerTrusted" and not statements:
        yield Hit(name, "Every server's certificate is accepted.")
    elif text == "verify" and len(statements) == 1 and file.text_of(statements[0]) == "return true;":
        declared = around(body, frozenset({"method_declaration"}))
        parameters = field(declared, "parameters") if declared is not None else None
        if parameters is not None and "SSLSession" in file.text_of(parameters):
            yield Hit(name, "Every host name is accepted.")


def left_open(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A file opened into a variable that is neither closed nor handed on."""
    name, value = captures["name"][0], captures["value"][0]
    created = field(value, "type")
    if created is None or not _OPENS.match(file.text_of(created)) or not _OPENS_FILE.search(file.text_of(value)):
        return
    method = around(name, _METHODS)
    if method is None:
        return
    text = file.text_of(name)
    for part in inside(method):
        if (
            part.type == "identifier"
            and part.start_byte > value.end_byte
            and file.text_of(part) == text
            and _goes_on(file, part)
        ):
            return
    yield Hit(name, f"`{text}` is not closed; open it in the parentheses of a `try`.")


def _goes_on(file: SourceFile, use: Node) -> bool:
    """Whether a use closes the resource, or hands it on: returned, stored, given to somebody."""
    parent = use.parent
    if parent is None:
        return True
    if parent.type == "method_invocation" and field(parent, "object") == use:
        method = field(parent, "name")
        return method is not None and file.text_of(method) == "close"
    return parent.type in _HANDS_ON


_HANDS_ON: Final = words(
    "argument_list return_statement assignment_expression variable_declarator resource lambda_expression"
    " array_initializer method_reference cast_expression ternary_expression"
)


def text_grows(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`text += piece` in a loop."""
    at, target = captures["at"][0], captures["target"][0]
    sign = field(at, "operator")
    loop = around(at, _METHODS | _LOOPS)
    if sign is None or sign.type != "+=" or loop is None or loop.type not in _LOOPS:
        return
    method = around(at, _METHODS)
    name = file.text_of(target)
    before = file.text[method.start_byte : loop.start_byte].decode("utf-8", "replace") if method is not None else ""
    if re.search(rf"\b{re.escape(name)} \+= ".encode(), file.text[loop.start_byte : at.start_byte]):
        return  # once a loop
    if re.search(rf"\bString\s+{re.escape(name)}\b", before):
        yield Hit(at, f"`{name}` is copied at every turn; use a StringBuilder.")


def prints_trace(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`e.printStackTrace()`."""
    method, given = captures["method"][0], captures["arguments"][0]
    if file.text_of(method) == "printStackTrace" and not given.named_child_count:
        yield Hit(method)


def reads_objects(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`new ObjectInputStream(in).readObject()`."""
    method = captures["method"][0]
    if file.text_of(method) == "readObject" and b"ObjectInputStream" in file.text and not _is_own_hook(file, method):
        yield Hit(method)


def _is_own_hook(file: SourceFile, node: Node) -> bool:
    declared = around(node, frozenset({"method_declaration"}))
    name = field(declared, "name") if declared is not None else None
    return name is not None and file.text_of(name) in {"readObject", "readExternal", "readResolve"}


@per_file
def _words_used(file: SourceFile) -> frozenset[bytes]:
    """Words of a file outside its imports; comments too, since Javadoc links to imported names."""
    start = 0
    for node in file.root.named_children:
        if node.type in {"import_declaration", "package_declaration"}:
            start = node.end_byte
    return frozenset(re.findall(rb"[A-Za-z_$][\w$]*", file.text[start:]))


def unused_import(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """An import whose name stands nowhere else in the file."""
    at = captures["at"][0]
    named_children = at.named_children
    if any(child.type == "asterisk" for child in named_children) or file.root.has_error:
        return
    path = next((child for child in named_children if child.type in {"scoped_identifier", "identifier"}), None)
    if path is None:
        return
    name = file.text_of(path).rpartition(".")[2]
    if name.encode() in _words_used(file):
        return
    end = file.text.find(b"\n", at.end_byte)
    whole_line = end >= 0 and not file.text[at.end_byte : end].strip()
    edits = (Edit(at.start_byte, end + 1, ""),) if whole_line and at.start_point.column == 0 else ()
    yield Hit(at, f"`{name}` is imported and not used.", edits)
