"""Writes a language model in llama.cpp's format that knows nothing and is served as any other: `tiny_model.py FILE`, by a Python that has PyPI's gguf and numpy.

Two layers of random numbers from a fixed seed. Its vocabulary has every byte, so that any text can be asked, and words of letters; only those have weights in the last layer,
so that its answers are text whatever the numbers are.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import gguf
import numpy

LAYERS, WIDTH, HEADS, INNER = 2, 64, 4, 128
LONGEST_CONTEXT = 32768
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SPECIAL = [(b"<unk>", gguf.TokenType.UNKNOWN), (b"<s>", gguf.TokenType.CONTROL), (b"</s>", gguf.TokenType.CONTROL)]
BYTES = [(f"<0x{byte:02X}>".encode(), gguf.TokenType.BYTE) for byte in range(256)]
WORDS = [("▁" + "".join(letters)).encode() for letters in itertools.product(LETTERS, "aeiou")]
TEMPLATE = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}assistant:"


def write(path: Path) -> None:
    tokens = SPECIAL + BYTES + [(word, gguf.TokenType.NORMAL) for word in WORDS]
    random = numpy.random.default_rng(1)

    def weights(*shape: int) -> numpy.ndarray:
        return (random.standard_normal(shape) / numpy.sqrt(shape[-1])).astype(numpy.float32)

    def ones(width: int) -> numpy.ndarray:
        return numpy.ones(width, dtype=numpy.float32)

    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_context_length(LONGEST_CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token for token, _ in tokens])
    writer.add_token_scores([-float(number) for number in range(len(tokens))])
    writer.add_token_types([type for _, type in tokens])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(TEMPLATE)

    output = weights(len(tokens), WIDTH)
    output[: len(SPECIAL) + len(BYTES)] = 0
    writer.add_tensor("token_embd.weight", weights(len(tokens), WIDTH))
    writer.add_tensor("output_norm.weight", ones(WIDTH))
    writer.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        for name, shape in {"attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH), "attn_output": (WIDTH, WIDTH),
                            "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER)}.items():  # fmt: skip
            writer.add_tensor(f"blk.{layer}.{name}.weight", weights(*shape))
        writer.add_tensor(f"blk.{layer}.attn_norm.weight", ones(WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_norm.weight", ones(WIDTH))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
