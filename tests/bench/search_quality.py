"""Measure how well, and at what cost, search engines answer labelled questions about repositories.

    python tests/bench/search_quality.py --queries tests/bench/queries --repos DIR --engine aura --ablate

Every engine meets every repository in a process of its own. Nothing here asserts: the figures are for reading, and for
comparing with `--json` files of earlier runs.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the tests folder, as pytest has it

from bench.engines import ENGINES, EngineError, EngineProcess, started
from bench.labels import KINDS, Query, QuerySet, read_query_sets
from bench.scoring import TOP, Hit, Score, mean, percentile, score_answer, standard_error

OWN_ENGINE = "aura"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one engine made of one question."""

    repository: str
    language: str
    kind: str
    id: str
    score: Score
    ms: float
    """Median of the repetitions."""
    hits: tuple[Hit, ...]

    @property
    def key(self) -> tuple[str, str]:
        """Names the question across engines."""
        return self.repository, self.id


@dataclass(frozen=True, slots=True)
class Cost:
    """What one engine took for one repository."""

    repository: str
    chunks: int
    wall_s: float
    cpu_s: float
    peak_bytes: int


@dataclass(slots=True)
class Run:
    """All that one engine did."""

    engine: str
    answers: list[Answer] = field(default_factory=list[Answer])
    costs: list[Cost] = field(default_factory=list[Cost])
    ablated: dict[str, list[Answer]] = field(default_factory=dict[str, list[Answer]])
    """The answers without one part of the ranking, by the part left out."""


