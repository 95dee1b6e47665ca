"""Writes tiny/: small random models as GGUF files, with transformers' float32 logits beside them.

Usage: make_tiny.py OUT_DIR [LLAMA_LIB_DIR]   (with the second, llama.cpp has to load each and give the same logits)
"""

import json
import math
import pathlib
import sys

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as T
from gguf.quants import quantize
from transformers import AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, Qwen2Config, Qwen3Config

import gguf_truth

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
WORDS = ["the", "and", "ing", "er", "on", "at", "is", "or", "ed", "to", "of", "re", "an", "in", "it", "es", "ha", "th", "\n", "  "]


def byte_alphabet():
    """GPT-2's printable stand-in for each byte."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {}, 0
    for byte in range(256):
        if byte in kept:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + extra)
            extra += 1
    return table


def bpe_vocab(specials, size):
    table = byte_alphabet()
    tokens = sorted(table.values(), key=ord)
    merges = []

    def add(text):
        units = [table[b] for b in text.encode()]
        while len(units) > 1:
            for i in range(len(units) - 1):
                if units[i] + units[i + 1] in tokens or i == len(units) - 2:
                    pair = (units[i], units[i + 1])
                    break
            if " ".join(pair) not in merges:
                merges.append(" ".join(pair))
                if pair[0] + pair[1] not in tokens:
                    tokens.append(pair[0] + pair[1])
            units[i : i + 2] = [pair[0] + pair[1]]

    for word in WORDS:
        add(word)
        if word.isalpha():
            add(" " + word)
    types = [gguf.TokenType.NORMAL] * len(tokens)
    tokens += specials
    types += [gguf.TokenType.CONTROL] * len(specials)
    while len(tokens) < size:
        tokens.append(f"[PAD{len(tokens)}]")
        types.append(gguf.TokenType.UNUSED)
    assert len(tokens) == size, len(tokens)
    return tokens, types, merges


def write_bpe(writer, pre, specials, size, bos, eos, add_bos=None):
    tokens, types, merges = bpe_vocab(specials, size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(tokens.index(bos))
    writer.add_eos_token_id(tokens.index(eos))
    if add_bos is not None:
        writer.add_add_bos_token(add_bos)
    writer.add_chat_template(CHATML)


def write_spm(writer, size):
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    types = [gguf.TokenType.CONTROL] * 3 + [gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * 2
    scores = [0.0] * 6
    for byte in range(256):
        tokens.append(f"<0x{byte:02X}>")
        types.append(gguf.TokenType.BYTE)
        scores.append(0.0)
    pieces = ["▁t", "he", "▁the", "in", "er", "▁a", "an", "on", "▁s", "re", "or", "▁in", "ing", "nd", "▁and", "at", "▁▁"]
    pieces += ["▁", *"etaoinshrdlucmfwypvbgkjqxz", *"THAIS", *"0123456789", ".", ",", "!", "?", "\n", "'", "-", "(", ")"]
    for rank, piece in enumerate(pieces):
        tokens.append(piece)
        types.append(gguf.TokenType.NORMAL)
        scores.append(-float(rank))
    while len(tokens) < size:
        tokens.append(f"<unused{len(tokens)}>")
        types.append(gguf.TokenType.UNUSED)
        scores.append(-10000.0)
    assert len(tokens) == size, len(tokens)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)


def randomise(model, rng):
    """Weights of a size that makes every part of the model matter."""
    state = model.state_dict()
    for name, tensor in state.items():
        if "norm" in name:
            value = rng.normal(0.0, 0.2, tensor.shape) + (0.0 if model.config.model_type == "gemma3_text" else 1.0)
        elif name.endswith("bias"):
            value = rng.normal(0.0, 0.5, tensor.shape)
        elif "embed" in name:
            value = rng.normal(0.0, 0.5, tensor.shape)
        else:
            value = rng.normal(0.0, 1.2 / math.sqrt(tensor.shape[1]), tensor.shape)
        tensor.copy_(torch.from_numpy(value.astype(np.float32)))
    if model.config.tie_word_embeddings:
        state["lm_head.weight"].copy_(state["model.embed_tokens.weight"])


def permute(weight, heads):
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, 2, half, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def k_quant_noise(kind, rows, columns, rng):
    """Random blocks of a k-quant (PyPI gguf cannot quantise to these): zero mean, about 1/sqrt(columns) wide."""
    count = rows * columns // 256
    wanted = 1.0 / math.sqrt(columns)
    if kind in (T.Q4_K, T.Q5_K):
        levels = 16 if kind == T.Q4_K else 32
        raw = rng.integers(0, 256, (count, 144 if kind == T.Q4_K else 176), dtype=np.uint8)
        scale = wanted / (36.0 * levels / 3.4) * rng.uniform(0.7, 1.3, count)
        raw[:, 0:2] = scale.astype(np.float16).view(np.uint8).reshape(count, 2)
        raw[:, 2:4] = (scale * (levels - 1) / 2).astype(np.float16).view(np.uint8).reshape(count, 2)
    else:
        raw = rng.integers(0, 256, (count, 210), dtype=np.uint8)
        raw[:, 192:208] = rng.integers(-24, 25, (count, 16), dtype=np.int8).view(np.uint8)
        scale = wanted / (14.0 * 18.5) * rng.uniform(0.7, 1.3, count)
        raw[:, 208:210] = scale.astype(np.float16).view(np.uint8).reshape(count, 2)
    return raw.reshape(rows, -1)


FILE_TYPES = {"f32": gguf.LlamaFileType.ALL_F32, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0, "q4_0": gguf.LlamaFileType.MOSTLY_Q4_0,
              "f16": gguf.LlamaFileType.MOSTLY_F16, "mixed": gguf.LlamaFileType.MOSTLY_BF16,
              "q4_k": gguf.LlamaFileType.MOSTLY_Q4_K_M}
KINDS = {"f32": T.F32, "q8_0": T.Q8_0, "q4_0": T.Q4_0, "f16": T.F16}
MIX = {"attn_q": T.BF16, "attn_k": T.F16, "attn_v": T.Q5_1, "attn_output": T.Q4_1, "ffn_gate": T.Q5_0, "ffn_up": T.BF16,
       "ffn_down": T.Q4_1, "token_embd": T.F16}
K_MIX = {"attn_v": T.Q6_K, "ffn_down": T.Q6_K, "attn_k": T.Q5_K, "token_embd": T.Q6_K}


def write_tensors(writer, model, arch, quant, rng):
    config = model.config
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[arch.upper()], config.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        data = tensor.numpy()
        if arch == "llama" and name.endswith(("q_proj.weight", "k_proj.weight")):
            heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
            data = permute(data, heads)
        if arch == "gemma3" and name.endswith("norm.weight"):
            data = data + np.float32(1.0)
        target = names.get_name(name, try_suffixes=(".weight", ".bias"))
        stem = target.rsplit(".", 1)[0].split(".")[-1]
        if data.ndim == 1:
            kind = T.F32
        elif quant == "mixed":
            kind = MIX.get(stem, T.Q8_0)
        elif quant == "q4_k":
            kind = K_MIX.get(stem, T.Q4_K)
        else:
            kind = KINDS[quant]
            if kind == T.Q4_0 and stem in ("token_embd", "output"):
                kind = T.Q8_0
        data = np.ascontiguousarray(data, dtype=np.float32)
        if kind in (T.Q4_K, T.Q5_K, T.Q6_K):
            writer.add_tensor(target, k_quant_noise(kind, *data.shape, rng), raw_dtype=kind)
        elif kind == T.F32:
            writer.add_tensor(target, data)
        elif kind == T.F16:
            writer.add_tensor(target, data.astype(np.float16))
        else:
            writer.add_tensor(target, quantize(data, kind), raw_dtype=kind)


def llama3_factors(rope, dim):
    freqs = 1.0 / (rope["rope_theta"] ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim))
    low = rope["original_max_position_embeddings"] / rope["low_freq_factor"]
    high = rope["original_max_position_embeddings"] / rope["high_freq_factor"]
    factors = []
    for freq in freqs:
        wave = 2 * math.pi / freq
        if wave < high:
            factors.append(1.0)
        elif wave > low:
            factors.append(rope["factor"])
        else:
            smooth = (rope["original_max_position_embeddings"] / wave - rope["low_freq_factor"]) / (
                rope["high_freq_factor"] - rope["low_freq_factor"])
            factors.append(float(1 / ((1 - smooth) / rope["factor"] + smooth)))
    return np.array(factors, np.float32)


def write(path, name, model, arch, quant, rng):
    config = model.config
    writer = gguf.GGUFWriter(path, arch)
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(name)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    rope = config.rope_parameters
    full = rope.get("full_attention", rope)
    if full["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(full["factor"])
    writer.add_rope_freq_base(full["rope_theta"])
    if "sliding_attention" in rope and rope["sliding_attention"]["rope_theta"] != 10000.0:
        writer.add_rope_freq_base_swa(rope["sliding_attention"]["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if arch in ("qwen3", "gemma3"):
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    if arch == "gemma3":
        writer.add_sliding_window(config.sliding_window)
    if arch == "llama":
        writer.add_vocab_size(config.vocab_size)
        writer.add_rope_dimension_count(config.head_dim)
    writer.add_file_type(FILE_TYPES[quant])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    if arch == "gemma3":
        write_spm(writer, config.vocab_size)
    elif arch == "llama":
        specials = ["<|begin_of_text|>", "<|end_of_text|>", "<|im_start|>", "<|im_end|>"]
        write_bpe(writer, "llama-bpe", specials, config.vocab_size, "<|begin_of_text|>", "<|end_of_text|>")
    else:
        specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        write_bpe(writer, "qwen2", specials, config.vocab_size, "<|endoftext|>", "<|im_end|>", add_bos=False)
    if full["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(full, config.head_dim))
    write_tensors(writer, model, arch, quant, rng)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def configs():
    common = dict(vocab_size=320, max_position_embeddings=256, rms_norm_eps=1e-6, pad_token_id=None, bos_token_id=None,
                  eos_token_id=None, attn_implementation="eager")
    small = dict(hidden_size=64, intermediate_size=96, num_attention_heads=4, num_key_value_heads=2)
    theta = {"rope_type": "default", "rope_theta": 1000000.0}
    qwen3 = dict(**common, **small, head_dim=32, num_hidden_layers=2, rope_parameters=theta)
    yield "qwen3-tied", "qwen3", Qwen3Config(**qwen3, tie_word_embeddings=True), ["f32", "q8_0"]
    yield "qwen3-untied", "qwen3", Qwen3Config(**qwen3, tie_word_embeddings=False), ["f32", "q4_0"]
    wide = qwen3 | dict(hidden_size=256, intermediate_size=256, num_attention_heads=8, num_hidden_layers=2)
    yield "qwen3-wide", "qwen3", Qwen3Config(**wide, tie_word_embeddings=True), ["q4_k"]
    llama3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
              "original_max_position_embeddings": 64}
    llama = common | small | dict(num_hidden_layers=2, rms_norm_eps=1e-5)
    yield "llama-rope3", "llama", LlamaConfig(**llama, rope_parameters=llama3, tie_word_embeddings=False), ["f32", "q8_0"]
    plain = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}
    yield "llama-linear", "llama", LlamaConfig(**llama | dict(num_key_value_heads=1), rope_parameters=plain, tie_word_embeddings=True), ["f32"]
    qwen2 = common | small | dict(num_hidden_layers=2, rope_parameters=theta, use_sliding_window=False)
    yield "qwen2", "qwen2", Qwen2Config(**qwen2, tie_word_embeddings=True), ["f32", "mixed"]

    def gemma(layers, scalar, base_local, factor, **shape):
        full = {"rope_type": "linear", "rope_theta": 1000000.0, "factor": factor} if factor else theta
        return Gemma3TextConfig(**common | shape, num_hidden_layers=layers, query_pre_attn_scalar=scalar, sliding_window=16,
                                layer_types=["full_attention" if i % 6 == 5 else "sliding_attention" for i in range(layers)],
                                rope_parameters={"full_attention": full, "sliding_attention": {"rope_type": "default", "rope_theta": base_local}},
                                tie_word_embeddings=True)

    shape = dict(hidden_size=64, intermediate_size=64, num_attention_heads=2, num_key_value_heads=1, head_dim=32, vocab_size=352)
    yield "gemma3", "gemma3", gemma(7, 32, 10000.0, 8.0, **shape), ["f32", "q4_0"]
    deep = shape | dict(hidden_size=32, intermediate_size=32)
    # 62 layers make it the 27B: attention is scaled by 1/sqrt(embedding / heads), not by the head's size
    yield "gemma3-27b", "gemma3", gemma(62, 16, 10000.0, 8.0, **deep), ["q8_0"]


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    llama = None
    if len(sys.argv) > 2:
        from llama_capi import Llama
        llama = Llama(sys.argv[2])
    torch.set_num_threads(2)
    index = []
    for name, arch, config, quants in configs():
        rng = np.random.default_rng(sum(name.encode()))
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager").eval()
        randomise(model, rng)
        sequences = [rng.integers(4, 300, 40).tolist(), rng.integers(4, 300, 47).tolist()]
        if arch == "gemma3":
            sequences = [[2, *sequence] for sequence in sequences]
        for quant in quants:
            stem = f"{name}-{quant}"
            path = out / f"{stem}.gguf"
            write(path, stem, model, arch, quant, rng)
            with torch.no_grad():
                loaded = gguf_truth.load(path)
                truth_model = model if quant == "f32" else loaded
                rows = [truth_model(torch.tensor([s])).logits[0].numpy() for s in sequences]
                again = [loaded(torch.tensor([s])).logits[0].numpy() for s in sequences]
            drift = max(float(np.abs(a - b).max()) for a, b in zip(rows, again))
            doubled = loaded.double()
            with torch.no_grad():
                finer = [doubled(torch.tensor([s])).logits[0].numpy() for s in sequences]
            noise = max(float(np.abs(a - b).max()) for a, b in zip(rows, finer))
            spread = float(np.concatenate(rows).std())
            assert drift < 2e-4, (stem, drift)
            (out / f"{stem}.logits").write_bytes(np.concatenate(rows).astype("<f4").tobytes())
            entry = {"file": path.name, "architecture": arch, "bytes": path.stat().st_size, "vocab": config.vocab_size,
                     "sequences": sequences, "logits_file": f"{stem}.logits", "logits_std": round(spread, 4),
                     "float32_noise": float(f"{noise:.2e}")}
            line = f"{stem:20} {path.stat().st_size:8} bytes, logits std {spread:.2f}, loader drift {drift:.1e}, f32 noise {noise:.1e}"
            if llama:
                with llama.model(path) as peer:
                    peer_rows = [peer.logits(s, exact_cache=True) for s in sequences]
                    ids = peer.tokenize("Hello, the thing!\n 12", True, True)
                off = max(float(np.abs(a - b).max()) for a, b in zip(rows, peer_rows))
                agree = np.mean([np.mean(a.argmax(1) == b.argmax(1)) for a, b in zip(rows, peer_rows)])
                entry |= {"llama_cpp_max_difference": float(f"{off:.2e}"), "llama_cpp_argmax_agreement": round(float(agree), 4)}
                entry |= {"tokenizer_probe": {"text": "Hello, the thing!\n 12", "ids": ids}}
                line += f"; llama.cpp max {off:.1e}, argmax {agree:.3f}"
            index.append(entry)
            print(line, flush=True)
    (out / "index.json").write_text(json.dumps(index, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
