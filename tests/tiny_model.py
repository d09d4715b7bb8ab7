"""A real model server for tests: llama.cpp's own, in a child process, with a model of half a megabyte.

The model has random weights, so what it writes means nothing; grammar, streaming, counts, seeds, cancelling and errors
are those of the real server. Nothing is downloaded. The child ends with its standard input, so it dies with pytest.

    with tiny_server(folder) as url: ...
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

MODEL = "tiny"
CONTEXT = 8192
_WIDTH, _HIDDEN, _HEADS, _LAYERS = 64, 128, 4, 2
_LEVEL_CHANNEL = 0
"""One channel of the embedding is the same for every token; two biases of the output ride on it."""


def write_tiny_model(path: Path, *, seed: int = 7) -> Path:
    """Write the model; the same seed gives the same bytes."""
    import gguf

    tokens, kinds = _vocabulary()
    rng = np.random.default_rng(seed)

    def weights(*shape: int, scale: float = 0.08) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name(MODEL)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_HIDDEN)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0 if kind != gguf.TokenType.NORMAL else -1.0 for kind in kinds])
    writer.add_token_types([int(kind) for kind in kinds])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    writer.add_chat_template(
        "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant: "
    )
    embedding = weights(len(tokens), _WIDTH, scale=0.5)
    embedding[:, _LEVEL_CHANNEL] = 4.0
    output = weights(len(tokens), _WIDTH, scale=0.2)
    output[:, _LEVEL_CHANNEL] = 0.0
    output[[kind == gguf.TokenType.BYTE for kind in kinds], _LEVEL_CHANNEL] = -3.0  # Broken UTF-8 stays rare.
    output[2, _LEVEL_CHANNEL] = 0.3  # Free text comes to an end.
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", np.ones(_WIDTH, np.float32))
    for layer in range(_LAYERS):
        writer.add_tensor(f"blk.{layer}.attn_norm.weight", np.ones(_WIDTH, np.float32))
        writer.add_tensor(f"blk.{layer}.ffn_norm.weight", np.ones(_WIDTH, np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", weights(_WIDTH, _WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_gate.weight", weights(_HIDDEN, _WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_up.weight", weights(_HIDDEN, _WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_down.weight", weights(_WIDTH, _HIDDEN))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary() -> tuple[list[bytes], list[int]]:
    import gguf

    tokens = [b"<unk>", b"<s>", b"</s>"]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    tokens += [f"<0x{byte:02X}>".encode() for byte in range(256)]
    kinds += [gguf.TokenType.BYTE] * 256
    letters = [chr(code) for code in range(33, 127)] + ["▁"]
    tokens += [letter.encode() for letter in letters]
    kinds += [gguf.TokenType.NORMAL] * len(letters)
    return tokens, [int(kind) for kind in kinds]


@contextmanager
def tiny_server(
    folder: Path, *, context: int = CONTEXT, parallel: int = 1, embedding: bool = False
) -> Generator[str, None, None]:
    """The address of a server that is up; it is gone afterwards."""
    model = folder / "tiny.gguf"
    if not model.exists():
        write_tiny_model(model)
    options = json.dumps({"model": str(model), "context": context, "parallel": parallel, "embedding": embedding})
    with (folder / "tiny-server.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-P", __file__, options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        for line in child.stdout:  # llama.cpp may print there too.
            if line.startswith(b"listening "):
                yield line.split()[1].decode()
                break
        else:
            raise AssertionError(f"llama.cpp did not start: {(folder / 'tiny-server.log').read_text()[-2000:]}")
    finally:
        child.stdin.close()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(10)
        child.stdout.close()


def _serve(options: dict[str, object]) -> None:
    import os

    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = options["model"]
    params.model_alias = {MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = options["context"]
    params.n_parallel = options["parallel"]
    params.cpuparams.n_threads = 2
    params.cpuparams_batch.n_threads = 2
    params.n_gpu_layers = 0
    params.warmup = False
    params.use_jinja = True
    params.endpoint_slots = True
    if options["embedding"]:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    print("listening", server.listening_address, flush=True)
    sys.stdin.buffer.read()
    os._exit(0)  # The threads of the C++ server are not asked.


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
