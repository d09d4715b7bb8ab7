"""Analyses many files in worker processes; one that dies or hangs costs one file."""

from __future__ import annotations

import faulthandler
import logging
import multiprocessing
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Final

from aura_code.analysis.reading import FileAnalysis, FileReader, Job, reader_for, unread
from aura_code.reading import in_batches

FEW_FILES: Final = 60
"""Up to so many files are analysed in this process: starting workers takes longer."""
HUNG_S: Final = 60  # A file of 1 MB takes two seconds; a worker that needs longer than this ends itself.
_BATCHES_AHEAD: Final = 4  # Per worker; the rest waits here, so that memory does not grow with the project.

_log = logging.getLogger(__name__)


def analyse_files(job: Job, paths: Sequence[str], workers: int) -> Generator[list[FileAnalysis]]:
    """Analyse files and give the results in batches, in no particular order; files that have vanished are left out.

    Args:
        job: What they are analysed with.
        paths: Files, relative to the project's folder.
        workers: How many processes; with 0, or for few files, this one does it.
    """
    if workers < 1 or len(paths) <= FEW_FILES:
        reader = reader_for(job)
        for path in paths:
            found = reader.read(path)
            if found is not None:
                yield [found]
        return
    crew = _Crew(job)
    waiting = list(reversed(list(in_batches(paths, workers))))
    while waiting:
        suspects = yield from crew.work_off(waiting, workers, _BATCHES_AHEAD * workers)
        # One of these was being read when a worker died. One at a time, the file at fault is found.
        alone = [[path] for batch in suspects for path in batch]
        while alone:
            for (path,) in (yield from crew.work_off(alone, 1, 1)):
                _log.warning("analysis_gave_up path=%s", path)
                yield [unread(path)]


class _Crew:
    """Starts the worker processes of one round."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def work_off(
        self, waiting: list[list[str]], workers: int, most_under_way: int
    ) -> Generator[list[FileAnalysis], None, list[list[str]]]:
        """Have batches done, from the end of `waiting`, until none is left or a worker dies.

        Returns:
            The batches that were under way when a worker died; empty when all went well.
        """
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(self._job,))
        running: dict[Future[list[FileAnalysis]], list[str]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < most_under_way:
                    running[pool.submit(_read, waiting[-1])] = waiting[-1]
                    waiting.pop()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    files = future.result()
                    del running[future]
                    yield files
        except BrokenProcessPool:
            return list(running.values())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return []


_readers: list[FileReader] = []


def _begin(job: Job) -> None:
    _readers[:] = [reader_for(job)]


def _read(paths: list[str]) -> list[FileAnalysis]:
    found: list[FileAnalysis] = []
    for path in paths:
        faulthandler.dump_traceback_later(HUNG_S, exit=True)
        analysis = _readers[0].read(path)
        if analysis is not None:
            found.append(analysis)
    faulthandler.cancel_dump_traceback_later()
    return found
