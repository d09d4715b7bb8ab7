"""The process of the git service writes as the person's own git would."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from aura_git.__main__ import take_umask
from aura_shared.processes import UMASK_VARIABLE


@pytest.fixture
def private() -> Iterator[int]:
    """The umask of a detached daemon."""
    before = os.umask(0o077)
    yield 0o077
    os.umask(before)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@pytest.mark.requirement("G3", "P9")
@pytest.mark.parametrize(("value", "mask"), [("22", 0o022), ("002", 0o002), ("", 0o077), ("8", 0o077), ("7777", 0o077)])
def test_git_writes_with_the_umask_of_the_persons_shell(
    monkeypatch: pytest.MonkeyPatch, private: int, value: str, mask: int
) -> None:
    assert private
    monkeypatch.setenv(UMASK_VARIABLE, value)
    take_umask()
    assert _umask() == mask
