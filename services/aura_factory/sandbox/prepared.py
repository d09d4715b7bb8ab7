"""A command line that confines, and what has to live until it was started."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from aura_factory.sandbox.trees import remove_tree

__all__ = ["Prepared"]


@dataclass
class Prepared:
    """What `running` starts; both tiers make one."""

    argv: list[str]
    status_fd: int
    """Where to read how it went; -1 once somebody else owns it."""
    pass_fds: list[int] = field(default_factory=list[int])
    """To be inherited by the child, then closed."""
    private: Path | None = None
    """A folder to be removed in the end."""

    @classmethod
    def with_status_pipe(cls) -> tuple[Prepared, int]:
        """An empty one, and the descriptor that the child writes its status to."""
        reading, writing = os.pipe()
        return cls(argv=[], status_fd=reading, pass_fds=[writing]), writing

    def in_memory(self, content: bytes) -> int:
        """A file without a name that the child inherits; returns its descriptor, at the file's start."""
        descriptor = os.memfd_create("aura-sandbox")
        self.pass_fds.append(descriptor)
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
            file.flush()
            file.seek(0)
        return descriptor

    def close_passed(self) -> None:
        """Close what the child has inherited."""
        while self.pass_fds:
            os.close(self.pass_fds.pop())

    def close(self) -> None:
        """Close and remove everything; harmless when repeated."""
        self.close_passed()
        if self.status_fd >= 0:
            os.close(self.status_fd)
            self.status_fd = -1
        if self.private is not None:
            remove_tree(self.private)
            self.private = None
