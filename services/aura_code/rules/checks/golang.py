"""Checks for Go: errors that are dropped, what is left open, and dangerous calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.compiled_languages import VALUE_NEXT
from aura_code.rules.checks.sql_texts import first_foreign, is_name
from aura_code.rules.checks.trees import around, field, found, inside, named, per_file
from aura_code.syntax import SourceFile
from aura_code.terms import words

_FUNCTIONS: Final = frozenset({"function_declaration", "method_declaration", "func_literal"})
_ERROR: Final = re.compile(r"^(?:err|\w*Err|error)$")
_TEXTS: Final = frozenset({"interpreted_string_literal", "raw_string_literal"})
_SHELLS: Final = re.compile(
    r"^(?:/usr)?(?:/bin/)?(?:sh|bash|zsh|dash|ksh|cmd|cmd\.exe|powershell|powershell\.exe|pwsh)$"
)
_SHELL_FLAGS: Final = frozenset({"-c", "/c", "/C", "-lc", "-ec", "-Command", "-command"})
_RETURNS_ERROR: Final = {
    "os": words("Rename WriteFile Mkdir MkdirAll Chdir Chmod Chown Link Symlink Truncate"),
    "io/ioutil": words("WriteFile"),
    "io": words("Copy CopyN ReadFull"),
    "encoding/json": words("Unmarshal"),
    "encoding/xml": words("Unmarshal"),
    "encoding/binary": words("Read"),
    "net/http": words("ListenAndServe ListenAndServeTLS Serve ServeTLS"),
    "path/filepath": words("Walk WalkDir"),
}
"""Functions of the standard library whose dropped error hides that the work was not done."""
_CHAINED: Final = re.compile(
    r"^(?:exec\.Command(?:Context)?\(.*\)\.(?:Run|Start)|json\.NewDecoder\(.*\)\.Decode)$", re.DOTALL
)
_PASSWORD: Final = re.compile(r"passw(?:or)?d|passphrase|(?:^|[^a-z])pwd", re.IGNORECASE)
_HASHES_PASSWORD: Final = re.compile(
    r"(?i)(?:hash|encrypt|encode|digest|md5|sha1?)\w*passw|passw\w*(?:hash|encrypt|encode|digest|md5|sha1)"
)
_SQL_METHODS: Final = words(
    "Query QueryContext QueryRow QueryRowContext Exec ExecContext Prepare PrepareContext Raw MustExec Queryx QueryRowx"
    " NamedExec NamedQuery"
)
_VERB: Final = re.compile(r"%(?:%|[-+# 0]*\d*(?:\.\d+)?(?:\[\d+\])?([a-zA-Z]))")
_SAYS_NAME: Final = re.compile(
    r"(?i)(?:^|\.)(?:q|quotes?)$|(?:table|column|field|index|seq|sequence)(?:_?name)?s?$"
    r"|(?:sql|where|clause|cond|condition|query|order|limit)s?$"
)
"""Expressions that say that they are a name in the database, a quote for one, or SQL made elsewhere."""
_CLEANS_UP: Final = re.compile(r"(?i)^(?:roll_?back|close|clean|release|unlock|stop|cancel|shutdown|remove)")
_AS_A_HABIT: Final = 4
"""A file that drops the error of one function this often means it."""
_GETS_RESPONSE: Final = re.compile(r"^(?:http\.(?:Get|Post|PostForm|Head)|http\.DefaultClient\.\w+|\w*[cC]lient\.Do)$")


@per_file
def _imports(file: SourceFile) -> dict[str, str]:
    """What the packages of a file are called in it."""
    names: dict[str, str] = {}
    for caught in found(file, "(import_spec) @spec"):
        spec = caught["spec"][0]
        path, name = field(spec, "path"), field(spec, "name")
        if path is not None:
            text = file.text_of(path).strip('"`')
            names[file.text_of(name) if name is not None else text.rpartition("/")[2]] = text
    return names


@per_file
def _returning_error(file: SourceFile) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Functions, and methods with their types, whose last result is an error."""
    functions: set[str] = set()
    methods: set[tuple[str, str]] = set()
    for node in file.root.named_children:
        if node.type not in {"function_declaration", "method_declaration"}:
            continue
        name, returned = field(node, "name"), field(node, "result")
        if name is None or returned is None or not _ends_in_error(file, returned) or _never_fails(node):
            continue
        if node.type == "function_declaration":
            functions.add(file.text_of(name))
        else:
            methods.add((_receiver(file, node)[1], file.text_of(name)))
    return frozenset(functions), frozenset(methods)


