import json
import math
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from bench.engines import EngineError, started
from bench.labels import QuerySet, Target, read_query_sets
from bench.scoring import Hit, percentile, score_answer


def hits(*paths: str) -> list[Hit]:
    """One hit of ten lines in each of these files."""
    return [Hit(path, 11, 20, 1.0) for path in paths]


@pytest.mark.parametrize(
    ("found", "wanted", "ndcg"),
    [
        pytest.param(["a"], ["a"], 1.0, id="the only target first"),
        pytest.param(["x", "a"], ["a"], 1 / math.log2(3), id="the only target second"),
        pytest.param(["x", "y"], ["a"], 0.0, id="not found"),
        pytest.param([], ["a"], 0.0, id="nothing returned"),
        pytest.param(["a", "b"], ["b", "a"], 1.0, id="two targets in any order"),
        pytest.param(["a", "a", "b"], ["a", "b"], 1.5 / (1 + 1 / math.log2(3)), id="a second chunk wastes its place"),
        pytest.param(["x"] * 10 + ["a"], ["a"], 0.0, id="the eleventh does not count"),
        pytest.param(["a"], ["a", "a"], 1.0, id="two targets in one file are one file"),
    ],
)
def test_gain_is_binary_and_by_file(found: list[str], wanted: list[str], ndcg: float) -> None:
    score = score_answer(hits(*found), [Target(path=path) for path in wanted])
    assert score.ndcg == pytest.approx(ndcg)


def test_recall_is_the_share_of_target_files_and_lines_are_all_that_came_back() -> None:
    score = score_answer(hits("a", "a", "x"), [Target(path="a"), Target(path="b")])
    assert (score.recall, score.lines, score.span_hit) == (0.5, 30, None)


@pytest.mark.parametrize(
    ("start", "end", "expected"), [(1, 10, False), (1, 11, True), (20, 25, True), (21, 25, False), (14, 15, True)]
)
def test_a_span_is_hit_when_a_line_of_it_comes_back(start: int, end: int, expected: bool) -> None:
    score = score_answer(hits("a"), [Target(path="a", start=start, end=end), Target(path="b", start=1, end=99)])
    assert score.span_hit is expected


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(1, 21)]
    assert [percentile(values, share) for share in (0.5, 0.95, 1.0)] == [10.0, 19.0, 20.0]
    assert percentile([], 0.5) is None


def test_labels_are_read_by_name_and_a_wrong_kind_is_refused(tmp_path: Path) -> None:
    labels = {
        "repository": "o/n",
        "commit": "c",
        "language": "go",
        "queries": [{"id": "1", "kind": "natural", "query": "q", "targets": [{"path": "a.go"}]}],
    }
    (tmp_path / "n.json").write_text(json.dumps(labels), encoding="utf-8")
    assert read_query_sets(tmp_path, only=frozenset({"other"})) == {}
    assert read_query_sets(tmp_path) == {"n": QuerySet.model_validate(labels)}
    (tmp_path / "n.json").write_text(json.dumps(labels).replace("natural", "vague"), encoding="utf-8")
    with pytest.raises(ValidationError):
        read_query_sets(tmp_path)


def test_an_engine_that_is_not_installed_says_so(tmp_path: Path) -> None:
    missing = {"RIPGREP": str(tmp_path / "rg")}
    with (
        started("ripgrep", sys.executable, environment=missing) as (engine, directory),
        pytest.raises(EngineError, match="FileNotFoundError"),
    ):
        engine.build(tmp_path, directory, workers=1)


def test_an_engine_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    slow = tmp_path / "rg"
    slow.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    slow.chmod(0o755)
    with (
        started("ripgrep", sys.executable, environment={"RIPGREP": str(slow)}, timeout_s=1) as (engine, directory),
        pytest.raises(EngineError, match="took over 1 s"),
    ):
        engine.build(tmp_path, directory, workers=1)
