"""How fast the rules run over a folder, and over one edited file.

    python tests/bench/findings_speed.py FOLDER [--off-too] [--edits 20] [--slowest 12]

Prints lines, CPU seconds for parsing and for rules per 100,000 lines, peak memory of the one process, the rules that
take most of the time, and how long one file of 1,000 to 3,000 lines takes from its bytes to its findings.
"""

import argparse
import resource
import statistics
import time
from pathlib import Path

from aura_code.decoding import why_skip
from aura_code.files import list_files
from aura_code.findings.analysis import analyse_source
from aura_code.findings.checking import check_source
from aura_code.findings.loading import RuleSet, load_rules
from aura_code.syntax import SourceFile, parse_source
from aura_shared.text_files import as_utf8, is_binary


def sources(root: Path) -> list[tuple[str, bytes]]:
    """The files of a folder that the index would read."""
    found: list[tuple[str, bytes]] = []
    for file in list_files(root).files:
        if file.size > 1_000_000:
            continue
        data = (root / file.path).read_bytes()
        if is_binary(data):
            continue
        text = as_utf8(data)
        if not why_skip(file.path, text, text.count(b"\n") + 1, prose=False):
            found.append((file.path, text))
    return found


def slowest(files: list[SourceFile], rules: RuleSet, most: int) -> None:
    """Print the rules that take most of the time when each runs alone over some files."""
    spent: list[tuple[float, str]] = []
    for rule in rules:
        alone = RuleSet([rule])
        begun = time.thread_time()
        for file in files:
            check_source(file, alone)
        spent.append((time.thread_time() - begun, rule.id))
    lines = sum(len(file.starts) - 1 for file in files)
    print(f"slowest rules, alone, over {lines:,} lines:")
    for seconds, name in sorted(spent, reverse=True)[:most]:
        print(f"  {seconds / max(1, lines) * 1e5:6.2f} CPU-s per 100k lines  {name}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--off-too", action="store_true")
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--slowest", type=int, default=12)
    options = parser.parse_args()
    rules = load_rules() if options.off_too else load_rules().on()
    lines = findings = 0
    parsing = checking = 0.0
    sample: list[SourceFile] = []
    medium: list[tuple[str, bytes]] = []
    begun = time.perf_counter()
    for path, text in sources(options.folder):
        start = time.thread_time()
        file = parse_source(path, text)
        parsed = time.thread_time()
        if file is None:
            continue
        findings += len(analyse_source(file, rules))
        parsing += parsed - start
        checking += time.thread_time() - parsed
        count = len(file.starts) - 1
        lines += count
        if len(sample) < 200 and count < 5000:
            sample.append(file)
        if 1000 <= count <= 3000:
            medium.append((path, text))
    wall = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    share = 1e5 / max(1, lines)
    print(f"{len(rules)} rules, {lines:,} lines, {findings:,} findings, {wall:.1f} s, peak {peak:.0f} MB")
    print(f"per 100k lines: parsing {parsing * share:.2f}, rules {checking * share:.2f} CPU-s")
    times: list[float] = []
    for path, text in medium[: options.edits]:
        start = time.perf_counter()
        file = parse_source(path, text + b"\n")
        if file is not None:
            analyse_source(file, rules)
        times.append((time.perf_counter() - start) * 1000)
    if times:
        print(
            f"one edited file of 1,000 to 3,000 lines: median {statistics.median(times):.0f}, most {max(times):.0f} ms"
        )
    if options.slowest:
        slowest(sample, rules, options.slowest)


if __name__ == "__main__":
    main()
