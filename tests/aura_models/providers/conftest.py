"""One real llama.cpp a test run, since it is the same for every test that asks it."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tiny_model import tiny_server


@pytest.fixture(scope="session")
def llamacpp(tmp_path_factory: pytest.TempPathFactory) -> Generator[str, None, None]:
    """The address of a llama.cpp with one slot."""
    with tiny_server(tmp_path_factory.mktemp("llamacpp")) as url:
        yield url


@pytest.fixture(scope="session")
def llamacpp_vectors(tmp_path_factory: pytest.TempPathFactory) -> Generator[str, None, None]:
    """The address of a llama.cpp that makes vectors, with two slots of half its context each."""
    folder: Path = tmp_path_factory.mktemp("llamacpp-vectors")
    with tiny_server(folder, embedding=True, parallel=2) as url:
        yield url
