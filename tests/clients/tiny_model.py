#!/usr/bin/env python3
"""A language model that knows nothing: llama's shape with random weights, 485 KB, for real servers.

usage: tests/clients/tiny_model.py FILE.gguf

The format is GGUF 3 (ggml's docs/gguf.md): keys, then the list of tensors, then their data, each at
a multiple of 32 bytes. Its vocabulary is SentencePiece's shape with single bytes and no words.
"""

import array
import random
import struct
import sys

WIDTH, LAYERS, HEADS, FEED, CONTEXT = 64, 2, 4, 128, 2048
TOKENS = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % byte for byte in range(256)] + ["w%d" % n for n in range(29)]
KINDS = [2, 3, 3] + [6] * 256 + [1] * 29  # unknown, control, byte, normal
UINT32, FLOAT32, STRING, ARRAY, INT32 = 4, 6, 8, 9, 5


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def keys() -> list[bytes]:
    sizes = {"context_length": CONTEXT, "embedding_length": WIDTH, "block_count": LAYERS,
             "feed_forward_length": FEED, "attention.head_count": HEADS, "attention.head_count_kv": HEADS,
             "rope.dimension_count": WIDTH // HEADS, "vocab_size": len(TOKENS)}
    count = struct.pack("<Q", len(TOKENS))
    return [
        entry("general.architecture", STRING, text("llama")),
        entry("general.name", STRING, text("tiny")),
        entry("general.file_type", UINT32, struct.pack("<I", 0)),
        *(entry("llama." + name, UINT32, struct.pack("<I", size)) for name, size in sizes.items()),
        entry("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5)),
        entry("tokenizer.ggml.model", STRING, text("llama")),
        entry("tokenizer.ggml.tokens", ARRAY,
              struct.pack("<I", STRING) + count + b"".join(map(text, TOKENS))),
        entry("tokenizer.ggml.scores", ARRAY,
              struct.pack("<I", FLOAT32) + count + struct.pack(f"<{len(TOKENS)}f", *[0] * len(TOKENS))),
        entry("tokenizer.ggml.token_type", ARRAY,
              struct.pack("<I", INT32) + count + struct.pack(f"<{len(TOKENS)}i", *KINDS)),
        *(entry(f"tokenizer.ggml.{name}_token_id", UINT32, struct.pack("<I", number))
          for name, number in [("unknown", 0), ("bos", 1), ("eos", 2)]),
        entry("tokenizer.chat_template", STRING,
              text("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:")),
    ]


def tensors() -> dict[str, tuple[int, ...]]:
    """Their shapes, the fastest dimension first."""
    out: dict[str, tuple[int, ...]] = {"token_embd": (WIDTH, len(TOKENS)), "output_norm": (WIDTH,),
                                       "output": (WIDTH, len(TOKENS))}
    for layer in range(LAYERS):
        block = {"attn_norm": (WIDTH,), "ffn_norm": (WIDTH,), "ffn_gate": (WIDTH, FEED),
                 "ffn_up": (WIDTH, FEED), "ffn_down": (FEED, WIDTH)}
        block.update({f"attn_{part}": (WIDTH, WIDTH) for part in ("q", "k", "v", "output")})
        out.update({f"blk.{layer}.{name}": shape for name, shape in block.items()})
    return out


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 32)


def main() -> None:
    draw = random.Random(1).gauss
    listed, data = b"", b""
    for name, shape in tensors().items():
        size = shape[0] * (shape[1] if len(shape) > 1 else 1)
        listed += text(name + ".weight") + struct.pack("<I", len(shape))
        listed += struct.pack(f"<{len(shape)}Q", *shape) + struct.pack("<IQ", 0, len(data))  # F32
        norm = name.endswith("_norm")
        data += padded(array.array("f", [1 if norm else draw(0, 0.2) for _ in range(size)]).tobytes())
    entries = keys()
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors()), len(entries)) + b"".join(entries) + listed
    with open(sys.argv[1], "wb") as file:
        file.write(padded(head) + data)


main()
