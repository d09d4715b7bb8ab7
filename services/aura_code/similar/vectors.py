"""Texts of code as vectors whose nearness is nearness in meaning, kept on disk by the digest of their text.

The heavy libraries are imported here when a class is made, and only the worker makes one.

Source:
    Deerwester, Dumais, Furnas, Landauer, Harshman (1990), "Indexing by Latent Semantic Analysis".
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from aura_code.terms import WORD, Vocabulary
from aura_shared.errors import SemanticExtraMissing, SettingsError
from aura_shared.storage import atomic_write

Vectors: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
KEY_BYTES: Final = 16
DIMENSIONS: Final = 128
"""Of latent semantic analysis; from 100 to 300 the neighbours are much the same."""
MOST_CHARS: Final = 8_000
"""Of one text; models read less than that anyway."""
_REFIT: Final = 0.2
"""Share of texts unknown to the analysis from which it is made anew."""
_BATCH: Final = 64
_FEW: Final = 50


class Embedder(Protocol):
    """Turns texts into vectors of length 1."""

    name: str
    """What an answer calls it."""

    def known(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those of some texts that have vectors now."""
        ...

    def learn(self, texts: dict[bytes, str], seconds: float) -> None:
        """Make the vectors of all these texts, as far as the time reaches; forget those of other texts."""
        ...

    def vectors(self, keys: Sequence[bytes]) -> Vectors:
        """The vectors of texts that are known."""
        ...

    def embed(self, text: str) -> Vectors:
        """The vector of another text, shape (1, dimensions)."""
        ...


def key_of(text: str) -> bytes:
    """The digest that a text is known by."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=KEY_BYTES).digest()


def load(name: str) -> ModuleType:
    """A library of the extra.

    Raises:
        SemanticExtraMissing: It cannot be imported.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise SemanticExtraMissing(f"Neighbours in meaning need {name}, which cannot be imported: {error}.") from error