def _ends_in_error(file: SourceFile, returned: Node) -> bool:
    last = returned
    if returned.type == "parameter_list":
        parameters = [child for child in returned.named_children if child.type == "parameter_declaration"]
        found_type = field(parameters[-1], "type") if parameters else None
        if found_type is None:
            return False
        last = found_type
    return file.text_of(last) == "error"


def _never_fails(function: Node) -> bool:
    """Whether each `return` of a function has `nil` for the error, which is there for an interface or for later."""
    body = field(function, "body")
    if body is None:
        return False
    ends = [part for part in inside(body, stop=frozenset({"func_literal"})) if part.type == "return_statement"]
    last = [named(named(end)[0])[-1:] if named(end) else [] for end in ends]
    return bool(ends) and all(values and values[0].type == "nil" for values in last)


def _after_error(file: SourceFile, call: Node) -> bool:
    """Whether a call undoes something on the way out with another error: `if err != nil { undo(); return err }`."""
    block = around(call, frozenset({"block"}))
    whole = block.parent if block is not None else None
    if block is None or whole is None or whole.type != "if_statement" or field(whole, "consequence") != block:
        return False
    asked = re.fullmatch(r"(\w+) != nil", file.text_of(field(whole, "condition") or whole))
    if asked is None or not _ERROR.match(asked[1]):
        return False
    statements = [
        part for child in named(block) for part in (named(child) if child.type == "statement_list" else [child])
    ]
    return (
        bool(statements) and re.match(rf"return\b.*\b{asked[1]}\b", file.text_of(statements[-1]), re.DOTALL) is not None
    )


def _receiver(file: SourceFile, method: Node) -> tuple[str, str]:
    """Name and type of a method's receiver."""
    receiver = field(method, "receiver")
    if receiver is None:
        return "", ""
    parts = file.text_of(receiver).strip("()").partition("[")[0].replace("*", " ").split()
    return (parts[0], parts[-1]) if len(parts) > 1 else ("", parts[-1] if parts else "")


