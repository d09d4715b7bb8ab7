"""Settings and calls in Python that give protection away: hashes, certificates, rights, randomness, tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.python_dangerous import uses
from aura_code.rules.checks.python_names import (
    argument,
    calls_of_method,
    calls_to,
    dotted,
    function_around,
    keyword,
    positional,
)
from aura_code.rules.checks.python_texts import literal
from aura_code.rules.checks.trees import around, field, found
from aura_code.syntax import SourceFile

PASSWORD: Final = re.compile(r"passw(?:or)?d|passwd|passphrase|(?<![a-z])pwd?(?![a-z])", re.IGNORECASE)
"""Names of passwords."""
_FAST: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s")
_HASHES: Final = frozenset(f"hashlib.{name}" for name in _FAST)
_OLD_HASHES: Final = frozenset(
    {"Crypto.Hash.MD5.new", "Crypto.Hash.SHA1.new", "Crypto.Hash.SHA.new", "Cryptodome.Hash.MD5.new"}
)
_HTTP: Final = frozenset(
    [
        *("get", "post", "put", "patch", "delete", "head", "options", "request", "send", "stream", "urlopen"),
        *("Session", "Client", "AsyncClient", "ClientSession", "TCPConnector", "HTTPTransport", "AsyncHTTPTransport"),
        *("HTTPSHandler", "PoolManager", "HTTPSConnectionPool", "ServerProxy", "Elasticsearch", "fetch", "download"),
    ]
)
_UNVERIFIED: Final = frozenset({"ssl._create_unverified_context", "ssl._create_stdlib_context"})
_OPTION: Final = re.compile(r"verif|insecure|check_?host|cert|trust|tls|ssl|debug|self_?signed", re.IGNORECASE)
_SECRET: Final = re.compile(
    r"(?:^|_)(?:token|secret|passw(?:or)?d|passwd|pwd|nonce|otp|salt|csrf|xsrf|session_?(?:id|key)|api_?key|auth_?(?:key|code)"
    r"|verification_?code|reset_?code|activation_?(?:code|key)|secret_?key|private_?key|captcha)s?(?:$|_)",
    re.IGNORECASE,
)
_NOT_SECRET: Final = re.compile(r"(?:count|len|index|idx|num|size|token_?ids?|tokens|embedding|dropout)", re.IGNORECASE)
_RANDOM: Final = frozenset(
    f"random.{name}"
    for name in ("random", "randint", "randrange", "choice", "choices", "sample", "getrandbits", "randbytes", "uniform")
)
_STATEMENTS: Final = frozenset(
    {"expression_statement", "return_statement", "block", "module", "keyword_argument", "pair"}
)


def password_hash(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A fast hash over a password."""
    for call, name in calls_to(file, _HASHES | _OLD_HASHES):
        yield from _hash_hit(file, call, name, positional(call)[:1])
    for call, _ in calls_to(file, frozenset({"hashlib.new"})):
        given = positional(call)
        kind = (literal(file, given[0]) or "").lower() if given else ""
        if kind in _FAST:
            yield from _hash_hit(file, call, kind, given[1:2])
    for call, _ in calls_to(file, frozenset({"werkzeug.security.generate_password_hash"})):
        method = literal(file, argument(file, call, 1, "method")) or ""
        if method.startswith(("md5", "sha1", "sha256", "plain")):
            yield Hit(field(call, "function") or call, f"`{method}` is computed so fast that passwords can be guessed.")


def _hash_hit(file: SourceFile, call: Node, name: str, given: list[Node]) -> Iterator[Hit]:
    unused = keyword(file, call, "usedforsecurity")
    if unused is not None and unused.type == "false":
        return
    kind = name.removeprefix("hashlib.")
    texts = [file.text_of(each) for each in given] or _updates(file, call)
    is_old = "md5" in kind.lower() or kind.lower().endswith(("sha1", "sha.new", "sha1.new"))
    concerned = any(PASSWORD.search(text) for text in texts)
    if concerned or (is_old and PASSWORD.search(_context(file, call))):
        yield Hit(
            field(call, "function") or call, f"`{kind}` is computed so fast that passwords can be guessed from it."
        )


