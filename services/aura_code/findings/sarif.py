"""Findings as SARIF 2.1.0, which code hosts and editors read.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", 2020.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Final, TypeAlias
from urllib.parse import quote

from aura_code.chunks import line_starts
from aura_code.findings.baseline import Entry
from aura_code.findings.loading import RuleSet
from aura_code.findings.model import Edit, Finding, Level, Rule

Json: TypeAlias = "dict[str, object]"

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT: Final = "aura/v1"
_ROOT: Final = "SRCROOT"
_LEVELS: Final[Mapping[Level, str]] = {"error": "error", "warning": "warning", "hint": "note"}


def sarif_log(
    findings: Iterable[Finding],
    rules: RuleSet,
    *,
    baseline: Mapping[str, Entry] | None = None,
    text_of: Callable[[str], bytes | None] = lambda _path: None,
) -> Json:
    """Findings as a SARIF log, one run a tool; silenced ones are in it, marked as such.

    Args:
        findings: What was found.
        rules: The installed rules, whose explanations go along.
        baseline: What was there before; with it each result says whether it is new.
        text_of: The content of a file in UTF-8, as it was when it was analysed, to say where a fix lies; None leaves
            the fix out.
    """
    by_source: dict[str, list[Finding]] = {"aura": []}
    for finding in findings:
        by_source.setdefault(finding.source, []).append(finding)
    texts = _Texts(text_of)
    runs = [_run(source, found, rules, baseline, texts) for source, found in by_source.items()]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


class _Texts:
    """Contents of files with the beginnings of their lines."""

    def __init__(self, text_of: Callable[[str], bytes | None]) -> None:
        self._text_of = text_of
        self._known: dict[str, tuple[bytes, list[int]] | None] = {}

    def get(self, path: str) -> tuple[bytes, list[int]] | None:
        """A file's content; None when it is not what was analysed."""
        if path not in self._known:
            text = self._text_of(path)
            self._known[path] = None if text is None else (text, line_starts(text))
        return self._known[path]


def _run(
    source: str,
    findings: Sequence[Finding],
    rules: RuleSet,
    baseline: Mapping[str, Entry] | None,
    texts: _Texts,
) -> Json:
    used = sorted({finding.rule for finding in findings})
    index = {rule: place for place, rule in enumerate(used)}
    driver: Json = {"name": "Aura" if source == "aura" else source}
    if source == "aura":
        driver["version"] = version("aura-dev")
    driver["rules"] = [_descriptor(identifier, rules.get(identifier)) for identifier in used]
    return {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the project."}}},
        "results": [_result(finding, index[finding.rule], baseline, texts) for finding in findings],
    }


def _descriptor(identifier: str, rule: Rule | None) -> Json:
    if rule is None:
        return {"id": identifier}
    text = f"{rule.what}\n\n{rule.why}\n\n{rule.how}"
    markdown = f"{rule.what}\n\n**Why it matters.** {rule.why}\n\n**Instead.** {rule.how}"
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.what},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"enabled": rule.default, "level": _LEVELS[rule.level]},
        "properties": {"category": rule.category, "tags": sorted({rule.category, *rule.tags})},
    }


def _result(finding: Finding, index: int, baseline: Mapping[str, Entry] | None, texts: _Texts) -> Json:
    location: Json = {
        "physicalLocation": {
            "artifactLocation": _artifact(finding.path),
            "region": {
                "startLine": max(1, finding.span.start_line),
                "startColumn": finding.span.start_column + 1,
                "endLine": max(1, finding.span.end_line),
                "endColumn": finding.span.end_column + 1,
            },
        }
    }
    if finding.symbol:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.symbol}]
    result: Json = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.level],
        "message": {"text": finding.message},
        "locations": [location],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
    }
    in_baseline = baseline is not None and finding.fingerprint in baseline
    if baseline is not None:
        result["baselineState"] = "unchanged" if in_baseline else "new"
    result["suppressions"] = _suppressions(finding, in_baseline=in_baseline)
    content = texts.get(finding.path) if finding.edits else None
    if content is not None:
        result["fixes"] = [_fix(finding, *content)]
    return result


def _artifact(path: str) -> Json:
    return {"uri": quote(path, safe="/"), "uriBaseId": _ROOT}


def _suppressions(finding: Finding, *, in_baseline: bool) -> list[Json]:
    """Empty says that the finding counts; a missing list would say that nobody looked."""
    if finding.suppressed:
        silenced: Json = {"kind": "inSource"}
        if finding.reason:
            silenced["justification"] = finding.reason
        return [silenced]
    if in_baseline:
        return [{"kind": "external", "justification": "It is in the baseline of the project."}]
    return []


def _fix(finding: Finding, text: bytes, starts: list[int]) -> Json:
    replacements = [
        {"deletedRegion": _region(edit, text, starts), "insertedContent": {"text": edit.text}}
        for edit in sorted(set(finding.edits))
    ]
    return {
        "description": {"text": f"Mend: {finding.message}"},
        "artifactChanges": [{"artifactLocation": _artifact(finding.path), "replacements": replacements}],
    }


def _region(edit: Edit, text: bytes, starts: list[int]) -> Json:
    start_line, start_column = _place(edit.start, text, starts)
    end_line, end_column = _place(edit.end, text, starts)
    return {"startLine": start_line, "startColumn": start_column, "endLine": end_line, "endColumn": end_column}


def _place(offset: int, text: bytes, starts: list[int]) -> tuple[int, int]:
    """Line and column, both from 1, in characters."""
    line = max(0, bisect_right(starts[:-1], offset) - 1)
    return line + 1, len(text[starts[line] : offset].decode("utf-8", "replace")) + 1
