"""Secrets written into code: tokens by the shape that their makers give them, others by their name and entropy.

Works on the text of a file in any language, and looks only around a few words that `bytes.find` finds.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from aura_code.findings.model import Captures, Hit
from aura_code.places import read_place
from aura_code.syntax import SourceFile


class _Shape(NamedTuple):
    start: bytes
    """Looked for first, as it stands."""
    pattern: re.Pattern[bytes]
    what: str
    lowest: float
    """Least entropy of the token, in bits a character."""


def _shape(start: str, rest: str, what: str, lowest: float = 3.0) -> _Shape:
    return _Shape(start.encode(), re.compile(re.escape(start).encode() + rest.encode()), what, lowest)


_BETWEEN: Final = r"(?:[\\nr\s\"'+,;`]|Proc-Type[^\n]*|DEK-Info[^\n]*|#)*"
_SHAPES: Final = (
    _shape("AKIA", r"[0-9A-Z]{16}(?![0-9A-Za-z])", "an access key of AWS"),
    _shape("ASIA", r"[0-9A-Z]{16}(?![0-9A-Za-z])", "an access key of AWS"),
    _shape("ghp_", r"[A-Za-z0-9]{36}(?![A-Za-z0-9])", "a token of GitHub"),
    _shape("gho_", r"[A-Za-z0-9]{36}(?![A-Za-z0-9])", "a token of GitHub"),
    _shape("ghs_", r"[A-Za-z0-9]{36}(?![A-Za-z0-9])", "a token of GitHub"),
    _shape("ghu_", r"[A-Za-z0-9]{36}(?![A-Za-z0-9])", "a token of GitHub"),
    _shape("github_pat_", r"[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", "a token of GitHub"),
    _shape("glpat-", r"[A-Za-z0-9_-]{20,}", "a token of GitLab"),
    _shape("xoxb-", r"\d{9,}-[A-Za-z0-9-]{16,}", "a token of Slack"),
    _shape("xoxp-", r"\d{9,}-[A-Za-z0-9-]{16,}", "a token of Slack"),
    _shape("xoxa-", r"\d{1,}-[A-Za-z0-9-]{16,}", "a token of Slack"),
    _shape("hooks.slack.com/services/T", r"[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}", "an address of Slack"),
    _shape("sk_live_", r"[A-Za-z0-9]{20,}", "a key of Stripe"),
    _shape("rk_live_", r"[A-Za-z0-9]{20,}", "a key of Stripe"),
    _shape("sk-ant-", r"[A-Za-z0-9_-]{24,}", "a key of a model service"),
    _shape("sk-proj-", r"[A-Za-z0-9_-]{24,}", "a key of a model service"),
    _shape("AIza", r"[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])", "a key of Google"),
    _shape("GOCSPX-", r"[A-Za-z0-9_-]{28}", "a client secret of Google"),
    _shape("SG.", r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", "a key of SendGrid"),
    _shape("npm_", r"[A-Za-z0-9]{36}(?![A-Za-z0-9])", "a token for publishing packages"),
    _shape("pypi-AgEI", r"[A-Za-z0-9_-]{50,}", "a token for publishing packages"),
    _shape("dop_v1_", r"[a-f0-9]{64}", "a token of DigitalOcean"),
    _shape("shpat_", r"[a-fA-F0-9]{32}", "a token of Shopify"),
    _shape("AccountKey=", r"[A-Za-z0-9+/]{86}==", "a key of Azure storage"),
    _shape("-----BEGIN ", rf"(?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----{_BETWEEN}[A-Za-z0-9+/]{{40}}", "a private key", 0),
)  # fmt: skip
_CHECKED: Final = (b"ghp_", b"gho_", b"ghs_", b"ghu_", b"npm_")
_BASE62: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_WORDS: Final = tuple(
    word.encode()
    for word in (
        *("passw", "pwd", "passphrase", "secret", "token", "credential"),
        *(
            f"{kind}{dash}key"
            for kind in ("api", "access", "private", "auth", "encryption", "signing")
            for dash in ("", "_", "-")
        ),
    )
)
_NAMED: Final = re.compile(
    rb"(?P<name>[\w$.-]*(?:passw(?:or)?d|passwd|pwd|passphrase|secret|secret_?key|(?:api|access|auth|private|encryption"
    rb"|signing)[_-]?(?:key|token)|(?:key|access|auth|bearer|refresh|bot|session|user|client|app)?[_-]?token|credentials?"
    rb"|secret_?token|client_?secret)(?:_?\d{1,2})?)"
    rb"['\"]?\]?\s*(?P<sign>:\s*(?:[\w.<>&' ]+?\s*=|=)?|:?=|=>|,)\s*(?:[bru]|String::from\(|@)?"
    rb"(?P<quote>['\"`])(?P<value>[^'\"`\r\n\\]{6,200})(?P=quote)(?P<after>[^\n]{0,3})",
    re.IGNORECASE,
)
_SETTING: Final = re.compile(rb"(?:put|set\w*|header|append|add\w*|property)\(\s*['\"]?$", re.IGNORECASE)
_PASSWORDS: Final = re.compile(rb"passw(?:or)?d|passwd|pwd|passphrase", re.IGNORECASE)
_URL: Final = re.compile(
    rb"\b(?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|redis|rediss|amqps?|ftp|https?|mssql|mariadb)(?:\+\w+)?://"
    rb"[\w.%-]*:(?P<value>[^\s@/:'\"`{}$<>%]{6,80})@(?P<host>[\w.-]+)"
)
_PLACEHOLDER: Final = re.compile(
    rb"example|sample|dummy|fake|changeme|change[_-]?me|change[_-]this|placeholder|your|my[_-]|xxx|\*\*\*|\.\.\.|<[^>]*>|todo|insert"
    rb"|replace|redacted|test|foobar|foo|secret[_-]?key$|not[_-]?(?:a|so)[_-]|{{|\$\{|%\(|%s|^\$|\{\w*\}"
    rb"|lorem|deadbeef|development|localhost|^password\d{0,3}$|^secret$",
    re.IGNORECASE,
)
_CODE: Final = re.compile(
    rb"^(?:https?://|/|\./|\.\./|[a-z]+://|[#@]|--|[A-Z][A-Z0-9_]+$)|[\s(),;=]|^[a-z]+(?:[._:/-][a-z]+)*$|^[a-z]+(?:[A-Z][a-z]+)*$"
    rb"|^(?:[A-Z][a-z]+)+$|\w\.\w+\.[a-z]+$"
)
_KINDS: Final = (rb"[a-z]", rb"[A-Z]", rb"[0-9]", rb"[!@#$%^&*?+~]")
_DIGEST: Final = re.compile(rb"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$", re.IGNORECASE)
_UUID: Final = re.compile(rb"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$", re.IGNORECASE)
_HASH: Final = re.compile(rb"^(?:\$2[aby]\$|\$argon2|pbkdf2|sha\d+[$:-]|\{SHA|\$[156]\$|scrypt)", re.IGNORECASE)
_SIGNED: Final = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}$")
_PUBLIC: Final = re.compile(
    rb"public|pub_?key|hash|digest|csrf|field|name$|label|prefix|header|url|param|cookie|type", re.IGNORECASE
)
_QUIET_PLACES: Final = frozenset({"docs", "tests"})


_TESTS: Final = re.compile(r"(?:^|/)(?:t|unit)/")
"""More folders of tests than `aura_code.places` counts among them."""


def hard_coded(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Secrets in the text of a file."""
    if not _QUIET_PLACES.isdisjoint(read_place(file.path).kinds) or _TESTS.search(file.path):
        return
    seen: set[int] = set()
    for start, end, what in _shaped(file.text):
        seen.add(file.line_of(start))
        yield Hit((start, end), f"This looks like {what}; everybody who can read the code can use it.")
    for start, end, name in (*_named(file.text), *_in_urls(file.text)):
        line = file.line_of(start)
        if line not in seen and not _is_commented(file.line(line)) and not _is_within_text(file, start, line):
            seen.add(line)
            yield Hit(
                (start, end), f"The value of `{name}` stands in the code; everybody who can read the code can use it."
            )