@dataclass(frozen=True, slots=True)
class Options:
    """The command line."""

    queries: Path
    repos: Path
    engines: tuple[str, ...]
    only: frozenset[str]
    peer_python: str
    ripgrep: str
    workers: int
    repeats: int
    timeout_s: float
    whole: bool
    ablate: bool
    json: Path | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the engines, print the tables; 1 if there was nothing to measure."""
    options = parse(arguments)
    sets = read_query_sets(options.queries, only=options.only)
    missing = sorted(name for name in sets if not (options.repos / name).is_dir())
    sets = {name: labels for name, labels in sets.items() if name not in missing}
    for note in [f"{name}: no such folder" for name in missing] + stale_checkouts(sets, options.repos):
        print(f"note: {note}", file=sys.stderr)
    runs = [run for run in (measure(engine, sets, options) for engine in options.engines) if run.answers]
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n", encoding="utf-8")
    report(runs)
    return 0 if runs else 1


def parse(arguments: Sequence[str] | None) -> Options:
    """The command line as values."""
    parser = argparse.ArgumentParser(description="Measure search engines on labelled questions.")
    parser.add_argument("--queries", type=Path, required=True, help="folder of <name>.json label files")
    parser.add_argument("--repos", type=Path, required=True, help="folder in which each checkout lies as <name>")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="repeatable; aura by default")
    parser.add_argument("--repository", action="append", help="only this name (repeatable)")
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter that has the other engines")
    parser.add_argument("--ripgrep", default="rg", help="path of the ripgrep binary")
    parser.add_argument("--workers", type=int, default=2, help="processes an engine may index with")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each query; the median is reported")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one index or one query")
    parser.add_argument("--whole", action="store_true", help="index whole checkouts, whatever root the labels name")
    parser.add_argument("--ablate", action="store_true", help="also leave out each part of aura's ranking in turn")
    parser.add_argument("--json", type=Path, help="write every answer to this file")
    given = parser.parse_args(arguments)
    return Options(
        queries=given.queries,
        repos=given.repos.resolve(),
        engines=tuple(dict.fromkeys(given.engine or [OWN_ENGINE])),
        only=frozenset(cast("list[str]", given.repository or [])),
        peer_python=given.peer_python,
        ripgrep=given.ripgrep,
        workers=given.workers,
        repeats=given.repeats,
        timeout_s=given.timeout,
        whole=given.whole,
        ablate=given.ablate,
        json=given.json,
    )


def stale_checkouts(sets: dict[str, QuerySet], repos: Path) -> list[str]:
    """A sentence for each checkout that is not at the commit its labels speak of."""
    notes: list[str] = []
    for name, labels in sets.items():
        command = ["git", "-C", str(repos / name), "rev-parse", "HEAD"]
        head = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        if head != labels.commit:
            notes.append(f"{name}: labelled at {labels.commit[:12]}, but the checkout is at {head[:12] or 'no commit'}")
    return notes


def measure(engine: str, sets: dict[str, QuerySet], options: Options) -> Run:
    """Ask one engine every question; a repository it fails on is reported and left out."""
    run = Run(engine)
    for name, labels in sets.items():
        print(f"{engine}: {name} ...", file=sys.stderr)
        try:
            measure_repository(run, name, labels, options)
        except EngineError as error:
            print(f"note: {name}: {error}", file=sys.stderr)
    return run


def measure_repository(run: Run, name: str, labels: QuerySet, options: Options) -> None:
    """Index one repository, ask everything about it, and add the outcome to the run."""
    interpreter = sys.executable if run.engine == OWN_ENGINE else options.peer_python
    below = "" if options.whole else labels.root
    environment = {"RIPGREP": options.ripgrep}
    with started(run.engine, interpreter, environment=environment, timeout_s=options.timeout_s) as (engine, directory):
        built = engine.build(options.repos / name / below, directory, options.workers)

        def ask(query: Query, *, without: tuple[str, ...] = (), repeats: int = 1) -> Answer:
            answered = engine.search(query.query, limit=TOP, without=without, repeats=repeats, below=below)
            return Answer(
                repository=name,
                language=labels.language,
                kind=query.kind,
                id=query.id,
                score=score_answer(answered.hits, query.targets),
                ms=percentile(answered.ms, 0.5) or 0.0,
                hits=answered.hits,
            )

        answers = [ask(query, repeats=options.repeats) for query in labels.queries]
        peak_bytes = engine.peak_bytes
        ablated = {
            part: [ask(query, without=(part,)) for query in labels.queries] for part in wanted_parts(engine, options)
        }
    run.answers += answers
    run.costs.append(Cost(name, built.chunks, built.wall_s, built.cpu_s, peak_bytes))
    for part, worse in ablated.items():
        run.ablated.setdefault(part, []).extend(worse)


def wanted_parts(engine: EngineProcess, options: Options) -> tuple[str, ...]:
    """The parts of the ranking to leave out in turn."""
    return engine.ranking_parts() if options.ablate and engine.name == OWN_ENGINE else ()


def report(runs: list[Run]) -> None:
    """Print every table."""
    if not runs:
        print("nothing measured")
        return
    show("Quality (NDCG@10 overall and by kind)", ["engine", "queries", *quality_columns()], [quality(r) for r in runs])
    show("Cost (sums over repositories; memory is the largest)", ["engine", *cost_columns()], [cost(r) for r in runs])
    if len(runs) > 1:
        rows = [paired(run.engine, run.answers, runs[0].answers) for run in runs[1:]]
        show(f"Difference to {runs[0].engine} on the same questions", ["engine", "queries", "NDCG", "se"], rows)
    show_grouped("NDCG@10 by language", runs, lambda answer: answer.language)
    show_grouped("NDCG@10 by repository", runs, lambda answer: answer.repository)
    for run in runs:
        if run.ablated:
            rows = [ablation_row(part, answers, run.answers) for part, answers in run.ablated.items()]
            title = f"{run.engine}: NDCG@10 lost without a part of the ranking"
            show(title, ["without", "overall", "se", *KINDS], sorted(rows, key=lambda row: float(row[1]), reverse=True))


def quality_columns() -> list[str]:
    """The heading of what `quality` returns after engine and number."""
    return ["NDCG", "se", *KINDS, f"recall@{TOP}", "span hit", "lines"]


def quality(run: Run) -> list[str]:
    """One engine's row of the first table."""
    answers = run.answers
    kinds = [ndcg([answer for answer in answers if answer.kind == kind]) for kind in KINDS]
    spans = [float(answer.score.span_hit) for answer in answers if answer.score.span_hit is not None]
    return [
        run.engine,
        str(len(answers)),
        number(ndcg(answers)),
        number(standard_error([answer.score.ndcg for answer in answers])),
        *(number(kind) for kind in kinds),
        number(mean([answer.score.recall for answer in answers])),
        f"{number(mean(spans))} ({len(spans)})",
        number(mean([answer.score.lines for answer in answers]), 0),
    ]


