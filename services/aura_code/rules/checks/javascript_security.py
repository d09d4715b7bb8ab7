"""Settings and calls in JavaScript and TypeScript that give protection away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.javascript_names import (
    arguments,
    calls_of_method,
    calls_to,
    dotted,
    function_around,
    function_of,
    is_fixed,
    literal,
    option,
    pieces,
)
from aura_code.rules.checks.python_security import PASSWORD
from aura_code.rules.checks.trees import around, field, found, inside, named
from aura_code.syntax import SourceFile

_HASHES: Final = frozenset({"crypto.createHash", "crypto.default.createHash"})
_FAST: Final = frozenset({"md4", "md5", "sha1", "sha-1", "sha224", "sha256", "sha384", "sha512", "ripemd160"})
_FUNCTIONS: Final = frozenset(
    [
        *("md5", "sha1", "blueimp-md5", "js-md5", "js-sha1", "js-sha256.sha256", "sha256", "hash.js.sha1"),
        *("CryptoJS.MD5", "CryptoJS.SHA1", "CryptoJS.SHA256", "crypto-js.MD5", "crypto-js.SHA1", "crypto-js.SHA256"),
        *("crypto-js/md5", "crypto-js/sha1", "crypto-js/sha256"),
    ]
)
_SECRET: Final = re.compile(
    r"(?:token|secret|passw(?:or)?d|pwd|nonce|otp|salt|csrf|xsrf|session_?(?:id|key)|api_?key|auth_?code|resetcode"
    r"|verification_?code)$",
    re.IGNORECASE,
)
_NOT_SECRET: Final = re.compile(r"(?:fetch|refresh|request|cancel|render|update|load)Token$")
"""Names of marks that tell one request from the next."""
_MAKES: Final = re.compile(r"^_?(?:generate|gen|make|create|new|random|get)", re.IGNORECASE)
_OPTION: Final = re.compile(
    r"verif|insecure|reject|cert|trust|tls|ssl|self_?signed|development|dev\b|isDev", re.IGNORECASE
)
_SWITCHES: Final = """
(pair key: [(property_identifier) (string)] @name value: [(false) (string) (arrow_function) (function_expression)] @value) @at
(assignment_expression left: [(member_expression property: (property_identifier) @name) (subscript_expression index: (string) @name)] right: [(string) (number) (false)] @value) @at
"""  # noqa: E501 - a pattern of a query is one line
_MARKUP: Final = """
(assignment_expression left: (member_expression property: (property_identifier) @name) right: (_) @value) @at
"""


def password_hash(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A fast hash over a password."""
    for call, _ in calls_to(file, _HASHES):
        given = arguments(call)
        kind = (literal(file, given[0]) or "").lower() if given else ""
        if kind in _FAST and _is_of_password(file, call, kind):
            yield Hit(function_of(call) or call, f"`{kind}` is computed so fast that passwords can be guessed from it.")
    for call, name in calls_to(file, _FUNCTIONS):
        given = arguments(call)
        if given and PASSWORD.search(file.text_of(given[0])):
            yield Hit(function_of(call) or call, f"`{name}` is computed so fast that passwords can be guessed from it.")


def _is_of_password(file: SourceFile, call: Node, kind: str) -> bool:
    """Whether `.update(…)` behind the call gets a password, or old hashes are made in a function about passwords."""
    updated = call.parent.parent if call.parent is not None else None
    given = arguments(updated) if updated is not None and updated.type == "call_expression" else []
    if any(PASSWORD.search(file.text_of(each)) for each in given):
        return True
    declared = call.parent if call.parent is not None and call.parent.type == "variable_declarator" else None
    target = field(declared, "name") if declared is not None else None
    if target is not None:
        name = file.text_of(target)
        for update, _ in calls_of_method(file, frozenset({"update"})):
            owner = field(update, "function", "object")
            if owner is not None and file.text_of(owner) == name and function_around(update) == function_around(call):
                return any(PASSWORD.search(file.text_of(each)) for each in arguments(update))
    return kind in {"md5", "sha1"} and PASSWORD.search(function_name(file, call)) is not None


def function_name(file: SourceFile, node: Node) -> str:
    """The name of the function around a node, also of one that is assigned to a name."""
    function = function_around(node)
    if function is None:
        return ""
    name = field(function, "name")
    if name is None and function.parent is not None:
        name = field(function.parent, "name") or field(function.parent, "key")
    return file.text_of(name) if name is not None else ""