def _updates(file: SourceFile, call: Node) -> list[str]:
    """What is put into `h` after `h = hashlib.md5()`."""
    assignment = around(call, frozenset({"assignment", "block"}))
    target = field(assignment, "left") if assignment is not None and assignment.type == "assignment" else None
    if target is None:
        return []
    name, here = file.text_of(target), function_around(call)
    return [
        file.text_of(given)
        for update, _ in calls_of_method(file, frozenset({"update"}))
        if function_around(update) == here and file.text_of(update).startswith(f"{name}.")
        for given in positional(update)
    ]


def _context(file: SourceFile, node: Node) -> str:
    """Names around an expression: what it is assigned to, the function it is in."""
    function = function_around(node)
    name = field(function, "name") if function is not None else None
    text = file.text_of(name) if name is not None else ""
    hashes = re.search(r"hash|encrypt|encode|digest|check|verify|crypt|store", text, re.IGNORECASE) is not None
    return f"{_target(file, node)} {text if hashes else ''}"


def _target(file: SourceFile, node: Node) -> str:
    """What an expression is assigned to, or the keyword or key that it is the value of."""
    holder = around(node, _STATEMENTS | {"assignment"})
    if holder is None:
        return ""
    label = field(holder, "left") or field(holder, "name") or field(holder, "key")
    return file.text_of(label) if label is not None else ""


