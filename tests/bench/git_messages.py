"""How often a message made without a model says what the person wrote: type, scope and form, on real histories.

usage: python tests/bench/git_messages.py [--commits 60] [--learn 400] [--show 5] REPOSITORY...

Each of the newest conventional commits is predicted from older history only: what is learned ends at its parent.
Merges, bots, releases and dependency bumps are left out of both. `majority` says the commonest of the learned types,
`rules` needs no history. The grammar is checked with npm's `@commitlint/cli` and its config-conventional, installed
into a temporary folder; without npm that column is skipped with the reason.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aura_git.commits.contract import StagedChange
from aura_git.commits.features import features_of
from aura_git.commits.grammar import read_header
from aura_git.commits.habits import is_conventional
from aura_git.commits.history import PastCommit, is_ordinary, list_commits
from aura_git.commits.learning import Learned, learn
from aura_git.commits.rules import rate_types
from aura_git.commits.suggesting import files_of, format_message, lint_message, read_commit, suggest, ungrounded
from aura_git.repository import Repository, open_repository

FOLDED = {"build", "chore", "ci", "style", "types"}
"""Types that a second count takes for one: people use them for one another."""
WARM_REPEATS = 3


@dataclass
class Tally:
    """What was counted in one repository, or in all of them."""

    name: str
    counts: Counter[str] = field(default_factory=Counter[str])
    pairs: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Type of the person, type that was suggested."""
    warm: list[float] = field(default_factory=list[float])
    cold: list[float] = field(default_factory=list[float])
    messages: list[str] = field(default_factory=list[str])
    types: set[str] = field(default_factory=set[str])
    human: list[str] = field(default_factory=list[str])
    """Whole messages of people, as they are in the history."""
    conventional: float = 0.0
    """Share of the learned messages that are conventional."""

    def take(self, other: Tally) -> None:
        """Add what was counted elsewhere."""
        self.counts += other.counts
        self.pairs += other.pairs
        self.warm += other.warm
        self.cold += other.cold
        self.messages += other.messages
        self.types |= other.types

    def share(self, what: str, of: str = "all") -> str:
        """In percent."""
        return f"{100 * self.counts[what] / self.counts[of]:.1f}" if self.counts[of] else "-"


def fold(name: str) -> str:
    """A type with those of its kind."""
    return "chore" if name in FOLDED else name


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """Mean over the types that people used, of the harmonic mean of precision and recall; in percent."""
    scores: list[float] = []
    for name in {human for human, _ in pairs}:
        right = sum(human == made == name for human, made in pairs)
        wrong = sum((human == name) != (made == name) for human, made in pairs)
        scores.append(2 * right / (2 * right + wrong) if right else 0.0)
    return 100 * sum(scores) / len(scores) if scores else 0.0


def words(text: str) -> set[str]:
    """Content words, roughly: what is longer than three letters."""
    return {word for word in "".join(c if c.isalnum() else " " for c in text.lower()).split() if len(word) > 3}


def judge(tally: Tally, commit: PastCommit, change: StagedChange, learned: Learned) -> None:
    """Count what one suggestion got right."""
    human = read_header(commit.subject)
    wanted = human.type.lower()
    started = time.perf_counter()
    made = suggest(learned, change)
    tally.warm.append(time.perf_counter() - started)
    guesses = [one.value.lower() for one in made.types]
    files = files_of(change)
    rules = rate_types(files, features_of(files))
    majority = Counter(one.commit.header.type.lower() for one in learned.lessons).most_common(1)
    text = format_message(made.message, learned.habits)
    header = text.split("\n")[0]
    best = made.types[0]
    shared = len(words(made.message.description) & words(human.description))
    tally.counts.update(
        {
            "all": 1,
            "type": guesses[0] == wanted,
            "top2": wanted in guesses[:2],
            "folded": fold(guesses[0]) == fold(wanted),
            "rules": max(rules, key=lambda name: rules[name]) == wanted,
            "majority": bool(majority) and majority[0][0] == wanted,
            "scope": made.message.scope == human.scope,
            "given": bool(human.scope),
            "scope given": bool(human.scope) and made.message.scope == human.scope,
            "none": not human.scope,
            "scope none": not human.scope and not made.message.scope,
            "short": len(header) <= 72,
            "own lint": not [one for one in lint_message(text, learned.habits) if one.level == "error"],
            "grounded": not ungrounded(text, change),
            "sure": best.confidence >= 0.8,
            "sure right": best.confidence >= 0.8 and guesses[0] == wanted,
            "unsure": best.confidence < 0.5,
            "unsure right": best.confidence < 0.5 and guesses[0] == wanted,
            "human words": len(words(human.description)),
            "shared words": shared,
        }
    )
    tally.pairs.append((wanted, guesses[0]))
    tally.messages.append(text)


