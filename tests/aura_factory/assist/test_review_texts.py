"""Parts of reviews: diffs by file, an empty log, and whatever a model may answer."""

from __future__ import annotations

import json
from typing import Any

from fluidattacks_core.sarif import SarifLog
from hypothesis import given
from hypothesis import strategies as st

from assist_review_facts import DIFF
from aura_factory.assist.review_texts import Review, as_markdown
from aura_factory.assist.reviewing import ground, split_diff
from aura_factory.assist.sarif import as_sarif
from aura_shared.messages.models import Completion
from aura_shared.messages.review import ReviewFacts


def test_an_empty_sarif_log_is_still_one() -> None:
    log: dict[str, Any] = json.loads(as_sarif(Review(ReviewFacts(), "")))
    SarifLog.model_validate(log)
    assert log["runs"][0]["results"] == []


def test_commits_are_written_short() -> None:
    text = as_markdown(Review(ReviewFacts(base="a" * 40, head="index"), "Nothing."))
    assert f"{'a' * 12}..index" in text
    assert "a" * 13 not in text


def test_a_diff_is_split_by_file() -> None:
    assert [path for path, _ in split_diff(DIFF)] == ["shop/prices.py", "dist/app.min.js"]
    assert "".join(f"{part}\n" for _, part in split_diff(DIFF)) == DIFF
    deleted = "diff --git a/old.py b/old.py\ndeleted file mode 100644\n--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
    assert [path for path, _ in split_diff(deleted)] == ["old.py"]
    assert [path for path, _ in split_diff("--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n")] == ["x.py"]
    assert split_diff("") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)


@given(JSON)
def test_whatever_a_model_answers_is_read_without_an_error(data: object) -> None:
    completion = Completion.model_validate({"call": "c", "text": "", "data": {"summary": data, "questions": data}})
    grounded = ground(completion, ["some code"])
    assert len(grounded.questions) <= 5