def certificates_off(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Connections that do not check who answers."""
    words = (b"rejectUnauthorized", b"NODE_TLS_REJECT_UNAUTHORIZED", b"strictSSL", b"checkServerIdentity")
    if not any(word in file.text for word in words):
        return
    for caught in found(file, _SWITCHES):
        name = file.text_of(caught["name"][0]).strip("'\"")
        at, value = caught["at"][0], caught["value"][0]
        if _is_off(file, name, value) and not _is_optional(file, at):
            text = file.text_of(at).splitlines()[0][:60]
            yield Hit(at, f"`{text}` accepts every certificate: anybody can pose as the server.")


def _is_off(file: SourceFile, name: str, value: Node) -> bool:
    if name in {"rejectUnauthorized", "strictSSL"}:
        return value.type == "false"
    if name == "NODE_TLS_REJECT_UNAUTHORIZED":
        return file.text_of(value).strip("'\"") == "0"
    if name != "checkServerIdentity":
        return False
    body = field(value, "body")
    return body is not None and (not named(body) or file.text_of(body) in {"undefined", "null", "true"})


def _is_optional(file: SourceFile, node: Node) -> bool:
    """Whether an `if` or a choice around it asks an option for it."""
    reached = node.parent
    while reached is not None and reached.type != "program":
        if reached.type in {"if_statement", "ternary_expression"}:
            condition = field(reached, "condition")
            if condition is not None and _OPTION.search(file.text_of(condition)):
                return True
        if reached.type == "binary_expression" and _OPTION.search(file.text_of(reached).partition("&&")[0]):
            return True
        reached = reached.parent
    return False


def rights_for_all(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`chmod` that lets everybody write."""
    for call, name in calls_of_method(file, frozenset({"chmod", "chmodSync", "fchmod"})):
        given = arguments(call)
        text = file.text_of(given[1]).strip("'\"") if len(given) > 1 else ""
        if not re.fullmatch(r"(?:0o)?[0-7]{3,4}", text) or not (text.startswith("0") or given[1].type == "string"):
            continue
        if int(text.replace("0o", ""), 8) & 0o002:
            yield Hit(given[1], f"`{name}` with `{text}` lets every user of the machine write here.")


def weak_random(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`Math.random()` where a secret is made."""
    for call, _ in calls_to(file, frozenset({"Math.random"})):
        names = [_target(file, call)]
        function = function_name(file, call)
        if _MAKES.match(function):
            names.append(function)
        hit = next((each for each in names if _SECRET.search(each) and not _NOT_SECRET.match(each)), None)
        if hit is not None:
            yield Hit(
                function_of(call) or call, f"Whoever sees a few values of `Math.random` can compute the next `{hit}`."
            )


def _target(file: SourceFile, node: Node) -> str:
    kinds = {"variable_declarator", "assignment_expression", "pair", "statement_block", "program", "arrow_function"}
    holder = around(node, frozenset(kinds))
    if holder is None:
        return ""
    label = field(holder, "name") or field(holder, "left") or field(holder, "key")
    return re.split(r"\W", file.text_of(label))[-1] if label is not None else ""


def unverified_token(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """JSON web tokens that are accepted without a signature."""
    targets = frozenset({"jsonwebtoken.verify", "jwt.verify", "jsonwebtoken.sign", "jwt.sign"})
    for call, name in calls_to(file, targets):
        given = arguments(call)
        algorithms = option(file, given[-1], "algorithms") or option(file, given[-1], "algorithm") if given else None
        if algorithms is not None and re.search(r"['\"]none['\"]", file.text_of(algorithms), re.IGNORECASE):
            yield Hit(
                algorithms, f"`none` in `{name}` means tokens without a signature: anybody can write such a token."
            )


def open_to_all_origins(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """CORS for every origin, with credentials."""
    for call, _ in calls_to(file, frozenset({"cors", "@fastify/cors", "koa-cors", "@koa/cors"})):
        given = arguments(call)
        origin = option(file, given[0], "origin") if given else None
        credentials = option(file, given[0], "credentials") if given else None
        if origin is None or credentials is None or credentials.type != "true":
            continue
        if origin.type == "true" or literal(file, origin) == "*":
            yield Hit(function_of(call) or call)


def raw_markup(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`dangerouslySetInnerHTML` with something that is not a constant and not cleaned."""
    name, value = captures["name"][0], captures["value"][0]
    if file.text_of(name) != "dangerouslySetInnerHTML":
        return
    for pair in inside(value):
        html = field(pair, "value") if pair.type == "pair" else None
        if html is not None and not is_clean(file, html):
            yield Hit(name, f"`{file.text_of(html).splitlines()[0][:60]}` becomes part of the page, scripts included.")


def is_clean(file: SourceFile, html: Node) -> bool:
    """Whether markup is a constant, or went through something that cleans or makes it."""
    texts = [file.text_of(each) for each in pieces(file, html) if not isinstance(each, str)]
    return is_fixed(file, html) or all(_CLEANED.search(text) for text in texts)


_CLEANED: Final = re.compile(
    r"sanitiz|purif|escape|highlight|marked|markdown|render|stringify|t\(|xss|safe|katex|prism|mermaid|svg|css|style|script"
    r"|toHTML|codeToHtml",
    re.IGNORECASE,
)


def assigned_markup(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`element.innerHTML = …` with something that is not a constant and not cleaned."""
    if b"HTML" in file.text:
        for caught in found(file, _MARKUP):
            name, value = file.text_of(caught["name"][0]), caught["value"][0]
            if (
                name in {"innerHTML", "outerHTML"}
                and not is_clean(file, value)
                and "innerHTML" not in file.text_of(value)
            ):
                yield Hit(caught["name"][0])
        for call, _ in calls_of_method(file, frozenset({"insertAdjacentHTML"})):
            given = arguments(call)
            if len(given) == 2 and not is_clean(file, given[1]):
                yield Hit(field(call, "function", "property") or call)
    for call, _ in calls_to(file, frozenset({"document.write", "document.writeln"})):
        given = arguments(call)
        if given and not is_clean(file, given[0]) and dotted(file, function_of(call)).startswith("document"):
            yield Hit(field(call, "function", "property") or call)
