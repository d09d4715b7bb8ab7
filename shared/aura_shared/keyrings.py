"""The system's keyring, as far as secrets need it; its library is imported here and nowhere else, and late.

The errors of back ends may quote what they were given, so only their kind is told.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Final, Protocol

from aura_shared.errors import Unavailable

__all__ = ["FindKeyring", "Keyring", "find_keyring", "write_checked"]

KEYRING_SERVICE: Final = "aura"


class Keyring(Protocol):
    """What is used of the library `keyring`; its errors are those of `aura_shared.errors` here."""

    name: str
    """Which keyring it is."""

    def get(self, name: str) -> str | None:
        """The secret with this name."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        ...

    def delete(self, name: str) -> None:
        """Forget a secret; nothing happens when there is none."""
        ...


class FindKeyring(Protocol):
    """Looks for the system's keyring."""

    def __call__(self) -> Keyring | str:
        """The keyring, or why there is none that can be used."""
        ...


def find_keyring() -> Keyring | str:
    """The system's keyring, or why none can be used; its library is imported here and nowhere else."""
    import keyring  # noqa: PLC0415 - 60 ms and 9 MB that most processes never need

    backend = keyring.get_keyring()
    kind = type(backend)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if kind.__module__ in {"keyring.backends.fail", "keyring.backends.null"}:
        return "this machine has none"
    if "plaintext" in name.lower() or kind.__module__.startswith("keyrings.alt"):
        return f"{name} keeps secrets in a plain file"
    found = _System(name)
    try:
        found.get("probe-of-aura")
    except Unavailable as error:
        return error.message
    return found


class _System:
    """The keyring of the system, with its errors as ours."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, name: str) -> str | None:
        """The secret with this name."""
        import keyring  # noqa: PLC0415 - see `find_keyring`

        with self._errors():
            return keyring.get_password(KEYRING_SERVICE, name)

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        import keyring  # noqa: PLC0415 - see `find_keyring`

        with self._errors():
            keyring.set_password(KEYRING_SERVICE, name, value)

    def delete(self, name: str) -> None:
        """Forget a secret; nothing happens when there is none."""
        import keyring  # noqa: PLC0415 - see `find_keyring`
        from keyring.errors import PasswordDeleteError  # noqa: PLC0415 - see `find_keyring`

        with self._errors(), contextlib.suppress(PasswordDeleteError):
            keyring.delete_password(KEYRING_SERVICE, name)

    @contextlib.contextmanager
    def _errors(self) -> Generator[None]:
        from keyring.errors import KeyringError, PasswordDeleteError  # noqa: PLC0415 - see `find_keyring`

        try:
            yield
        except PasswordDeleteError:
            raise
        except (KeyringError, OSError, RuntimeError) as error:
            # Only its kind: some back ends quote what they were given.
            raise Unavailable(
                f"the keyring {self.name} failed: {type(error).__name__}", hint="Unlock it, then try again."
            ) from None


def write_checked(keyring: Keyring, name: str, value: str) -> None:
    """Write a value and read it back: some back ends say yes and keep nothing.

    Raises:
        Unavailable: It was not kept, or the keyring failed.
    """
    keyring.set(name, value)
    if keyring.get(name) != value:
        raise Unavailable(f"the keyring {keyring.name} did not keep the secret {name!r}")
