"""Writes dequant/NAME.bytes and dequant/NAME.f32: quantised blocks and what PyPI gguf makes of them.

Usage: make_dequant.py OUT_DIR
"""

import json
import pathlib
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize

# Byte offsets of the f16 fields within a block (scale, then minimum or second scale).
F16_FIELDS = {
    "Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
    "IQ4_NL": [0], "IQ4_XS": [0], "MXFP4": [],
}
# f16 bit patterns: 0, -0, 1, -1, smallest and largest subnormal (and negative), smallest normal,
# largest finite, negative largest, an ordinary small one, 1/3.
EDGES = [0x0000, 0x8000, 0x3C00, 0xBC00, 0x0001, 0x03FF, 0x8001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x1E66, 0x3555]


def put(block, offset, bits):
    block[offset : offset + 2] = np.frombuffer(np.uint16(bits).tobytes(), np.uint8)


def blocks_of(name, size, rng):
    fields = F16_FIELDS[name]
    blocks = []

    def ordinary():
        block = rng.integers(0, 256, size, dtype=np.uint8)
        for field in fields:
            scale = np.float16(rng.normal(0, 0.05))
            put(block, field, scale.view(np.uint16))
        return block

    for _ in range(24):
        block = ordinary()
        if name == "MXFP4":
            block[0] = rng.integers(110, 140)
        blocks.append(block)
    if name == "MXFP4":
        # e8m0 exponents; 253 and 254 overflow with the largest code, 255 is NaN
        for exponent in (0, 1, 2, 3, 126, 127, 128, 129, 200, 251, 252):
            block = ordinary()
            block[0] = exponent
            blocks.append(block)
    for edge in EDGES:
        for which in range(len(fields)):
            block = ordinary()
            put(block, fields[which], edge)
            blocks.append(block)
    zeros = np.zeros(size, np.uint8)
    blocks.append(zeros)
    for fill in (0x00, 0xFF, 0x0F, 0xF0, 0x80, 0x7F):
        block = np.full(size, fill, np.uint8)
        for field in fields:
            put(block, field, 0x3C00 if fill < 0x80 else 0xB800)
        if name == "MXFP4":
            block[0] = 127
        blocks.append(block)
    return np.stack(blocks)


def floats(name, rng):
    if name == "F32":
        values = np.concatenate([
            rng.normal(0, 1, 512).astype(np.float32),
            np.array([0.0, -0.0, 1.0, -1.0, 3.4028235e38, -3.4028235e38, 1.1754944e-38, 1e-45, -1e-45, 1e-40], np.float32),
        ])
        return values.view(np.uint8)
    bits = rng.integers(0, 65536, 4096, dtype=np.uint16)
    if name == "F16":
        every = np.arange(65536, dtype=np.uint16)
        bits = every[(every & 0x7C00) != 0x7C00]  # every finite f16
    else:
        edge = np.array([0x0000, 0x8000, 0x3F80, 0xBF80, 0x0001, 0x007F, 0x8001, 0x0080, 0x7F7F, 0xFF7F], np.uint16)
        bits = np.concatenate([bits, edge])
        bits = bits[(bits & 0x7F80) != 0x7F80]
    return bits.view(np.uint8)


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20260101)
    index = []
    for name in ["F32", "F16", "BF16", *F16_FIELDS]:
        kind = T[name]
        per_block, size = GGML_QUANT_SIZES[kind]
        raw = floats(name, rng) if name in ("F32", "F16", "BF16") else blocks_of(name, size, rng).reshape(-1)
        with np.errstate(all="ignore"):
            values = dequantize(raw.view(np.float16 if name == "F16" else np.float32 if name == "F32" else np.uint8), kind)
        values = np.ascontiguousarray(values, dtype="<f4").reshape(-1)
        assert len(values) == len(raw) // size * per_block, name
        assert np.isfinite(values).all(), name
        (out / f"{name}.bytes").write_bytes(raw.tobytes())
        (out / f"{name}.f32").write_bytes(values.tobytes())
        index.append({"name": name, "ggml_type": int(kind), "block_elements": per_block, "block_bytes": size,
                      "blocks": len(raw) // size})
    (out / "index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()
