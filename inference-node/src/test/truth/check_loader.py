"""Compares gguf_truth.load with transformers' own GGUF loader. Usage: check_loader.py MODEL.gguf..."""

import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM

import gguf_truth

torch.set_num_threads(2)
for path in map(pathlib.Path, sys.argv[1:]):
    ids = torch.arange(100, 100 + 700 * 7, 7)[None] % 30000
    with torch.inference_mode():
        ours_model = gguf_truth.load(path)
        ours = ours_model(ids).logits
        theirs_model = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager").eval()
        theirs = theirs_model(ids).logits
    print(path.name, "max |difference|", (ours - theirs).abs().max().item(), "over logits up to", ours.abs().max().item())
    print("  ", theirs_model.config.to_dict().get("rope_parameters"), theirs_model.config.to_dict().get("layer_types"), getattr(theirs_model.config, "query_pre_attn_scalar", None), theirs_model.config.hidden_activation if hasattr(theirs_model.config, "hidden_activation") else "")
