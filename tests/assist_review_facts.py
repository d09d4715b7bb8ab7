"""What the code service says of a change, for tests of reviews."""

from __future__ import annotations

from aura_shared.messages.review import (
    ApiChange,
    ReviewedFile,
    ReviewFacts,
    ReviewFinding,
    ReviewRisk,
    UntestedChange,
)

DIFF = """\
diff --git a/shop/prices.py b/shop/prices.py
--- a/shop/prices.py
+++ b/shop/prices.py
@@ -11,3 +11,3 @@
-def parse_price(text: str) -> Price:
+def read_price(text: str, *, sign: str = "") -> Price:
     whole, _, part = text.partition('.')
diff --git a/dist/app.min.js b/dist/app.min.js
--- a/dist/app.min.js
+++ b/dist/app.min.js
@@ -1 +1 @@
-x
+minified_thing
"""
FACTS = ReviewFacts(
    base="main", head="feature", title="feat: prices with a sign", commits=["feat: prices with a sign"],
    files=[
        ReviewedFile(path="shop/prices.py", kind="modified", language="python", added=1, removed=1,
                     symbols=["read_price"]),
        ReviewedFile(path="dist/app.min.js", kind="modified", generated=True, added=1, removed=1),
        ReviewedFile(path="tests/test_new.py", old_path="tests/test_old.py", kind="renamed", is_test=True),
    ],
    findings=[
        ReviewFinding(rule="unchecked-parse", level="warning", path="shop/prices.py", line=13, end_line=13,
                      message="`int` may fail.", why="It ends the\nrequest.", fix="-a\n+b", fingerprint="f" * 32)
    ],
    resolved=2,
    api=[
        ApiChange(symbol="parse_price", path="shop/prices.py", line=11, kind="removed", breaking=True,
                  detail="parse_price(text) is gone", users=3, users_left=["shop/cart.py:9"]),
        ApiChange(symbol="read_price", path="shop/prices.py", line=11, kind="added", breaking=False, detail="new"),
    ],
    untested=[UntestedChange(symbol="read_price", path="shop/prices.py", line=11, reason="No test reaches it.",
                             suggestion="tests/test_prices.py, with a comma.")],
    tests=[f"tests/test_cart.py::test_{number}" for number in range(20)],
    impact_files=2,
    risk=ReviewRisk(level="medium", score=0.51, factors=["3 places use what is gone"]),
    questions=["shop/prices.py:11: what about its 3 users?"],
    diff=DIFF,
)  # fmt: skip