def certificates_off(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Connections that do not check who answers."""
    text = file.text
    if b"verify" in text or b"ssl" in text or b"CERT_NONE" in text:
        yield from _switched_off(file)
        for call, _ in calls_to(file, _UNVERIFIED):
            if not _is_optional(file, call):
                yield Hit(field(call, "function") or call, "This context accepts every certificate.")


_VALUES: Final = {
    "verify_mode": "CERT_NONE",
    "cert_reqs": "CERT_NONE",
    "_create_default_https_context": "_create_unverified_context",
    "PYTHONHTTPSVERIFY": "0",
}
_CHECKS: Final = frozenset({"check_hostname", "verify_ssl", "ssl_verify", "verify_certs", "verify_hostname"})
_SWITCHES: Final = """
(keyword_argument name: (identifier) @name value: [(false) (attribute) (string) (none)] @value) @at
(assignment left: [(attribute attribute: (identifier) @name) (subscript subscript: (string (string_content) @name))] right: [(false) (attribute) (string) (integer)] @value) @at
"""  # noqa: E501 - a pattern of a query is one line


def _switched_off(file: SourceFile) -> Iterator[Hit]:
    for caught in found(file, _SWITCHES):
        at, value = caught["at"][0], caught["value"][0]
        name = file.text_of(caught["name"][0])
        if not _is_off(file, name, value, at) or _is_optional(file, at):
            continue
        yield Hit(at, f"`{file.text_of(at)[:60]}` accepts every certificate: anybody can pose as the server.")


def _is_off(file: SourceFile, name: str, value: Node, at: Node) -> bool:
    written = file.text_of(value).rpartition(".")[2].strip("'\"")
    if name in _VALUES:
        return written == _VALUES[name]
    if value.type != "false":
        return False
    if name in _CHECKS:
        return True
    if at.type == "assignment":
        return name == "verify" and _is_session(file, at)
    return name in {"verify", "ssl"} and _is_http_call(file, at, name)


def _is_session(file: SourceFile, at: Node) -> bool:
    owner = field(at, "left", "object")
    text = file.text_of(owner).lower() if owner is not None else ""
    return (
        uses(file, "requests", "httpx", "requests_toolbelt")
        and re.search(r"session|client|^s$|self$|adapter|request", text) is not None
    )


def _is_http_call(file: SourceFile, at: Node, name: str) -> bool:
    call = around(at, frozenset({"call"}))
    function = field(call, "function") if call is not None else None
    if function is None or at.parent is None or at.parent.parent != call:
        return False
    last = file.text_of(function).rpartition(".")[2]
    if name == "ssl":
        return uses(file, "aiohttp") and last in _HTTP
    full = dotted(file, function)
    return (last in _HTTP and not full.startswith(("jwt", "jose"))) or full.startswith(("requests.", "httpx."))


def _is_optional(file: SourceFile, node: Node) -> bool:
    """Whether an `if` around it asks an option for it, or it is only handed on."""
    reached = node.parent
    while reached is not None and reached.type not in {"function_definition", "module"}:
        if reached.type in {"if_statement", "elif_clause", "conditional_expression", "else_clause"}:
            test = reached.parent if reached.type in {"else_clause", "elif_clause"} else reached
            head = file.text_of(test or reached).partition("\n")[0]
            condition = field(reached, "condition")
            asked = file.text_of(condition) if condition is not None else head
            if _OPTION.search(asked) or (reached.type == "else_clause" and _OPTION.search(head)):
                return True
        reached = reached.parent
    return False


def rights_for_all(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`chmod` that lets everybody write."""
    for call, name in calls_of_method(file, frozenset({"chmod", "fchmod", "lchmod"})):
        function = dotted(file, field(call, "function"))
        mode = argument(file, call, 1 if function.startswith("os.") else 0, "mode")
        text = file.text_of(mode) if mode is not None else ""
        if re.fullmatch(r"0o?[0-7]{3,4}", text):
            open_to_all = int(text.lower().replace("o", ""), 8) & 0o002 != 0
        else:
            open_to_all = re.search(r"stat\.S_I(?:RWXO|WOTH)", text) is not None and "~" not in text
        if open_to_all:
            yield Hit(mode or call, f"`{name}` with `{text}` lets every user of the machine write here.")


def debug_server(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`app.run(debug=True)` of Flask."""
    if not uses(file, "flask"):
        return
    for call, _ in calls_of_method(file, frozenset({"run"})):
        value = keyword(file, call, "debug")
        if value is not None and value.type == "true":
            yield Hit(field(call, "function") or call)


def weak_random(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Random numbers that can be computed, where a secret is made."""
    for call, name in calls_to(file, _RANDOM):
        names = [_target(file, call), *_joined_target(file, call)]
        function = function_around(call)
        label = field(function, "name") if function is not None else None
        if label is not None and re.match(r"_*(?:generate|gen|make|create|new|random|get)_", file.text_of(label)):
            names.append(file.text_of(label))
        hit = next((each for each in names if _SECRET.search(each) and not _NOT_SECRET.search(each)), None)
        if hit is not None:
            yield Hit(
                field(call, "function") or call, f"Whoever sees a few values of `{name}` can compute the next `{hit}`."
            )


def _joined_target(file: SourceFile, node: Node) -> list[str]:
    """The target of the whole statement, where the call is deep in an expression."""
    statement = around(node, frozenset({"assignment", "return_statement", "block", "module"}))
    left = field(statement, "left") if statement is not None and statement.type == "assignment" else None
    return [file.text_of(left)] if left is not None else []


def unverified_token(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """JSON web tokens read without looking at their signature."""
    for call, _ in calls_to(file, frozenset({"jwt.decode", "jose.jwt.decode"})):
        options, verify = keyword(file, call, "options"), keyword(file, call, "verify")
        text = file.text_of(options) if options is not None else ""
        off = re.search(r"verify_signature['\"]?\s*[:=]\s*False", text) is not None
        if off or (verify is not None and verify.type == "false"):
            yield Hit(field(call, "function") or call, "The signature is not checked: anybody can write such a token.")
        algorithms = keyword(file, call, "algorithms")
        if algorithms is not None and re.search(r"['\"]none['\"]", file.text_of(algorithms), re.IGNORECASE):
            yield Hit(algorithms, "`none` accepts tokens without a signature: anybody can write such a token.")


def open_to_all_origins(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """CORS for every origin, with credentials."""
    if b"credentials" not in file.text:
        return
    targets = frozenset({"flask_cors.CORS", "flask_cors.cross_origin"})
    for call, _ in calls_to(file, targets):
        if _has(file, call, "supports_credentials", "True") and not _has(file, call, "origins", r"(?!.*\*).*"):
            yield Hit(field(call, "function") or call)
    for call, _ in calls_of_method(file, frozenset({"add_middleware"})):
        if _has(file, call, "allow_credentials", "True") and _has(
            file, call, "allow_origins", r"\[\s*['\"]\*['\"]\s*\]"
        ):
            yield Hit(field(call, "function") or call)


def _has(file: SourceFile, call: Node, name: str, pattern: str) -> bool:
    value = keyword(file, call, name)
    return value is not None and re.fullmatch(pattern, file.text_of(value)) is not None
