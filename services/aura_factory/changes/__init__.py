"""Changes: what is proposed for files of a project, decided hunk by hunk, written all or nothing, and taken back.

`ChangeDesk` is the way in. It knows nothing of the bus: a message goes in, a message comes out.
"""

from aura_factory.changes.desk import ChangeDesk

__all__ = ["ChangeDesk"]
