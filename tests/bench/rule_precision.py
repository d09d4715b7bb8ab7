"""How often the rules are right on real code, from a sample that was read and judged by hand.

    python tests/bench/rule_precision.py FOLDER [--rule ID]... [--unjudged] [--table-only] [--unseen]

FOLDER holds work trees of the repositories of `rule_precision/repositories.json`, each in a folder of its name. The
rules that are on run over them; what they report is matched with the verdicts in `rule_precision/*.json` by
repository, path, rule and line. Prints a table of Markdown: findings, judged ones, precision without the debatable
ones, and the lowest precision that the sample allows (Wilson, 95 %). `--unjudged` lists what has no verdict yet;
`--table-only` counts from the verdicts alone, without any repository. `--unseen` takes the three repositories that no
rule was made with, whose verdicts (`unseen.json`) are of the rules before they were read.
"""

import argparse
import json
import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from aura_code.files import list_files
from aura_code.findings.checking import check_source
from aura_code.findings.loading import load_rules
from aura_code.findings.try_rules import read_source

HERE = Path(__file__).parent / "rule_precision"


class Place(NamedTuple):
    """Where a rule reported something."""

    repository: str
    path: str
    rule: str
    line: int


def verdicts(*, unseen: bool) -> dict[Place, str]:
    """What was judged: `right`, `wrong` or `debatable`."""
    judged: dict[Place, str] = {}
    for file in sorted(HERE.glob("*.json")):
        if file.name == "repositories.json" or (file.name == "unseen.json") != unseen:
            continue
        for repository, path, line, rule, verdict in json.loads(file.read_text(encoding="utf-8")):
            judged[Place(repository, path, rule, line)] = verdict
    return judged


def found(folder: Path, wanted: list[str], *, unseen: bool) -> Counter[Place]:
    """What the rules report in the repositories that are there."""
    rules = load_rules().on()
    if wanted:
        rules = load_rules().only(lambda rule: rule.id in wanted)
    places: Counter[Place] = Counter()
    for name, facts in json.loads((HERE / "repositories.json").read_text(encoding="utf-8")).items():
        if facts.get("unseen", False) != unseen:
            continue
        root = folder / name
        if not root.is_dir():
            print(f"{name} is not in {folder}: left out")
            continue
        for listed in list_files(root).files:
            file = read_source(root / listed.path, listed.path)
            if file is None:
                continue
            hits = check_source(file, rules)
            places.update(Place(name, listed.path, hit.rule.id, file.line_of(hit.start)) for hit in hits)
    return places


def lowest(right: int, judged: int) -> float:
    """The lower end of the 95 % interval of a share.

    Source:
        Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    if not judged:
        return 0.0
    z, share = 1.96, right / judged
    middle = share + z * z / (2 * judged)
    spread = z * math.sqrt(share * (1 - share) / judged + z * z / (4 * judged * judged))
    return (middle - spread) / (1 + z * z / judged)


def print_table(places: Counter[Place], judged: dict[Place, str]) -> None:
    """A row for each rule."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    seen: dict[str, set[str]] = defaultdict(set)
    for place, count in places.items():
        rows[place.rule]["findings"] += count
        seen[place.rule].add(place.repository)
        if place in judged:
            rows[place.rule][judged[place]] += 1
    print("| rule | repositories | findings | judged | right | wrong | debatable | precision | at least |")
    print("|---|---|---|---|---|---|---|---|---|")
    for rule, row in sorted(rows.items()):
        sure = row["right"] + row["wrong"]
        share = f"{row['right'] / sure:.0%}" if sure else ""
        least = f"{lowest(row['right'], sure):.0%}" if sure else ""
        print(
            f"| {rule} | {len(seen[rule])} | {row['findings']} | {sure + row['debatable']} | {row['right']} "
            f"| {row['wrong']} | {row['debatable']} | {share} | {least} |"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--rule", action="append", default=[])
    parser.add_argument("--unjudged", action="store_true")
    parser.add_argument("--table-only", action="store_true")
    parser.add_argument("--unseen", action="store_true")
    options = parser.parse_args()
    judged = verdicts(unseen=options.unseen)
    if options.table_only or options.folder is None:
        places = Counter(dict.fromkeys(judged, 1))
    else:
        places = found(options.folder, options.rule, unseen=options.unseen)
    print_table(places, judged)
    if options.unjudged:
        for place in sorted(set(places) - set(judged)):
            print(f"{place.repository}/{place.path}:{place.line} {place.rule}")


if __name__ == "__main__":
    main()
