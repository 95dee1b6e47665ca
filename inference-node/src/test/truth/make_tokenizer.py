"""Writes tokenizer/: the corpus, each model's ids by llama.cpp and by Hugging Face, and pre-token pieces by name.

Usage: make_tokenizer.py OUT_DIR LLAMA_LIB_DIR MODEL.gguf...
Needs a C++ compiler for llama.cpp's pieces; without one only Hugging Face's are written.
"""

import ctypes
import hashlib
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer

import corpus
import pretokenizers
from gguf_truth import Gguf
from llama_capi import Llama

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
# llama.cpp ends the whole process on these with byte-level BPE: a code point past U+10FFFF.
ABORTS = {bytes.fromhex("f4908080")}
IGNORE_MERGES = {"llama-bpe", "tekken"}


def byte_level_tokenizer(gguf, special):
    """Hugging Face's tokenizer from a byte-level GGUF vocabulary; special: control tokens are found in text."""
    tokens, types = gguf.get("tokenizer.ggml.tokens"), gguf.get("tokenizer.ggml.token_type")
    merges = [tuple(m.split(" ", 1)) for m in gguf.get("tokenizer.ggml.merges")]
    pre = gguf.get("tokenizer.ggml.pre")
    vocab = {token: i for i, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=pre in IGNORE_MERGES))
    tokenizer.pre_tokenizer = pretokenizers.PIPELINES[pre]
    tokenizer.decoder = decoders.ByteLevel()
    if special:
        tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t, k in zip(tokens, types) if k == CONTROL])
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t, k in zip(tokens, types) if k == USER_DEFINED])
    return tokenizer


def hugging_face(path, gguf, special):
    if gguf.get("tokenizer.ggml.model") == "gpt2":
        return byte_level_tokenizer(gguf, special)
    # gemma: transformers rebuilds the merges from the vocabulary
    if not special:
        return None
    return AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name).backend_tokenizer


class Pieces:
    """llama.cpp's own cut, through the C++ function that the library exports."""

    def __init__(self, libdir):
        library = next(pathlib.Path(libdir).glob("libllama.*so*")).name
        folder = tempfile.mkdtemp()
        out = pathlib.Path(folder) / "split_pieces.so"
        source = pathlib.Path(__file__).parent / "split_pieces.cpp"
        subprocess.run(["c++", "-shared", "-fPIC", "-O1", str(source), "-o", str(out), f"-L{libdir}", f"-l:{library}",
                        f"-Wl,-rpath,{libdir}"], check=True)
        self.call = ctypes.CDLL(str(out)).split_pieces
        shutil.rmtree(folder)

    def __call__(self, name, text):
        regexes = [r.encode() for r in pretokenizers.LLAMA_CPP[name]]
        data = text.encode()
        room = 5 * len(data) + 64
        out = ctypes.create_string_buffer(room)
        count = self.call(data, len(data), (ctypes.c_char_p * len(regexes))(*regexes), len(regexes), out, room)
        assert count >= 0, (name, text, count)
        lengths, at = [], 0
        for _ in range(count):
            (size,) = struct.unpack_from("<I", out.raw, at)
            lengths.append(size)
            at += 4 + size
        assert sum(lengths) == len(data)
        return lengths


def digest(model, special):
    """SHA-256 over every token's bytes, each with its length before it (u32, little endian)."""
    sha = hashlib.sha256()
    for token in range(model.n_vocab):
        piece = model.piece(token, special)
        sha.update(struct.pack("<I", len(piece)) + piece)
    return sha.hexdigest()


def model_truth(path, llama, strings, byte_strings):
    gguf = Gguf(path)
    plain_hf, special_hf = (hugging_face(path, gguf, special) for special in (False, True))
    differ = []
    truth_of_bpe = gguf.get("tokenizer.ggml.model") == "gpt2"
    with llama.model(path, vocab_only=True) as model:
        prefix = model.tokenize("", True, False)

        def entry(data, text):
            if truth_of_bpe and data in ABORTS:
                return None
            raw = model.tokenize(data, False, False)
            parsed = model.tokenize(data, False, True)
            assert model.tokenize(data, True, False) == prefix + raw, data
            assert model.tokenize(data, True, True) == prefix + parsed, data
            result = {"ids": raw}
            if parsed != raw:
                result["parsed"] = parsed
            for key, ids in (("decoded", raw), ("parsed_decoded", parsed)):
                back = model.detokenize(ids)
                if back != data and (key == "decoded" or parsed != raw):
                    result[key] = back.hex()
                pieces = b"".join(model.piece(i) for i in ids)
                if pieces != back:
                    result[key + "_pieces"] = pieces.hex()
            if text is not None:
                for tokenizer, key, ours in ((plain_hf, "hf", raw), (special_hf, "hf_parsed", parsed)):
                    if tokenizer is not None:
                        theirs = tokenizer.encode(text, add_special_tokens=False).ids
                        if theirs != ours:
                            result[key] = theirs
                            differ.append((key, text[:60], ours[:40], theirs[:40]))
            return result

        truth = {
            "model": path.name,
            "tokenizer": gguf.get("tokenizer.ggml.model"),
            "pre": gguf.get("tokenizer.ggml.pre"),
            "vocab": model.n_vocab,
            "add_special_prefix": prefix,
            "eog": [t for t in range(model.n_vocab) if llama.lib.llama_vocab_is_eog(model.vocab, t)],
            "pieces_sha256": digest(model, True),
            "pieces_without_control_sha256": digest(model, False),
            "texts": [entry(text.encode(), text) for text in strings],
            "invalid": [entry(data, None) for data in byte_strings],
        }
    return truth, differ


def dump(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def main():
    out, libdir, paths = pathlib.Path(sys.argv[1]), sys.argv[2], [pathlib.Path(p) for p in sys.argv[3:]]
    out.mkdir(parents=True, exist_ok=True)
    strings, byte_strings = corpus.strings(), corpus.byte_strings()
    dump(out / "corpus.json", strings)
    dump(out / "invalid.json", [data.hex() for data in byte_strings])

    cutter = Pieces(libdir) if shutil.which("c++") else None
    by_name = {}
    for name in pretokenizers.PIPELINES:
        rows = [pretokenizers.pieces(name, text) for text in strings]
        entry = {"regexes": pretokenizers.LLAMA_CPP[name], "pieces": rows}
        if cutter:
            other = {i: cutter(name, text) for i, text in enumerate(strings)}
            entry["llama_cpp"] = {str(i): row for i, row in other.items() if row != rows[i]}
            print(f"{name:16} llama.cpp differs on {len(entry['llama_cpp'])}:", [strings[int(i)][:24] for i in entry["llama_cpp"]][:6])
        by_name[name] = entry
    dump(out / "pretokenizers.json", by_name)

    llama = Llama(libdir)
    for path in paths:
        truth, differ = model_truth(path, llama, strings, byte_strings)
        dump(out / f"{path.stem}.json", truth)
        print(f"{path.stem}: {sum(len(t['ids']) for t in truth['texts'])} ids, prefix {truth['add_special_prefix']}, "
              f"Hugging Face differs {len(differ)} times")
        for each in differ:
            print("   ", *map(repr, each))


if __name__ == "__main__":
    main()
