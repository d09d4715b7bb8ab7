"""Asks the worker for neighbours in meaning; starts it when it is needed, and again when it has ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final, cast

from aura_code.reading import receive, send
from aura_shared.errors import RequestTimeout, SemanticExtraMissing, ServiceDown, error_from
from aura_shared.messages.similar import FindNeighbours, NeighboursAnswer, SimilarPlace

IDLE_S: Final = 300.0
"""Without a question for so long the worker ends, and the memory of its libraries with it."""
ANSWER_S: Final = 120.0
"""Importing alone takes seconds, the first analysis of a large project longer, a busy machine several times that."""
LSA_PACKAGES: Final = ("faiss", "sklearn")
MODEL_PACKAGES: Final = (*LSA_PACKAGES, "sentence_transformers", "torch")
_STOP_S: Final = 5.0
_DROPPED_VARIABLES: Final = ("AURA_READY_FD", "AURA_DEATH_FD")
_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""One thread, and no network."""


def require_extra(packages: Sequence[str]) -> None:
    """Make sure that packages of the extra `semantic` are installed, without importing them.

    Raises:
        SemanticExtraMissing: One is not.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise SemanticExtraMissing(f"Neighbours in meaning need the extra `semantic`; missing: {', '.join(missing)}.")


class SemanticNeighbours:
    """The worker of one code service; may be used by several threads, one question at a time."""

    def __init__(self, *, idle_s: float = IDLE_S, answer_s: float = ANSWER_S) -> None:
        self._idle_s = idle_s
        self._answer_s = answer_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process that works, if one does."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def neighbours(
        self, root: Path, similar: Path, folder: Path, request: FindNeighbours, *, model: str = ""
    ) -> NeighboursAnswer:
        """The functions that speak of the same things as a place or a text.

        Args:
            root: The project's folder.
            similar: File of its `SimilarStore`.
            folder: Where its vectors are kept; made if need be.
            request: What is asked.
            model: `code.semantic_model`.

        Raises:
            SemanticExtraMissing: The extra is not installed.
            SettingsError: The model cannot be loaded.
            NotFound: No function that is long enough stands there.
            NotReady: The project is not analysed yet.
            RequestTimeout: The worker takes too long.
        """
        started = time.perf_counter()
        require_extra(MODEL_PACKAGES if model else LSA_PACKAGES)
        question = (
            os.fspath(root), os.fspath(similar), os.fspath(folder), model, request.path, request.line or 0,
            request.text, request.limit,
        )  # fmt: skip
        with self._lock:
            answer = self._ask(question)
        if answer[0] == "error":
            _, code, message, hint = answer
            raise error_from(str(code), str(message), hint)
        places, method, more, reason = answer[1]
        return NeighboursAnswer(
            places=[
                SimilarPlace(
                    path=path,
                    start_line=start,
                    end_line=end,
                    symbol=symbol,
                    language=language,
                    similarity=round(near, 3),
                )
                for path, start, end, symbol, language, near in places
            ],
            method=method,
            more=more,
            reason=reason,
            seconds=time.perf_counter() - started,
        )

    def close(self) -> None:
        """End the worker and wait for that."""
        with self._lock:
            self._stop()

    def _ask(self, question: tuple[object, ...]) -> tuple[Any, ...]:
        """Its answer; asked twice when it has just ended because nobody asked for long."""
        for _ in range(2):
            process = self._running()
            with contextlib.suppress(OSError):  # A worker that has ended is noticed below.
                send(cast("IO[bytes]", process.stdin), question)
            answer = self._receive(process)
            if isinstance(answer, tuple):
                return cast("tuple[Any, ...]", answer)
            self._stop()
        raise ServiceDown("The process that finds neighbours in meaning ended twice without an answer.")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        kept = {name: value for name, value in os.environ.items() if name not in _DROPPED_VARIABLES}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "aura_code.similar.semantic_worker", str(self._idle_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=kept | _ENVIRONMENT,
        )
        return self._process

    def _receive(self, process: subprocess.Popen[bytes]) -> object:
        stream = cast("IO[bytes]", process.stdout)
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            if not selector.select(self._answer_s):
                process.kill()
                self._stop()
                raise RequestTimeout(f"Finding neighbours took more than {self._answer_s:.0f} s.")
        return receive(stream)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            cast("IO[bytes]", process.stdin).close()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        cast("IO[bytes]", process.stdout).close()
