"""Prints what rules report in files, to judge a rule on real code.

usage: python -m aura_code.findings.try_rules [--rule ID]... [--off-too] [--silenced] [--count] PATH...

A line is `path:line rule message`; files are listed as the index lists them. Findings that a comment silences are left
out, or with `--silenced` shown with how. Problems of rule files come first.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from aura_code.decoding import why_skip
from aura_code.files import list_files
from aura_code.findings.analysis import analyse_source
from aura_code.findings.loading import RuleSet, load_rules
from aura_code.syntax import SourceFile, parse_source
from aura_shared.text_files import as_utf8, is_binary

MOST_BYTES: Final = 1_000_000
_BATCH: Final = 64


class Report(NamedTuple):
    """What was found in some files."""

    findings: list[tuple[str, int, str, str]]
    """Path, line, rule, message."""
    files: int
    lines: int


def read_source(path: Path, shown: str) -> SourceFile | None:
    """A file parsed, when it is one that the index would read."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if len(data) > MOST_BYTES or is_binary(data):
        return None
    text = as_utf8(data)
    if why_skip(shown, text, text.count(b"\n") + 1, prose=False):
        return None
    return parse_source(shown, text)


def chosen_rules(wanted: list[str], *, off_too: bool) -> RuleSet:
    """The rules asked for; all that are on without any name."""
    rules = load_rules()
    if wanted:
        return rules.only(lambda rule: rule.id in wanted)
    return rules if off_too else rules.on()


def look_at(files: list[tuple[str, str]], wanted: list[str], *, off_too: bool, silenced: bool = False) -> Report:
    """What the rules report in some files, given as path on disk and path in the project."""
    rules = chosen_rules(wanted, off_too=off_too)
    report = Report([], 0, 0)
    for path, shown in files:
        source = read_source(Path(path), shown)
        if source is None:
            continue
        report = report._replace(files=report.files + 1, lines=report.lines + len(source.starts) - 1)
        for found in analyse_source(source, rules):
            if silenced or not found.suppressed:
                how = f" [{found.suppressed}]" if found.suppressed else ""
                report.findings.append((path, found.span.start_line, found.rule, found.message + how))
    return report


def files_below(place: Path) -> list[tuple[str, str]]:
    """The files of a folder, or the one file; path on disk and path in the project."""
    if place.is_file():
        return [(str(place), place.name)]
    return [(str(place / file.path), file.path) for file in list_files(place).files]


def main(arguments: list[str]) -> int:
    """Look at everything that the command line names; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m aura_code.findings.try_rules", description=__doc__)
    parser.add_argument("--rule", action="append", default=[], help="only this rule, on or off; may be repeated")
    parser.add_argument("--off-too", action="store_true", help="also rules that are off by default")
    parser.add_argument("--silenced", action="store_true", help="also findings that a comment silences")
    parser.add_argument("--count", action="store_true", help="only how many findings each rule has")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("paths", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    for problem in load_rules().problems:
        print(f"! {problem.reason}", file=sys.stderr)
    if unknown := [rule for rule in options.rule if rule not in load_rules()]:
        print(f"no such rule: {', '.join(unknown)}", file=sys.stderr)
        return 2
    begun = time.perf_counter()
    files = [file for place in options.paths for file in files_below(place)]
    batches = [files[first : first + _BATCH] for first in range(0, len(files), _BATCH)]
    work = partial(look_at, wanted=options.rule, off_too=options.off_too, silenced=options.silenced)
    counts: Counter[str] = Counter()
    read = lines = 0
    with ProcessPoolExecutor(max_workers=max(1, min(options.processes, len(batches)))) as pool:
        for report in pool.map(work, batches):
            read, lines = read + report.files, lines + report.lines
            for path, line, rule, message in report.findings:
                counts[rule] += 1
                if not options.count:
                    print(f"{path}:{line} {rule} {message}")
    for rule, count in counts.most_common():
        print(f"{count:6} {rule}", file=sys.stderr)
    seconds = time.perf_counter() - begun
    print(f"{counts.total()} findings, {read} files, {lines} lines, {seconds:.1f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
