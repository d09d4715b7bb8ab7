"""Secrets are taken out of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_shared import redaction
from aura_shared.redaction import MASK, forget_secret, know_secret, mask

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\nAAAA\n-----END OPENSSH PRIVATE KEY-----"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", redaction._Known())


@pytest.mark.requirement("L3")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abcdef0123456789", f"Authorization: Bearer {MASK}"),
        ("sent bearer abcdef0123456789 to it", f"sent bearer {MASK} to it"),
        ("key sk-proj-AbCdEf0123456789_xy failed", f"key {MASK} failed"),
        ("sk_live_0123456789abcdef", MASK),
        ("push with ghp_0123456789abcdefghijABCDEFGHIJ012345", f"push with {MASK}"),
        ("github_pat_11AAAAAAA0abcdefghijklmnop", MASK),
        ("glpat-0123456789abcdefghij", MASK),
        ("hf_abcdefghijklmnopqrstuv", MASK),
        ("xoxb-123456789012-abcdefghij", MASK),
        ("AKIAIOSFODNN7EXAMPLE in the environment", f"{MASK} in the environment"),
        ("AIzaSyA0123456789abcdefghijklmnopqrstuv", MASK),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def_ghi", MASK),
        (f"it read\n{KEY}\nand went on", f"it read\n{MASK}\nand went on"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow cut off", MASK),
        ("https://ada:hunter2secret@forge.example/x.git", f"https://{MASK}@forge.example/x.git"),
        ("redis://:pass@127.0.0.1:6379", f"redis://{MASK}@127.0.0.1:6379"),
        ('{"api_key": "0123456789abcdef"}', f'{{"api_key": "{MASK}"}}'),
        ("OPENAI_API_KEY=0123456789abcdef ran", f"OPENAI_API_KEY={MASK} ran"),
        ("password: correct-horse", f"password: {MASK}"),
    ],
)
def test_text_with_the_shape_of_a_secret_is_masked(text: str, expected: str) -> None:
    assert mask(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "model qwen2.5-coder:7b answered in 1.2 s",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "see https://docs.example/page@v2 and http://127.0.0.1:11434/api/chat",
        "sha256:9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0",
        "task-runner, risk-free, disk-0123456789abcdef",
        "tokens: 1234, first token after 0.5 s",
        "basic idea: bearer of news",
        "ada@example.org wrote to grace@example.org",
        "the secret is kept in the keyring",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert mask(text) == text


@pytest.mark.requirement("L3")
def test_known_values_are_masked_wherever_they_stand_also_in_urls() -> None:
    know_secret("pa/ss wo+rd?")
    know_secret("pa/ss wo+rd?longer")
    assert mask("a pa/ss wo+rd?longer b") == f"a {MASK} b"
    assert mask("x=pa%2Fss%20wo%2Brd%3F&y") == f"x={MASK}&y"
    assert mask("(pa/ss wo+rd?)") == f"({MASK})"
    forget_secret("pa/ss wo+rd?longer")
    assert mask("pa/ss wo+rd?longer") == f"{MASK}longer"


def test_values_that_are_too_short_are_not_masked() -> None:
    know_secret("the")
    assert mask("the end") == "the end"


@given(st.text(max_size=300))
def test_masking_never_fails_and_masks_nothing_twice(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@pytest.mark.timeout(30)  # A pattern that tries again from every character would take hours.
def test_masking_a_long_line_ends() -> None:
    texts = [
        "a" * 100_000,
        "-----BEGIN PRIVATE KEY-----" * 3000,
        "x://" * 20_000 + "@",
        "key=" * 20_000,
        "sk-" * 30_000,
    ]
    assert [len(mask(text)) > 0 for text in texts] == [True] * len(texts)
