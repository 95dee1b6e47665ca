"""Hugging Face pre-tokenizers by the name that GGUF files give them (tokenizer.ggml.pre), as those models' tokenizer.json have them.

pretokenizer_regexes.json holds llama.cpp's splitting expressions for the same names.
"""

import json
import pathlib

from tokenizers import Regex
from tokenizers.pre_tokenizers import ByteLevel, Digits, Punctuation, Sequence, Split

LLAMA_CPP = json.loads((pathlib.Path(__file__).parent / "pretokenizer_regexes.json").read_text())

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
QWEN35 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
TEKKEN = (rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
SHORT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
GPT4O = (rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{SHORT}|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{SHORT}|\p{{N}}{{1,3}}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def isolated(pattern):
    return Split(Regex(pattern), behavior="isolated")


def bytes_only():
    return ByteLevel(add_prefix_space=False, use_regex=False)


def gpt2():
    return ByteLevel(add_prefix_space=False, use_regex=True)


def split(*patterns):
    return Sequence([*map(isolated, patterns), bytes_only()])


def digits_then_gpt2():
    return Sequence([Digits(individual_digits=True), gpt2()])


PIPELINES = {
    "gpt-2": gpt2(),
    "phi-2": gpt2(),
    "mpt": gpt2(),
    "olmo": gpt2(),
    "llama-bpe": split(LLAMA3),
    "dbrx": split(LLAMA3),
    "qwen2": split(QWEN2),
    "stablelm2": split(QWEN2),
    "qwen35": split(QWEN35),
    "smollm": digits_then_gpt2(),
    "starcoder": digits_then_gpt2(),
    "refact": digits_then_gpt2(),
    "command-r": digits_then_gpt2(),
    "deepseek-llm": Sequence([*map(isolated, LLAMA_CPP["deepseek-llm"][:-1]), Digits(individual_digits=True), bytes_only()]),
    "deepseek-coder": Sequence([*map(isolated, LLAMA_CPP["deepseek-coder"][:-1]), Digits(individual_digits=True), bytes_only()]),
    "deepseek-v3": split(*LLAMA_CPP["deepseek-v3"]),
    "falcon": Sequence([Punctuation(behavior="contiguous"), gpt2(), Digits(individual_digits=False), isolated("[0-9][0-9][0-9]")]),
    "tekken": split(TEKKEN),
    "gpt-4o": split(GPT4O),
    "bloom": split(BLOOM),
    "viking": Sequence([isolated(BLOOM), isolated(r"\p{N}"), bytes_only()]),
    "glm4": split(LLAMA3),
    "grok-2": split(QWEN2),
    "ufakzeka": split(QWEN2.partition("|[")[1][1:] + QWEN2.partition("|[")[2]),
    "seed-coder": split(QWEN2.replace(r"[^\s\p{L}\p{N}]+[\r\n]*", r"[^\s\p{L}\p{N}\r\n]+")),
    "bailingmoe": split(r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"),
    "minicpm5": split(r"\p{N}{1,3}", LLAMA3.replace("{1,3}", "+")),
    # without the image tokens, which are special tokens as well
    "chameleon": Sequence([isolated(r"([\t\n]|    |  )"), isolated(r"\p{N}"), isolated(r"[\p{P}!-/:-@\[-`{-~]"), gpt2()]),
    # llama.cpp's fallback for an unknown name: no model's tokenizer.json has it
    "default": split(*LLAMA_CPP["default"]),
}


def unspell():
    """Byte of each character of the byte-level alphabet."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(b): b for b in kept}
    for i, byte in enumerate(b for b in range(256) if b not in kept):
        table[chr(256 + i)] = byte
    return table


BYTES = unspell()


def pieces(name, text):
    """Lengths in UTF-8 bytes of the pieces that the Hugging Face pipeline cuts a text into."""
    found = [bytes(BYTES[c] for c in piece) for piece, _ in PIPELINES[name].pre_tokenize_str(text)]
    assert b"".join(found) == text.encode(), (name, text)
    return [len(p) for p in found]