def _is_commented(line: str) -> bool:
    return line.lstrip().startswith(("#", "//", "*", "/*", "--", ">>>"))


def _is_within_text(file: SourceFile, start: int, line: int) -> bool:
    """Whether a place is within a text of several lines: documentation, or a template."""
    node = file.root.descendant_for_byte_range(start, start + 1)
    whole = node
    while whole is not None and whole.type not in _TEXTS:
        whole = whole.parent
    if whole is not None and start - whole.start_byte > 3 and b"://" not in file.text[whole.start_byte : start]:
        return True  # A text within a text: `'password: "…"'`.
    while node is not None and node.parent is not None:
        if node.start_point.row + 1 < line and node.type in _LONG_TEXTS:
            return True
        node = node.parent
    return False


_TEXTS: Final = frozenset({"string", "template_string", "interpreted_string_literal", "string_literal"})
_LONG_TEXTS: Final = frozenset(
    {"string", "template_string", "string_content", "comment", "block_comment", "raw_string_literal"}
)


def _shaped(text: bytes) -> Iterator[tuple[int, int, str]]:
    for shape in _SHAPES:
        at = text.find(shape.start)
        while at >= 0:
            match = shape.pattern.match(text, at)
            before = text[at - 1 : at]
            if match is not None and not before.isalnum() and _is_real(shape, match[0]):
                yield at, min(match.end(), at + 60), shape.what
            at = text.find(shape.start, at + len(shape.start))