def measure(repository: Repository, name: str, commits: int, history: int, show: int) -> Tally:
    """Predict the newest conventional commits of a repository, oldest first, so that learning goes on from each."""
    tally = Tally(name)
    listed = list_commits(repository, most=12 * (commits + history))
    tally.human = [one.message for one in listed[:history]]
    chosen = [one for one in listed if is_ordinary(one) and is_conventional(one.header)][:commits]
    learned: Learned | None = None
    for commit in reversed(chosen):
        parent = repository.git.find_commit(f"{commit.hash}^")
        if parent is None:
            continue
        learned = learn(repository, commits=history, known=learned, start=parent)
        change = read_commit(repository, commit.hash)
        judge(tally, commit, change, learned)
        if len(tally.messages) > len(chosen) - show:
            print(f"    person: {commit.subject}\n    made:   {tally.messages[-1].splitlines()[0]}")
    if learned is not None and chosen:
        tally.conventional = learned.habits.conventional
        tally.types = {one.lower() for one in learned.habits.types}
        started = time.perf_counter()
        suggest(learn(repository, commits=history), read_commit(repository, chosen[0].hash))
        tally.cold.append(time.perf_counter() - started)
    return tally


def check_grammar(messages: Sequence[str], folder: Path, types: Sequence[str]) -> tuple[int, Counter[str]]:
    """How many messages commitlint turns down, and by which rules.

    The messages become the commits of a new repository, so that one run of the tool reads them all.
    """
    target = folder / f"linted-{len(list(folder.iterdir()))}"
    subprocess.run(["git", "init", "--quiet", str(target)], check=True)
    who = "committer Bench <bench@localhost> 1700000000 +0000\n"
    stream = "".join(
        f"commit refs/heads/bench\n{who}data {len(text.encode())}\n{text}\n" for text in ["chore: start", *messages]
    )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=target, input=stream.encode(), check=True)
    config = {"extends": ["@commitlint/config-conventional"]}
    if types:
        config["rules"] = {"type-enum": [2, "always", sorted(types)], "subject-case": [0]}  # pyright: ignore[reportArgumentType]
    (folder / "commitlint.config.json").write_text(json.dumps(config), encoding="utf-8")
    tool = folder / "node_modules" / ".bin" / "commitlint"
    how = ["--config", str(folder / "commitlint.config.json"), "--cwd", str(target)]
    ran = subprocess.run(
        [str(tool), *how, "--from", "bench~" + str(len(messages)), "--to", "bench", "--color=false"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode not in {0, 1} or (ran.returncode and "problems" not in ran.stdout):
        raise OSError(f"commitlint ended with {ran.returncode}: {(ran.stderr or ran.stdout)[-300:]}")
    failed = [block for block in ran.stdout.split("⧗")[1:] if "✖   " in block and "[" in block]
    rules = Counter(
        line.rsplit("[", 1)[1].rstrip("]")
        for block in failed
        for line in block.splitlines()
        if line.startswith("✖   ") and line.endswith("]")
    )
    return len([block for block in failed if any(rule in block for rule in rules)]), rules


_SCRIPT = """
import load from '@commitlint/load'; import lint from '@commitlint/lint'; import fs from 'fs';
const config = await load({extends: ['@commitlint/config-conventional']});
const options = config.parserPreset ? {parserOpts: config.parserPreset.parserOpts} : {};
const found = [];
for (const text of JSON.parse(fs.readFileSync('messages.json', 'utf8'))) {
  const said = await lint(text, config.rules, options);
  found.push([...said.errors, ...said.warnings].map((one) => one.name));
}
fs.writeFileSync('verdicts.json', JSON.stringify(found));
"""


def compare_checks(messages: Sequence[str], folder: Path) -> tuple[int, Counter[str]]:
    """On how many messages the own checks and commitlint name the same rules; and how the others differ."""
    (folder / "compare.mjs").write_text(_SCRIPT, encoding="utf-8")
    (folder / "messages.json").write_text(json.dumps(messages), encoding="utf-8")
    subprocess.run(["node", "compare.mjs"], cwd=folder, check=True, capture_output=True, timeout=300)
    verdicts: list[list[str]] = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    same = 0
    differing: Counter[str] = Counter()
    for text, theirs in zip(messages, verdicts, strict=True):
        own = {one.rule for one in lint_message(text, comment="")}
        same += own == set(theirs)
        if own != set(theirs):
            differing[f"only theirs {sorted(set(theirs) - own)}, only ours {sorted(own - set(theirs))}"] += 1
    return same, differing


def print_grammar(tallies: Sequence[Tally]) -> None:
    """The verdict of commitlint on all messages, as they are and with each repository's own types."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", "@commitlint/cli", "@commitlint/config-conventional"],
                cwd=folder,
                check=True,
                capture_output=True,
                timeout=300,
            )
            messages = [text for one in tallies for text in one.messages]
            failed, rules = check_grammar(messages, folder, [])
            print(f"commitlint, config-conventional: {len(messages) - failed} of {len(messages)} pass {dict(rules)}")
            passed = 0
            for one in tallies:
                passed += len(one.messages) - check_grammar(one.messages, folder, sorted(one.types))[0]
            print(f"commitlint, types and case of the repository: {passed} of {len(messages)} pass")
            human = [text for one in tallies for text in one.human]
            same, differing = compare_checks(human, folder)
            print(f"own checks and commitlint agree on {same} of {len(human)} messages of people: {dict(differing)}")
        except (OSError, subprocess.SubprocessError) as error:
            print(f"commitlint: skipped, {error}")


def row(tally: Tally) -> str:
    """A line of the table."""
    warm = sorted(tally.warm)
    parts = [
        f"{tally.name[:30]:30}",
        f"{tally.counts['all']:4}",
        f"{100 * tally.conventional:6.0f}" if tally.conventional else "      ",
        *(f"{tally.share(what):>6}" for what in ("majority", "rules", "type", "top2", "folded")),
        f"{macro_f1(tally.pairs):6.1f}",
        *(f"{tally.share(what):>6}" for what in ("scope",)),
        f"{tally.share('scope given', 'given'):>6}",
        f"{tally.share('scope none', 'none'):>6}",
        *(f"{tally.share(what):>6}" for what in ("short", "own lint", "grounded")),
        f"{tally.share('shared words', 'human words'):>6}",
        f"{1000 * warm[len(warm) // 2]:6.0f} {1000 * warm[int(len(warm) * 0.95)]:6.0f}" if warm else "",
        f"{max(tally.cold, default=0):6.2f}",
    ]
    return " ".join(parts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=60)
    parser.add_argument("--learn", type=int, default=400)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--no-commitlint", action="store_true")
    parser.add_argument("repositories", nargs="+", type=Path)
    options = parser.parse_args()
    heads = "n conv major rules type top2 folded F1 scope given none <=72 lint ground words p50ms p95ms cold_s"
    print(f"{'repository':30} " + " ".join(f"{one:>{4 if one == 'n' else 6}}" for one in heads.split()), flush=True)
    tallies: list[Tally] = []
    for folder in options.repositories:
        name = folder.resolve().name if folder.resolve().name != "repo" else folder.resolve().parent.name
        tallies.append(measure(open_repository(folder), name, options.commits, options.learn, options.show))
        print(row(tallies[-1]), flush=True)
    together = Tally("all")
    for one in tallies:
        together.take(one)
    print(row(together))
    sure, unsure = together.share("sure"), together.share("unsure")
    print(f"confidence >= 0.8: {sure} % of commits, {together.share('sure right', 'sure')} % right")
    print(f"confidence < 0.5: {unsure} % of commits, {together.share('unsure right', 'unsure')} % right")
    if not options.no_commitlint:
        print_grammar(tallies)


if __name__ == "__main__":
    main()
