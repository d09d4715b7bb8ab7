"""Imports without garbage collection.

Measured: collecting meanwhile makes the gateway's start a quarter longer, and each later collection of the control
panel looks at the objects of all modules, which takes 100 ms.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["without_collection"]


@contextmanager
def without_collection() -> Generator[None]:
    """Inside the block nothing is collected; what it made is never looked at again, since imports stay for good."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