def embedder(folder: Path, model: str) -> Embedder:
    """What makes vectors: the model in a folder, or latent semantic analysis.

    Raises:
        SemanticExtraMissing: The extra is not installed.
        SettingsError: There is no such model.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return ModelEmbedder(folder, Path(model)) if model else LsaEmbedder(folder)


class _Kept:
    """Vectors by key, and the file that they are kept in."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.places: dict[bytes, int] = {}
        self.vectors: Vectors = np.empty((0, 0), dtype=np.float32)
        self.more: dict[str, np.ndarray[Any, Any]] = {}
        """Further arrays in the same file."""

    def read(self) -> bool:
        """Read what was kept; false when there is nothing, or nothing that can be used."""
        try:
            with np.load(self.file, allow_pickle=False) as arrays:
                self.more = {name: np.array(arrays[name]) for name in arrays.files}
            keys = self.more.pop("keys").tobytes()
            self.vectors = self.more.pop("vectors").astype(np.float32)
        except Exception:  # noqa: BLE001 - a broken archive raises what zipfile and zlib raise; it is made anew
            self.more = {}
            return False
        self.places = {keys[at : at + KEY_BYTES]: at // KEY_BYTES for at in range(0, len(keys), KEY_BYTES)}
        return len(self.places) == len(self.vectors)

    def write(self) -> None:
        """Keep everything."""
        data = io.BytesIO()
        keys = np.frombuffer(b"".join(self.places), dtype=np.uint8)
        np.savez(data, allow_pickle=False, keys=keys, vectors=self.vectors, **self.more)  # pyright: ignore[reportArgumentType] - the stub takes any name for an option
        atomic_write(self.file, data.getvalue())

    def keep_only(self, keys: Sequence[bytes]) -> None:
        """Forget the other ones."""
        wanted = set(keys)
        kept = [key for key in self.places if key in wanted]
        self.vectors = self.vectors[[self.places[key] for key in kept]] if kept else self.vectors[:0]
        self.places = {key: place for place, key in enumerate(kept)}

    def add(self, keys: Sequence[bytes], vectors: Vectors) -> None:
        """Take in new ones."""
        for key in keys:
            self.places[key] = len(self.places)
        self.vectors = np.concatenate((self.vectors, vectors)) if len(self.vectors) else vectors

    def of(self, keys: Sequence[bytes]) -> Vectors:
        """Some vectors."""
        return self.vectors[[self.places[key] for key in keys]]


class LsaEmbedder:
    """Latent semantic analysis of the words of a project, identifiers split and stemmed."""

    name = "lsa"

    def __init__(self, folder: Path) -> None:
        self._text = load("sklearn.feature_extraction.text")
        self._decomposition = load("sklearn.decomposition")
        self._words = Vocabulary()
        self._kept = _Kept(folder / "lsa.npz")
        self._vectorizer: Any = None
        if self._kept.read() and "terms" in self._kept.more:
            self._restore()

    def known(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those of some texts that have vectors now."""
        return [key for key in keys if key in self._kept.places]

    def learn(self, texts: dict[bytes, str], seconds: float) -> None:  # noqa: ARG002 - it cannot be interrupted
        """Make the vectors of all texts: from the analysis as it is when few are new, else from a new one."""
        new = [key for key in texts if key not in self._kept.places]
        fitted = int(self._kept.more["fitted"]) if "fitted" in self._kept.more else 0
        gone = len(self._kept.places) > len(texts) - len(new)
        if not new and not gone:
            return
        self._kept.keep_only(list(texts))
        if self._vectorizer is None or len(texts) > (1 + _REFIT) * fitted or len(new) > _REFIT * fitted:
            self._fit(texts)
        elif new:
            self._kept.add(new, self._project([texts[key] for key in new]))
        self._kept.write()

    def vectors(self, keys: Sequence[bytes]) -> Vectors:
        """The vectors of texts that are known."""
        return self._kept.of(keys)

    def embed(self, text: str) -> Vectors:
        """The vector of another text."""
        return self._project([text])

    def _terms(self, text: str) -> list[str]:
        return [term for word in WORD.findall(text) for term in self._words.terms(word)]

    def _fit(self, texts: dict[bytes, str]) -> None:
        few = len(texts) <= _FEW
        vectorizer: Any = self._text.TfidfVectorizer(
            analyzer=self._terms, sublinear_tf=True, min_df=1 if few else 2, max_df=1.0 if few else 0.5
        )
        weights: Any = vectorizer.fit_transform(list(texts.values()))
        size = max(1, min(DIMENSIONS, min(weights.shape) - 1))
        analysis = self._decomposition.TruncatedSVD(n_components=size, random_state=0)
        analysis.fit(weights)
        terms: list[str] = vectorizer.get_feature_names_out().tolist()
        self._kept.more = {
            "terms": np.frombuffer(json.dumps(terms).encode(), dtype=np.uint8),
            "idf": np.asarray(vectorizer.idf_, dtype=np.float64),
            "axes": np.asarray(analysis.components_, dtype=np.float32),
            "fitted": np.array(len(texts)),
        }
        self._vectorizer = vectorizer
        self._kept.places, self._kept.vectors = {}, np.empty((0, 0), dtype=np.float32)
        self._kept.add(list(texts), self._project(list(texts.values())))

    def _restore(self) -> None:
        terms: list[str] = json.loads(self._kept.more["terms"].tobytes())
        self._vectorizer = self._text.TfidfVectorizer(analyzer=self._terms, sublinear_tf=True, vocabulary=terms)
        self._vectorizer.idf_ = self._kept.more["idf"]

    def _project(self, texts: Sequence[str]) -> Vectors:
        weights: Any = self._vectorizer.transform(texts)
        return _of_length_1(np.asarray(weights @ self._kept.more["axes"].T, dtype=np.float32))


class ModelEmbedder:
    """A sentence-transformers model that lies in a folder."""

    def __init__(self, folder: Path, model: Path) -> None:
        if not model.is_absolute() or not model.is_dir():
            raise SettingsError(
                f"code.semantic_model must be the absolute path of a folder with a model, and is {model}.",
                hint="Set code.semantic_model to the folder of a sentence-transformers model, or leave it empty.",
            )
        transformers = load("sentence_transformers")
        load("torch").set_num_threads(1)
        try:
            self._model: Any = transformers.SentenceTransformer(str(model), device="cpu", local_files_only=True)
        except Exception as error:  # a model is files of others: whatever loading raises, it cannot be used
            raise SettingsError(
                f"The model in {model} cannot be loaded: {type(error).__name__}: {error}.",
                hint="Set code.semantic_model to the folder of a sentence-transformers model, or leave it empty.",
            ) from error
        self.name = model.name
        self._kept = _Kept(folder / f"model-{_mark_of(model)}.npz")
        self._kept.read()

    def known(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those of some texts that have vectors now."""
        return [key for key in keys if key in self._kept.places]

    def learn(self, texts: dict[bytes, str], seconds: float) -> None:
        """Make the vectors of new texts until the time is over."""
        end = time.monotonic() + seconds
        new = [key for key in texts if key not in self._kept.places]
        gone = len(self._kept.places) > len(texts) - len(new)
        if gone:
            self._kept.keep_only(list(texts))
        for at in range(0, len(new), _BATCH):
            batch = new[at : at + _BATCH]
            self._kept.add(batch, self._encode([texts[key] for key in batch]))
            if time.monotonic() > end:
                break
        if new or gone:
            self._kept.write()

    def vectors(self, keys: Sequence[bytes]) -> Vectors:
        """The vectors of texts that are known."""
        return self._kept.of(keys)

    def embed(self, text: str) -> Vectors:
        """The vector of another text."""
        return self._encode([text])

    def _encode(self, texts: list[str]) -> Vectors:
        found: Any = self._model.encode(texts, batch_size=16, show_progress_bar=False, convert_to_numpy=True)
        return _of_length_1(np.asarray(found, dtype=np.float32))


def _mark_of(model: Path) -> str:
    """A name for what a model is: its path and the sizes and times of its files."""
    parts = [str(model)]
    for file in sorted(path for path in model.rglob("*") if path.is_file()):
        status = file.stat()
        parts.append(f"{file.name} {status.st_size} {status.st_mtime_ns}")
    return blake2b("\n".join(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _of_length_1(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