def cost_columns() -> list[str]:
    """The heading of what `cost` returns after the engine."""
    return ["repositories", "chunks", "index s", "index CPU s", "peak MB", "query p50 ms", "query p95 ms"]


def cost(run: Run) -> list[str]:
    """One engine's row of the second table."""
    times = [answer.ms for answer in run.answers]
    return [
        run.engine,
        str(len(run.costs)),
        str(sum(cost.chunks for cost in run.costs) or "-"),  # Aura's library does not tell
        number(sum(cost.wall_s for cost in run.costs), 2),
        number(sum(cost.cpu_s for cost in run.costs), 2),
        number(max(cost.peak_bytes for cost in run.costs) / 1e6, 0),
        number(percentile(times, 0.5), 1),
        number(percentile(times, 0.95), 1),
    ]


def paired(label: str, answers: Sequence[Answer], reference: Sequence[Answer]) -> list[str]:
    """By how much these answers are better than the reference, over the questions that both have."""
    differences = gains_over(answers, reference)
    return [label, str(len(differences)), signed(mean(differences)), number(standard_error(differences))]


def gains_over(answers: Sequence[Answer], reference: Sequence[Answer]) -> list[float]:
    """The NDCG gained over the reference, question by question."""
    known = {answer.key: answer.score.ndcg for answer in reference}
    return [answer.score.ndcg - known[answer.key] for answer in answers if answer.key in known]


def ablation_row(part: str, answers: Sequence[Answer], reference: Sequence[Answer]) -> list[str]:
    """What the ranking loses without one part; a positive figure says that the part helps."""
    losses = [-gain for gain in gains_over(answers, reference)]
    kinds = [[-gain for gain in gains_over([a for a in answers if a.kind == kind], reference)] for kind in KINDS]
    return [part, signed(mean(losses)), number(standard_error(losses)), *(signed(mean(kind)) for kind in kinds)]


def ndcg(answers: Sequence[Answer]) -> float | None:
    """Their mean NDCG; None of nothing."""
    return mean([answer.score.ndcg for answer in answers])


def show_grouped(title: str, runs: list[Run], group: Callable[[Answer], str]) -> None:
    """Print one row per group and one column per engine."""
    rows: list[list[str]] = []
    for name in sorted({group(answer) for run in runs for answer in run.answers}):
        columns = [[answer for answer in run.answers if group(answer) == name] for run in runs]
        rows.append([name, str(max(map(len, columns))), *(number(ndcg(column)) for column in columns)])
    show(title, ["", "queries", *(run.engine for run in runs)], rows)


def show(title: str, heading: list[str], rows: Sequence[list[str]]) -> None:
    """Print a table."""
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(len(heading))]
    print(f"\n{title}")
    for row in [heading, ["-" * width for width in widths], *rows]:
        first, *others = row
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        print("  ".join(cells).rstrip())


def number(value: float | None, places: int = 3) -> str:
    """A figure for a table; a dash for none."""
    return "-" if value is None else f"{value:.{places}f}"


def signed(value: float | None) -> str:
    """A difference for a table."""
    return "-" if value is None else f"{value:+.3f}"


if __name__ == "__main__":
    sys.exit(main())