def empty_error_branch(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`if err != nil {}`."""
    whole, condition, body = captures["if"][0], captures["condition"][0], captures["body"][0]
    if body.named_child_count or field(whole, "alternative") is not None:
        return
    left, sign, right = field(condition, "left"), field(condition, "operator"), field(condition, "right")
    if left is None or sign is None or right is None or sign.type != "!=" or right.type != "nil":
        return
    if _ERROR.match(file.text_of(left)):
        yield Hit(condition, f"`{file.text_of(left)}` is looked at, and nothing is done about it.")


def dropped_result(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A call as a statement whose error goes nowhere."""
    callee = captures["callee"][0]
    name = file.text_of(callee)
    if _after_error(file, callee):
        return
    if callee.type == "identifier":
        known = name in _returning_error(file)[0] and not _is_local(file, callee, name)
        if known and not _is_habit(file, name):
            yield Hit(callee, f"`{name}` returns an error, which is dropped here.")
        return
    operand, method = field(callee, "operand"), field(callee, "field")
    if operand is None or method is None:
        return
    package = _imports(file).get(file.text_of(operand), "")
    call = callee.parent
    if call is not None and re.search(r"\b(?:io|ioutil)\.Discard\b", file.text_of(call)):
        return
    if package == "io" and call is not None and _goes_to_client(file, call):
        return
    if file.text_of(method) in _RETURNS_ERROR.get(package, ()) or (_CHAINED.match(name) and "bytes" not in name):
        short = name if len(name) < 40 else file.text_of(method)
        yield Hit(callee, f"`{short}` returns an error, which is dropped here.")
    elif (
        operand.type == "identifier"
        and not _is_habit(file, file.text_of(method))
        and _is_own_method(file, callee, operand, method)
    ):
        yield Hit(callee, f"`{name}` returns an error, which is dropped here.")


def _goes_to_client(file: SourceFile, call: Node) -> bool:
    """Whether a call copies into a server's answer: when it fails the client has gone, and nobody is left to tell."""
    given = [file.text_of(part) for part in named(field(call, "arguments") or call)]
    function = around(call, _FUNCTIONS)
    while given and function is not None:
        if f"{given[0]} http.ResponseWriter" in file.text_of(field(function, "parameters") or call):
            return True
        function = around(function, _FUNCTIONS)
    return False


def _is_habit(file: SourceFile, name: str) -> bool:
    """Whether a function cleans up after an error, or its error is dropped all over the file."""
    calls = re.findall(rf"^\s*(?:\w+\.)?{re.escape(name)}\(".encode(), file.text, re.MULTILINE)
    return _CLEANS_UP.match(name) is not None or len(calls) >= _AS_A_HABIT


def _is_own_method(file: SourceFile, node: Node, operand: Node, method: Node) -> bool:
    """Whether a method of the receiver is called that this file knows to return an error."""
    declared = around(node, frozenset({"method_declaration", "function_declaration"}))
    if declared is None or declared.type != "method_declaration":
        return False
    name, type_name = _receiver(file, declared)
    return name == file.text_of(operand) and (type_name, file.text_of(method)) in _returning_error(file)[1]


def _is_local(file: SourceFile, node: Node, name: str) -> bool:
    """Whether a function of a file is hidden by a parameter or variable of the function around."""
    function = around(node, frozenset({"method_declaration", "function_declaration"}))
    if function is None:
        return False
    hides = re.compile(rf"\b{re.escape(name)}\b(?:, \w+)* :?= |\b{re.escape(name)} func\(")
    return hides.search(file.text_of(function)) is not None


def defer_in_loop(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`defer file.Close()` that waits for the end of the function while a loop opens one more at each turn."""
    at, opened = captures["at"][0], captures["opened"][0]
    loop = around(at, _FUNCTIONS | {"for_statement"})
    if loop is None or loop.type != "for_statement" or not _opened_in(file, loop, at, file.text_of(opened)):
        return
    below: Node = at
    parent = at.parent
    while parent is not None and parent != loop:
        if parent.type == "statement_list" and _leaves(parent, below):
            return
        below, parent = parent, parent.parent
    yield Hit((at.start_byte, at.start_byte + len("defer")))


def _opened_in(file: SourceFile, loop: Node, before: Node, name: str) -> bool:
    """Whether a loop declares a variable in its body, and does not keep its value for later."""
    body = file.text[loop.start_byte : loop.end_byte].decode("utf-8", "replace")
    kept = re.compile(
        rf"\bappend\([^()]*\b{re.escape(name)}\b|[^:!=<>]= &?{re.escape(name)}$|\w: +&?{re.escape(name)},?$",
        re.MULTILINE,
    )
    if kept.search(body):
        return False
    return any(
        part.type == "short_var_declaration" and part.end_byte <= before.start_byte and _value_of(file, part, name)
        for part in inside(loop, stop=_FUNCTIONS)
    )


def _leaves(statements: Node, after: Node) -> bool:
    """Whether a list of statements leaves the loop at its end."""
    named = [child for child in statements.named_children if child.type != "comment"]
    if not named or named[-1].start_byte < after.start_byte:
        return False
    last = named[-1]
    return last.type in {"return_statement", "goto_statement"} or (last.type == "break_statement")


# Dangerous calls


def insecure_tls(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`InsecureSkipVerify: true`."""
    key, value = captures["key"][0], captures["value"][0]
    if not file.text_of(key).endswith("InsecureSkipVerify") or file.text_of(value) != "true":
        return
    asked = around(key, _FUNCTIONS | {"if_statement", "expression_case"})
    if asked is not None and (asked.type == "if_statement" or re.search("skip|insecure", _case_text(file, asked))):
        return
    yield Hit(key)


def _case_text(file: SourceFile, case: Node) -> str:
    """What a case asks for, in lower case; empty for a function."""
    value = field(case, "value") if case.type == "expression_case" else None
    return file.text_of(value).lower() if value is not None else ""


def shell(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`exec.Command("sh", "-c", command)`."""
    callee, given = captures["callee"][0], captures["arguments"][0]
    name = file.text_of(callee)
    if name not in {"exec.Command", "exec.CommandContext"} or _imports(file).get("exec") != "os/exec":
        return
    arguments = given.named_children[1 if name.endswith("Context") else 0 :]
    if len(arguments) < 3 or any(argument.type not in _TEXTS for argument in arguments[:2]):
        return
    program, flag = (file.text_of(argument).strip('"`') for argument in arguments[:2])
    if not _SHELLS.match(program) or flag not in _SHELL_FLAGS:
        return
    command = arguments[2]
    if not _is_constant(file, command):
        yield Hit(callee, f"`{program} {flag}` runs whatever is in `{file.text_of(command)[:40]}`.")


@per_file
def _constants(file: SourceFile) -> frozenset[str]:
    """Names that the file declares as constants."""
    return frozenset(
        file.text_of(name) for caught in found(file, "(const_spec name: (identifier) @name)") for name in caught["name"]
    )


def _is_constant(file: SourceFile, node: Node) -> bool:
    """Whether an expression is made of literals and constants, also by way of a variable."""
    if node.type in _TEXTS or node.type in {"int_literal", "rune_literal"}:
        return True
    if node.type == "binary_expression":
        left, right = field(node, "left"), field(node, "right")
        return left is not None and right is not None and _is_constant(file, left) and _is_constant(file, right)
    if node.type == "identifier":
        name = file.text_of(node)
        if name in _constants(file):
            return True
        given = _assigned(file, node, name)
        return bool(given) and all(value.type in _TEXTS for value in given)
    return False


def _assigned(file: SourceFile, node: Node, name: str) -> list[Node]:
    """What a function gives to a variable before a place."""
    function = around(node, _FUNCTIONS)
    if function is None:
        return []
    values: list[Node] = []
    for part in inside(function):
        if part.start_byte >= node.start_byte:
            break
        if part.type in {"short_var_declaration", "assignment_statement"}:
            values += _value_of(file, part, name)
        elif part.type == "var_spec":
            value, target = field(part, "value"), field(part, "name")
            if value is not None and target is not None and file.text_of(target) == name:
                values += value.named_children[:1]
    return values


def _value_of(file: SourceFile, assignment: Node, name: str) -> list[Node]:
    left, right = field(assignment, "left"), field(assignment, "right")
    if left is None or right is None:
        return []
    targets = [file.text_of(target) for target in left.named_children]
    if name not in targets:
        return []
    if len(right.named_children) != len(targets):
        return right.named_children[:1]
    return [right.named_children[targets.index(name)]]


def weak_hash(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`md5.Sum([]byte(password))`."""
    callee, given = captures["callee"][0], captures["arguments"][0]
    name = file.text_of(callee)
    package, _, function = name.partition(".")
    if package not in {"md5", "sha1", "sha256", "sha512"} or not _imports(file).get(package, "").startswith("crypto/"):
        return
    if function.startswith("Sum") and _PASSWORD.search(file.text_of(given)):
        yield Hit(callee, f"{package.upper()} over a password can be guessed at billions a second.")
    elif function == "New" and package in {"md5", "sha1"}:
        around_it = around(callee, frozenset({"function_declaration", "method_declaration"}))
        called = field(around_it, "name") if around_it is not None else None
        if called is not None and _HASHES_PASSWORD.search(file.text_of(called)):
            yield Hit(callee, f"{package.upper()} over a password can be guessed at billions a second.")


def sql(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`db.Query(fmt.Sprintf("SELECT … %s", name))`."""
    method, given = captures["method"][0], captures["arguments"][0]
    if file.text_of(method) not in _SQL_METHODS:
        return
    for argument in given.named_children[:2]:
        values = [argument]
        if argument.type == "identifier":
            values = _assigned(file, argument, file.text_of(argument))
        for value in values:
            foreign = _foreign(file, value)
            if foreign is not None:
                yield Hit(argument, f"`{file.text_of(foreign)[:40]}` becomes part of the SQL that runs here.")
                return


def _foreign(file: SourceFile, value: Node) -> Node | None:
    """The first expression in a text put together that may bring SQL along."""
    parts = _formatted(file, value) if value.type == "call_expression" else _joined(file, value)
    return first_foreign(parts, lambda node, before: _is_respected(file, node, before)) if len(parts) > 1 else None


def _is_respected(file: SourceFile, node: Node, before: str) -> bool:
    if not VALUE_NEXT.search(before):
        return True
    text = file.text_of(node)
    if _is_constant(file, node) or text.startswith(
        ("strconv.", "len(", "pq.Quote", "quote", "strings.Join(", "strings.Repeat(")
    ):
        return True
    return is_name(before, text) or _SAYS_NAME.search(text) is not None


def _formatted(file: SourceFile, call: Node) -> list[str | Node]:
    """The pieces of a `fmt.Sprintf`; numbers, which cannot bring SQL along, as text."""
    callee, given = field(call, "function"), field(call, "arguments")
    if callee is None or given is None or file.text_of(callee) != "fmt.Sprintf" or not given.named_child_count:
        return []
    arguments = given.named_children
    if arguments[0].type not in _TEXTS:
        return []
    text = file.text_of(arguments[0])[1:-1]
    parts: list[str | Node] = []
    at = place = 0
    for verb in _VERB.finditer(text):
        parts.append(text[at : verb.start()])
        at = verb.end()
        if verb[1] is None:
            continue
        place += 1
        if verb[1] in "svq" and place < len(arguments):
            parts.append(arguments[place])
        else:
            parts.append("0")
    return [*parts, text[at:]]


def _joined(file: SourceFile, node: Node) -> list[str | Node]:
    """The pieces of texts joined with `+`."""
    if node.type == "binary_expression":
        left, right, sign = field(node, "left"), field(node, "right"), field(node, "operator")
        if left is None or right is None or sign is None or sign.type != "+":
            return [node]
        return [*_joined(file, left), *_joined(file, right)]
    return [file.text_of(node)[1:-1]] if node.type in _TEXTS else [node]


# HTTP


def without_timeout(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`http.Client{}` that waits forever."""
    meant, body = captures["type"][0], captures["body"][0]
    name = file.text_of(meant)
    if name not in {"http.Client", "http.Server"} or _imports(file).get("http") != "net/http":
        return
    text = file.text_of(body)
    if name == "http.Client" and ("Transport" in text or b"WithContext(" in file.text):
        return  # the transport or each request may have the bound
    wanted = ("Timeout",) if name == "http.Client" else ("ReadTimeout", "ReadHeaderTimeout")
    if any(word in text for word in wanted) or b".Timeout =" in file.text or b"ReadHeaderTimeout =" in file.text:
        return
    what = "A server that answers too slowly" if name == "http.Client" else "A client that sends its headers too slowly"
    yield Hit(meant, f"{what} holds this up forever: `{name}` has no `{wanted[-1]}`.")


def default_client(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`http.Get(url)`: the client that has no timeout."""
    callee = captures["callee"][0]
    if (
        file.text_of(callee) in {"http.Get", "http.Post", "http.Head", "http.PostForm"}
        and _imports(file).get("http") == "net/http"
    ):
        yield Hit(callee, f"`{file.text_of(callee)}` uses the default client, which waits forever.")


def body_left_open(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`resp, err := http.Get(url)` without `resp.Body.Close()`."""
    at, callee = captures["at"][0], captures["callee"][0]
    if not _GETS_RESPONSE.match(file.text_of(callee)) or "net/http" not in _imports(file).values():
        return
    left, function = field(at, "left"), around(at, _FUNCTIONS)
    if left is None or function is None or left.named_child_count != 2:
        return
    name = file.text_of(left.named_children[0])
    if left.named_children[0].type != "identifier" or name == "_":
        return
    uses = [
        part
        for part in inside(function)
        if part.type == "identifier" and part.start_byte > at.end_byte and file.text_of(part) == name
    ]
    if not any(_goes_on(file, use) for use in uses):
        yield Hit(left.named_children[0], f"The body of `{name}` is never closed.")


def _goes_on(file: SourceFile, use: Node) -> bool:
    """Whether a use of a response closes its body, or hands response or body to somebody who may."""
    parent = use.parent
    if parent is None or parent.type != "selector_expression":
        return parent is None or parent.type != "binary_expression"  # `resp != nil` hands nothing on
    chosen = field(parent, "field")
    if chosen is None or file.text_of(chosen) != "Body":
        return False
    outer = parent.parent
    if outer is not None and outer.type == "selector_expression":
        last = field(outer, "field")
        return last is not None and file.text_of(last) == "Close"
    call = around(parent, frozenset({"call_expression"}))
    callee = field(call, "function") if call is not None else None
    reads = callee is not None and re.match(
        r"^(?:io|ioutil)\.(?:ReadAll|Copy)$|^(?:json|xml)\.NewDecoder$|^bufio\.New", file.text_of(callee)
    )
    return not reads


# Loops


def text_grows(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`text += piece` in a loop."""
    at, target = captures["at"][0], captures["target"][0]
    sign = field(at, "operator")
    loop = around(at, _FUNCTIONS | {"for_statement"})
    if sign is None or sign.type != "+=" or loop is None or loop.type != "for_statement":
        return
    name = file.text_of(target)
    function = around(at, _FUNCTIONS)
    if function is None:
        return
    before = file.text[function.start_byte : loop.start_byte].decode("utf-8", "replace")
    if re.search(rf"\b{re.escape(name)} \+= ".encode(), file.text[loop.start_byte : at.start_byte]):
        return  # once a loop
    if re.search(rf'\b{re.escape(name)} :?= ["`]|\bvar {re.escape(name)} string\b', before):
        yield Hit(at, f"`{name}` is copied at every turn; use a strings.Builder.")


def timer_in_loop(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`case <-time.After(d):` in a loop."""
    callee = captures["callee"][0]
    if file.text_of(callee) != "time.After":
        return
    case = around(callee, _FUNCTIONS | {"communication_case"})
    loop = around(callee, _FUNCTIONS | {"for_statement"})
    if case is not None and case.type == "communication_case" and loop is not None and loop.type == "for_statement":
        communication = field(case, "communication")
        if communication is not None and communication.end_byte >= callee.end_byte:
            yield Hit(callee)


def compared_error(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`err == ErrMissing`, which a wrapped error does not equal."""
    at = captures["at"][0]
    left, sign, right = field(at, "left"), field(at, "operator"), field(at, "right")
    if left is None or sign is None or right is None or sign.type not in {"==", "!="}:
        return
    known = file.text_of(right)
    if _ERROR.match(file.text_of(left)) and re.match(r"^(?:\w+\.)?Err[A-Z]\w*$", known):
        yield Hit(at, f"A wrapped error is not equal to `{known}`; ask errors.Is.")
