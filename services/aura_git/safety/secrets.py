"""Finds secrets and conflict markers in lines that are added; what is found is never repeated in a message."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from aura_git.safety.contract import Concern

__all__ = ["scan_text"]

_MOST_PER_FILE: Final = 20
_LONGEST_LINE: Final = 20_000
"""Characters of a line that are looked at: minified files have lines of megabytes."""


class _Token(NamedTuple):
    rule: str
    pattern: re.Pattern[str]
    what: str


def _token(rule: str, pattern: str, what: str) -> _Token:
    return _Token(rule, re.compile(pattern), what)


_TOKENS: Final = (
    _token("aws-key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b", "an access key of AWS"),
    _token(
        "github-token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255})\b", "a token of GitHub"
    ),
    _token("gitlab-token", r"\bgl(?:pat|dt|rt|soat|cbt|ptt)-[A-Za-z0-9_-]{20,}", "a token of GitLab"),
    _token("slack-token", r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}", "a token of Slack"),
    _token("slack-token", r"hooks\.slack\.com/services/T\w{8,}/B\w{8,}/\w{20,}", "an address that posts to Slack"),
    _token("google-key", r"\bAIza[0-9A-Za-z_-]{35}(?![\w-])", "an API key of Google"),
    _token("stripe-key", r"\b[sr]k_live_[0-9A-Za-z]{20,}", "a live key of Stripe"),
    _token(
        "model-key", r"\bsk-(?:proj-|svcacct-|ant-[a-z0-9]+-|or-v1-)?[A-Za-z0-9_-]{32,}", "a key of a model provider"
    ),
    _token("registry-token", r"\b(?:npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{50,})", "a token of a package registry"),
    _token("jwt", r"\beyJ[A-Za-z0-9_-]{12,}\.eyJ[A-Za-z0-9_-]{12,}\.[A-Za-z0-9_-]{16,}", "a signed web token"),
)
_HINTS: Final = re.compile(
    r"AKIA|ASIA|ABIA|ACCA|gh[pousr]_|github_pat_|gl\w{2,4}-|xox|hooks\.slack|AIza|k_live_|sk-|npm_|pypi-|eyJ"
)
_KEY: Final = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(.*)")
_KEY_BODY: Final = re.compile(r"(?:^|\\n|[\s\"'`+#])[A-Za-z0-9+/]{40,}={0,2}")
_KEY_BODY_WITHIN: Final = 8
_URL: Final = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://([^\s:/@'\"<>`]{0,80}):([^\s:/@'\"<>`]{3,120})@([\w.-]+|\[)")
_NAME: Final = re.compile(
    r"(?i)([\w.-]{0,60}(?:secret|passw(?:or)?d|passphrase|token|api[_-]?key|private[_-]?key|access[_-]?key|credential"
    r"|auth[_-]?key|encryption[_-]?key)[\w-]{0,30})"
    r"[\"']?\s{0,8}(?::=|=>|[:=])\s{0,8}(?:[brfu]{0,2}([\"'`])([^\"'`\s]{16,200})\2|([^\s\"'`,;()]{16,200})\s*$)"
)
_NO_SECRET_NAME: Final = re.compile(
    r"(?i)tokeni[sz]|token_?(?:type|count|limit|id|url|uri|path|file|name)|(?:max|min|num|n)_?tokens|sha\d|hash|digest"
    r"|checksum|integrity|public|csrf_?token_?name|_?(?:url|uri|path|file|name|header|class|field)$|key_?id$"
)
_PLACEHOLDER: Final = re.compile(
    r"(?i)example|sample|placeholder|change_?me|change-me|dummy|fake|mock|your|todo|fixme|xxx|\*{3}|\.\.\.|foo|bar\b|test"
    r"|redacted|insert|replace|secret$|^secret|password|passwd|hunter2|abcdef|123456|000000|aaaaaa|none|null|undefined"
)
_REFERENCE: Final = re.compile(
    r"\$\{|\{\{|\$\(|<[^>]*>|%\(|%s|\{[\w.]*\}|process\.env|os\.environ|getenv|^\$|://|^/|^[\w]+\(|^[@#]"
)
_WORDS: Final = re.compile(r"^[A-Za-z]+(?:[._:/-]?[A-Za-z]+)*\d{0,2}$")
_PLAIN_PASSWORD: Final = re.compile(
    r"(?i)^(?:pass(?:word|wd)?|pwd|secret|user(?:name)?|admin|root|postgres|guest|token|key|x+|\d{1,4})\W?\w?$"
)
_QUIET_PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:tests?|t|testing|__tests__|__mocks__|spec|specs|fixtures?|testdata|mocks?|examples?|samples?|snapshots?"
    r"|cassettes|e2e|benchmarks?)/|(?:^|/)(?:test_[^/]*|[^/]*[._-](?:test|spec|mock|fixture|stories)s?\.[a-z]+|conftest\.py)$"
    r"|(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock|uv\.lock|pdm\.lock"
    r"|Pipfile\.lock|Cargo\.lock|go\.sum|composer\.lock|Gemfile\.lock|flake\.lock|[^/]*\.lock|[^/]*\.min\.js|[^/]*\.map"
    r"|[^/]*\.snap|[^/]*\.svg|[^/]*\.ipynb|[^/]*\.po)$"
)
_SETTINGS_FILES: Final = re.compile(r"(?i)(?:^|/)\.env|\.(?:env|ini|cfg|conf|properties|ya?ml|toml|tfvars)$")
_OURS: Final = re.compile(r"<{7}(?: |$)")
_THEIRS: Final = re.compile(r">{7}(?: |$)")


def scan_text(path: str, added: Iterable[tuple[int, str]]) -> list[Concern]:
    """Secrets and conflict markers in lines that are added; also for texts and diffs that leave this machine.

    Args:
        path: File that they belong to; in tests and lock files random values are not looked for.
        added: Number and text of each line.

    Returns:
        At most twenty concerns in the order of the lines; their messages do not hold the secret.
    """
    lines = [(number, text[:_LONGEST_LINE]) for number, text in added]
    quiet = _QUIET_PATHS.search(path) is not None
    found: dict[tuple[str, int], Concern] = {}
    for rule, number, what in (*_keys(lines), *_markers(lines), *_in_lines(path, lines, quiet=quiet)):
        found.setdefault((rule, number), Concern(rule, path, number, f"this looks like {what}", blocks=True))
    return sorted(found.values(), key=lambda concern: (concern.line, concern.rule))[:_MOST_PER_FILE]


def _in_lines(path: str, lines: Sequence[tuple[int, str]], *, quiet: bool) -> Iterator[tuple[str, int, str]]:
    for number, text in lines:
        if _HINTS.search(text):
            yield from ((rule, number, what) for rule, what in _tokens(text))
        if "://" in text and _has_password(text, quiet=quiet):
            yield "password-in-url", number, "an address with a password"
        if not quiet and _has_random_value(path, text):
            yield "secret-value", number, "a random value with the name of a secret"


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for rule, pattern, what in _TOKENS:
        for match in pattern.finditer(text):
            if _looks_random(match.group(), least=3.0) and not _PLACEHOLDER.search(match.group()[8:]):
                yield rule, what
                break


def _keys(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[str, int, str]]:
    """A header with the body of a key behind it; the header alone is in many a document."""
    for place, (number, text) in enumerate(lines):
        match = _KEY.search(text) if "PRIVATE KEY" in text else None
        if match is None:
            continue
        body = [match.group(1), *(line for _, line in lines[place + 1 : place + 1 + _KEY_BODY_WITHIN])]
        if any(_KEY_BODY.search(line) for line in body):
            yield "private-key", number, "a private key"


def _markers(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[str, int, str]]:
    ours = [number for number, text in lines if text.startswith("<<<<<<<") and _OURS.match(text)]
    if ours and any(_THEIRS.match(text) for _, text in lines):
        for number in ours:
            yield "conflict-marker", number, "a conflict that nobody resolved"


def _has_password(text: str, *, quiet: bool) -> bool:
    for match in _URL.finditer(text):
        user, password, host = match.groups()
        if _REFERENCE.search(password) or _PLAIN_PASSWORD.match(password) or _PLACEHOLDER.search(password):
            continue
        if quiet and not _looks_random(password, least=3.0):
            continue
        if password != user and not host.startswith(("example.", "localhost", "127.")) and "example" not in host:
            return True
    return False


def _has_random_value(path: str, text: str) -> bool:
    for match in _NAME.finditer(text):
        name, _, quoted, bare = match.groups()
        if bare and not _SETTINGS_FILES.search(path):
            continue
        value = quoted or bare
        if _NO_SECRET_NAME.search(name) or _PLACEHOLDER.search(value) or _REFERENCE.search(value):
            continue
        if not _WORDS.match(value) and _looks_random(value, least=3.5):
            return True
    return False


def _looks_random(value: str, *, least: float) -> bool:
    """Whether a value has digits, letters, and as much surprise per character as a random one, in bits."""
    digits = sum(char.isdigit() for char in value)
    letters = sum(char.isalpha() for char in value)
    if digits < 2 or letters < 2:
        return False
    counts = Counter(value)
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values()) >= least
