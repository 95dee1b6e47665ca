"""Writes kl/: the truth's distribution after every token of a real text, and llama.cpp's distance from it.

Usage: make_kl.py LLAMA_LIB_DIR OUT_DIR MODEL.gguf...
"""

import json
import pathlib
import sys

import numpy as np
import torch

import gguf_truth
import texts
from llama_capi import Llama

TOP = 64


def log_softmax(logits):
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def divergences(truth, other, top):
    """KL(truth || other) of each position over the whole vocabulary, and over the best 64 with one bucket for the rest."""
    full = (np.exp(truth) * (truth - other)).sum(axis=1)
    p, q = np.take_along_axis(truth, top, 1), np.take_along_axis(other, top, 1)
    p_rest = np.maximum(1.0 - np.exp(p).sum(axis=1), 1e-12)
    q_rest = np.maximum(1.0 - np.exp(q).sum(axis=1), 1e-12)
    bucketed = (np.exp(p) * (p - q)).sum(axis=1) + p_rest * np.log(p_rest / q_rest)
    return full, bucketed


def summary(truth, logits, top):
    other = log_softmax(logits)
    full, bucketed = divergences(truth, other, top)
    return {
        "mean_kl_full": float(f"{full.mean():.6g}"),
        "mean_kl_bucketed": float(f"{bucketed.mean():.6g}"),
        "median_kl_full": float(f"{np.median(full):.6g}"),
        "max_kl_full": float(f"{full.max():.6g}"),
        "greedy_agreement": float(f"{(truth.argmax(1) == other.argmax(1)).mean():.6g}"),
    }


def main():
    llama, out, paths = Llama(sys.argv[1]), pathlib.Path(sys.argv[2]), [pathlib.Path(p) for p in sys.argv[3:]]
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    report = {}
    for path in paths:
        with llama.model(path) as peer:
            ids = peer.tokenize(texts.KL_TEXT, True, True)
            runs = {
                "prompt_at_once": peer.logits(ids),
                "token_by_token": peer.logits(ids, step=1),
                "exact_cache": peer.logits(ids, exact_cache=True),
            }
        with torch.no_grad():
            logits = gguf_truth.load(path)(torch.tensor([ids])).logits[0].numpy()
        truth = log_softmax(logits)
        top = np.argsort(-truth, axis=1, kind="stable")[:, :TOP]
        best = np.take_along_axis(truth, top, 1)
        (out / f"{path.stem}.ids").write_bytes(top.astype("<u4").tobytes())
        (out / f"{path.stem}.logprobs").write_bytes(best.astype("<f4").tobytes())
        actual = truth[np.arange(len(ids) - 1), ids[1:]]
        head = {"model": path.name, "text": texts.KL_TEXT, "ids": ids, "top": TOP,
                "mean_negative_logprob_of_text": float(f"{-actual.mean():.6g}"),
                "mean_mass_outside_top": float(f"{(1 - np.exp(best).sum(axis=1)).mean():.6g}")}
        (out / f"{path.stem}.json").write_text(json.dumps(head, ensure_ascii=False, separators=(",", ":")) + "\n")
        report[path.stem] = {"tokens": len(ids), **{name: summary(truth, run, top) for name, run in runs.items()}}
        print(path.stem, json.dumps(report[path.stem], indent=1), head["mean_negative_logprob_of_text"], head["mean_mass_outside_top"], flush=True)
    (out / "llama_cpp.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
