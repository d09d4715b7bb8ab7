"""Neighbours in meaning, with the extra as it is: latent semantic analysis, and a tiny transformer made here."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura_code.reading import send
from aura_code.similar.clones import fingerprints_of
from aura_code.similar.semantic import SemanticNeighbours, require_extra
from aura_code.similar.store import SimilarStore
from aura_code.similar.vectors import LsaEmbedder, ModelEmbedder, embedder, key_of, load
from aura_code.syntax import parse_source
from aura_shared.errors import NotFound, NotReady, RequestTimeout, SemanticExtraMissing, SettingsError, UsageProblem
from aura_shared.messages.similar import FindNeighbours, NeighboursAnswer

pytestmark = pytest.mark.requirement("C3")

WORDS = {
    "money": "invoice payment customer amount currency tax discount refund",
    "pictures": "image pixel width height colour canvas brush layer",
    "network": "socket packet address port timeout retry protocol header",
}


def function(topic: str, variant: int) -> str:
    """A function about a topic; each variant arranges other words of it in another way."""
    words = WORDS[topic].split()
    words = words[variant:] + words[:variant]
    first, second, third, fourth, fifth, sixth = words[:6]
    if variant % 2:
        return (
            f"def {first}_of_{second}({third}, {fourth}):\n    for {fifth} in {third}.{sixth}_list:\n"
            f"        if {fifth}.{first} > {fourth}.{second}:\n"
            f"            return {fifth}.make_{third}({first}={fourth})\n"
            f"        {sixth} = {fifth}.next_{second}({third}.{fourth})\n"
            f"        {sixth}.update_{first}({fifth}, {third}, {second}={fourth})\n    return None\n"
        )
    return (
        f"def apply_{first}({second}, {third}):\n    {fourth} = {second}.get_{fifth}()\n"
        f"    while {fourth}.has_{sixth}({third}):\n        {fourth}.set_{first}({third}.{fifth}, {second}.{sixth})\n"
        f"        {third} = {second}.{fourth}_after({third}, {first}={fifth}_of({sixth}=1))\n"
        f"    return {fourth}.{first}_and_{second}({third})\n"
    )


@pytest.fixture(scope="module")
def worker() -> Iterator[SemanticNeighbours]:
    found = SemanticNeighbours()
    yield found
    found.close()


class Lab:
    """A project of nine functions on three topics, its fingerprints, and a folder for vectors."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.similar = folder / "similar.db"
        self.folder = folder / "vectors"
        self.root.mkdir()
        self.store = SimilarStore.open(self.similar)
        for topic in WORDS:
            self.write(f"{topic}.py", "\n\n".join(function(topic, variant) for variant in range(3)))

    def write(self, path: str, text: str) -> None:
        """Write a file and analyse it."""
        (self.root / path).write_text(text, encoding="utf-8")
        file = parse_source(path, text.encode())
        assert file is not None
        self.store.put(path, key_of(text), fingerprints_of(file))

    def ask(self, worker: SemanticNeighbours, *, model: str = "", **request: object) -> NeighboursAnswer:
        """The neighbours of something."""
        question = FindNeighbours.model_validate({"project": "p", **request})
        return worker.neighbours(self.root, self.similar, self.folder, question, model=model)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    found = Lab(tmp_path)
    yield found
    found.store.close()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer of two small layers with random weights, which knows the words of the topics."""
    folder = tmp_path_factory.mktemp("model")
    transformers, sentences, torch = load("transformers"), load("sentence_transformers"), load("torch")
    torch.manual_seed(0)
    words = sorted({word for topic in WORDS.values() for word in topic.split()})
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])}
    config = transformers.BertConfig(
        vocab_size=5 + len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
    )
    bert: Any = transformers.BertModel(config)
    bert.save_pretrained(str(folder / "bert"))
    transformers.BertTokenizerFast(vocab=vocabulary).save_pretrained(str(folder / "bert"))
    whole = sentences.SentenceTransformer(str(folder / "bert"), device="cpu", local_files_only=True)
    whole.save(str(folder / "tiny"))
    return folder / "tiny"


@pytest.mark.parametrize("topic", WORDS)
def test_functions_on_one_topic_are_neighbours(lab: Lab, worker: SemanticNeighbours, topic: str) -> None:
    answer = lab.ask(worker, path=f"{topic}.py", line=2, limit=2)
    assert [place.path for place in answer.places] == [f"{topic}.py"] * 2
    assert answer.method == "lsa"
    assert answer.more
    assert all(0 < place.similarity <= 1 and place.symbol and place.language == "python" for place in answer.places)


def test_a_description_finds_what_it_speaks_of(lab: Lab, worker: SemanticNeighbours) -> None:
    answer = lab.ask(worker, text="refund a customer's payments", limit=3)
    assert [place.path for place in answer.places] == ["money.py"] * 3


def test_words_that_nobody_uses_have_a_reason(lab: Lab, worker: SemanticNeighbours) -> None:
    answer = lab.ask(worker, text="zebra")
    assert (answer.places, answer.reason) == ([], "Nothing in the project speaks of these things; try other words.")


def test_vectors_are_kept_and_follow_changes(lab: Lab, worker: SemanticNeighbours) -> None:
    lab.ask(worker, text="payment")
    kept = lab.folder / "lsa.npz"
    with np.load(kept) as arrays:
        before = {name: arrays[name] for name in arrays.files}
    lab.ask(worker, text="payment")
    lab.write(
        "pictures.py", "\n\n".join([*(function("pictures", variant) for variant in range(3)), function("money", 4)])
    )
    answer = lab.ask(worker, text="refund a customer's payments", limit=4)
    assert sorted(place.path for place in answer.places) == ["money.py"] * 3 + ["pictures.py"]
    with np.load(kept) as arrays:
        assert len(arrays["vectors"]) == len(before["vectors"]) + 1
        assert np.array_equal(arrays["axes"], before["axes"])  # One in nine is new: the analysis is the same.
    lab.store.forget(["pictures.py"])
    assert {place.path for place in lab.ask(worker, text="pixel width", limit=9).places} <= {"money.py", "network.py"}


def test_questions_that_make_no_sense_are_refused(lab: Lab, worker: SemanticNeighbours, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="found neither"):
        lab.ask(worker)
    with pytest.raises(NotFound, match=r"money\.py:900"):
        lab.ask(worker, path="money.py", line=900)
    with pytest.raises(NotReady):
        worker.neighbours(lab.root, tmp_path / "none.db", lab.folder, FindNeighbours(project="p", text="x"))


def test_a_project_without_functions_says_so(lab: Lab, worker: SemanticNeighbours) -> None:
    lab.store.forget([f"{topic}.py" for topic in WORDS])
    assert lab.ask(worker, text="payment").reason.startswith("No function of the project")


def test_a_model_that_the_user_has_is_used(lab: Lab, worker: SemanticNeighbours, model: Path) -> None:
    lab.write("same.py", function("money", 0))
    answer = lab.ask(worker, path="same.py", line=2, limit=3, model=str(model))
    assert answer.method == "tiny"
    assert (answer.places[0].path, answer.places[0].start_line) == ("money.py", 1)
    assert answer.places[0].similarity == pytest.approx(1, abs=0.01)
    assert [file.name.partition("-")[0] for file in lab.folder.iterdir()] == ["model"]
    assert lab.ask(worker, text="refund payment", model=str(model), limit=1).more


@pytest.mark.parametrize("broken", [False, True], ids=["missing", "broken"])
def test_a_model_that_cannot_be_loaded_is_told(
    lab: Lab, worker: SemanticNeighbours, tmp_path: Path, broken: bool
) -> None:
    folder = tmp_path / "nothing"
    if broken:
        folder.mkdir()
    with pytest.raises(SettingsError, match="nothing"):
        lab.ask(worker, text="payment", model=str(folder))


def test_models_read_only_what_is_new_and_only_as_long_as_they_may(tmp_path: Path, model: Path) -> None:
    texts = {key_of(text): text for text in (f"invoice {number}" for number in range(130))}
    first = ModelEmbedder(tmp_path, model)
    first.learn(texts, 0)
    assert len(first.known(list(texts))) == 64
    again = ModelEmbedder(tmp_path, model)
    assert again.known(list(texts)) == first.known(list(texts))
    again.learn(texts, 60)
    assert len(again.known(list(texts))) == 130
    few = dict(list(texts.items())[:5])
    again.learn(few, 60)
    assert again.known(list(texts)) == list(few)
    assert again.vectors(list(few)) == pytest.approx(again.embed("invoice 0").repeat(5, axis=0), abs=1)


def test_an_analysis_is_read_again_and_a_broken_one_made_anew(tmp_path: Path) -> None:
    texts = {key_of(text): text for text in (function(topic, variant) for topic in WORDS for variant in range(20))}
    first = embedder(tmp_path, "")
    first.learn(texts, 60)
    second = LsaEmbedder(tmp_path)
    assert second.known(list(texts)) == list(texts)
    assert np.allclose(second.embed("payment of invoices"), first.embed("payment of invoices"), atol=1e-5)
    (tmp_path / "lsa.npz").write_bytes(b"PK nonsense")
    assert LsaEmbedder(tmp_path).known(list(texts)) == []


def test_the_worker_is_started_again_after_it_died(lab: Lab, worker: SemanticNeighbours) -> None:
    lab.ask(worker, text="payment")
    first = worker.pid
    assert first is not None
    os.kill(first, 9)
    assert lab.ask(worker, text="payment", limit=1).places[0].path == "money.py"
    assert worker.pid not in {None, first}


def test_the_worker_ends_when_nobody_asks() -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "aura_code.similar.semantic_worker", "0.05"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.wait(60) == 0
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.close()


def test_a_question_that_is_none_does_not_end_the_worker() -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "aura_code.similar.semantic_worker", "60"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        send(process.stdin, ("nonsense",))  # pyright: ignore[reportArgumentType] - a pipe
        assert select.select([process.stdout], [], [], 60)[0]
        assert b"internal" in process.stdout.read(200)
    assert process.wait(60) == 0


def test_a_worker_that_takes_too_long_is_given_up(lab: Lab) -> None:
    hasty = SemanticNeighbours(answer_s=0.01)
    with pytest.raises(RequestTimeout, match="more than 0 s"):
        lab.ask(hasty, text="payment")
    assert hasty.pid is None


def test_the_missing_extra_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(SemanticExtraMissing, match="missing: no_such_package") as missing:
        require_extra(("json", "no_such_package"))
    assert missing.value.hint == "Install it beside Aura: pip install 'aura-dev[semantic]'"
    with pytest.raises(SemanticExtraMissing, match="cannot be imported"):
        load("no_such_package")
