"""Loads a GGUF file into a transformers model in float32: the truth the engine is measured against.

The tensors are dequantised by PyPI gguf, and put by hand into the architecture that the file's own metadata
describes, so that nothing depends on what transformers' GGUF loader maps today
(check_loader.py compares the two).
"""

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from transformers import AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, Qwen2Config, Qwen3Config

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
GEMMA_LAYER_NAMES = LAYER_NAMES | {
    "ffn_norm": "pre_feedforward_layernorm",
    "post_attention_norm": "post_attention_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
TOP_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


class Gguf:
    """Metadata by key and tensors by name."""

    def __init__(self, path):
        self.reader = GGUFReader(path)
        self.tensors = {t.name: t for t in self.reader.tensors}

    def get(self, key, default=None):
        field = self.reader.get_field(key)
        return default if field is None else field.contents()

    def floats(self, name):
        tensor = self.tensors[name]
        shape = tuple(int(n) for n in reversed(tensor.shape))
        return np.array(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32).reshape(shape)


def config_of(gguf):
    arch = gguf.get("general.architecture")

    def get(key, default=None):
        return gguf.get(f"{arch}.{key}", default)

    heads = get("attention.head_count")
    hidden = get("embedding_length")
    head_dim = get("attention.key_length") or get("rope.dimension_count") or hidden // heads
    layers = get("block_count")
    base = get("rope.freq_base", 10000.0)
    rope = {"rope_type": "default", "rope_theta": base}
    scaling = get("rope.scaling.type")
    if scaling == "linear":
        rope = {"rope_type": "linear", "rope_theta": base, "factor": get("rope.scaling.factor")}
    elif scaling not in (None, "none"):
        raise ValueError(f"rope scaling {scaling}")
    common = dict(
        vocab_size=gguf.tensors["token_embd.weight"].shape[1].item(),
        hidden_size=hidden,
        num_hidden_layers=layers,
        intermediate_size=get("feed_forward_length"),
        num_attention_heads=heads,
        num_key_value_heads=get("attention.head_count_kv", heads),
        rms_norm_eps=get("attention.layer_norm_rms_epsilon"),
        max_position_embeddings=get("context_length"),
        tie_word_embeddings="output.weight" not in gguf.tensors,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
        attn_implementation="eager",
    )
    if arch == "llama":
        return LlamaConfig(head_dim=head_dim, rope_parameters=rope, **common)
    if arch == "qwen2":
        return Qwen2Config(rope_parameters=rope, use_sliding_window=False, **common)
    if arch == "qwen3":
        return Qwen3Config(head_dim=head_dim, rope_parameters=rope, use_sliding_window=False, **common)
    if arch == "gemma3":
        pattern = get("attention.sliding_window_pattern", 6)  # a period, or one flag (is sliding) a layer
        sliding = pattern if isinstance(pattern, list) else [(i + 1) % pattern != 0 for i in range(layers)]
        # llama.cpp: only the 27B (62 layers) scales attention by embedding/heads
        scalar = hidden // heads if layers == 62 else head_dim
        return Gemma3TextConfig(
            head_dim=head_dim,
            query_pre_attn_scalar=scalar,
            sliding_window=get("attention.sliding_window"),
            layer_types=["sliding_attention" if each else "full_attention" for each in sliding],
            rope_parameters={
                "full_attention": rope,
                "sliding_attention": {"rope_type": "default", "rope_theta": get("rope.freq_base_swa", 10000.0)},
            },
            **common,
        )
    raise ValueError(f"architecture {arch}")


def unpermute(weight, heads):
    """llama files hold q and k with each head's rows interleaved; transformers wants the halves one after the other."""
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, half, 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def load(path):
    """The model in float32, eager attention, ready for inference."""
    gguf = Gguf(path)
    arch = gguf.get("general.architecture")
    config = config_of(gguf)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager").eval()
    state = {}
    for name in gguf.tensors:
        if name == "rope_freqs.weight":
            continue
        stem, suffix = name.rsplit(".", 1)
        data = gguf.floats(name)
        if stem.startswith("blk."):
            _, layer, part = stem.split(".")
            names = GEMMA_LAYER_NAMES if arch == "gemma3" else LAYER_NAMES
            target = f"model.layers.{layer}.{names[part]}"
            if arch == "llama" and part in ("attn_q", "attn_k"):
                data = unpermute(data, config.num_attention_heads if part == "attn_q" else config.num_key_value_heads)
        else:
            target = TOP_NAMES[stem]
        if arch == "gemma3" and target.endswith("norm"):
            data = data - np.float32(1.0)  # the file holds 1 + weight
        state[f"{target}.{suffix}"] = torch.from_numpy(np.ascontiguousarray(data))
    if config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state, strict=True)
    if "rope_freqs.weight" in gguf.tensors:
        factors = torch.from_numpy(gguf.floats("rope_freqs.weight"))
        model.model.rotary_emb.inv_freq = model.model.rotary_emb.inv_freq / factors
    return model