def _is_real(shape: _Shape, token: bytes) -> bool:
    rest = token[len(shape.start) :]
    if shape.lowest and (entropy(rest) < shape.lowest or _PLACEHOLDER.search(rest[:40])):
        return False
    if b"EXAMPLE" in token.upper():
        return False
    return not token.startswith(_CHECKED) or _has_checksum(token)


def _has_checksum(token: bytes) -> bool:
    """Whether the last six of 36 characters are the CRC-32 of those before, in base 62, as GitHub and npm write it."""
    body = token.partition(b"_")[2]
    number = zlib.crc32(body[:30])
    digits = b""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit : digit + 1] + digits
    return digits.rjust(6, b"0") == body[30:] or entropy(body) > 4.2  # Old tokens have none.


def _named(text: bytes) -> Iterator[tuple[int, int, str]]:
    lowered = text.lower()
    lines: set[int] = set()
    for word in _WORDS:
        at = lowered.find(word)
        while at >= 0:
            begin = text.rfind(b"\n", 0, at) + 1
            end = text.find(b"\n", at)
            end = len(text) if end < 0 else end
            if begin not in lines and end - begin < 2_000:
                lines.add(begin)
                for match in _NAMED.finditer(text, begin, end):
                    if match["sign"] == b"," and not _SETTING.search(text, max(0, match.start() - 40), match.start()):
                        continue
                    if is_secret(match["name"], match["value"], match["after"]):
                        name = match["name"].decode("utf-8", "replace").strip("-.")
                        yield match.start("value"), match.end("value"), name
            at = lowered.find(word, end)


def is_secret(name: bytes, value: bytes, after: bytes = b"") -> bool:
    """Whether a literal with such a name is a real secret and no placeholder, word, path, hash or identifier."""
    if _PUBLIC.search(name) or _UUID.match(value) or _HASH.match(value) or _PLACEHOLDER.search(value):
        return False
    if value.lower().strip(b"_-") == name.lower().strip(b"_-") or after.lstrip()[:1] in {b":", b"+", b"%"}:
        return False
    if _PASSWORDS.search(name):
        return _is_password(value)
    if _SIGNED.match(value):
        return True
    if _CODE.search(value) or len(value) < 12:
        return False
    digits = sum(48 <= byte <= 57 for byte in value)
    return entropy(value) >= 3.0 and digits >= (1 if len(value) >= 32 else 2) and digits < len(value)


def _is_password(value: bytes) -> bool:
    """No word, path or expression: letters with digits or signs among them."""
    if _CODE.search(value) or _DIGEST.match(value) or len(value) > 60:
        return False
    kinds = sum(re.search(kind, value) is not None for kind in _KINDS)
    return kinds >= 2 and entropy(value) >= 2.2 and re.search(rb"[0-9!@#$%^&*?+~]", value) is not None


def _in_urls(text: bytes) -> Iterator[tuple[int, int, str]]:
    if b"://" not in text or b"@" not in text:
        return
    for match in _URL.finditer(text):
        value, host = match["value"], match["host"]
        local = host in {b"localhost", b"127.0.0.1", b"host", b"hostname", b"db"} or b"example" in host
        plain = re.fullmatch(rb"[a-z]+", value, re.IGNORECASE) is not None
        if not local and not plain and not _PLACEHOLDER.search(value) and entropy(value) >= 2.5:
            yield match.start("value"), match.end("value"), "the password in this address"


def entropy(value: bytes) -> float:
    """Bits a character.

    Source:
        Shannon (1948), "A Mathematical Theory of Communication".
    """
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values()) if size else 0.0
