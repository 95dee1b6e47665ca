"""Writes greedy/MODEL.json: greedy answers in float32, with margins and the best eight of each position.

Usage: make_greedy.py MODEL.gguf LLAMA_LIB_DIR OUT_DIR
(LLAMA_LIB_DIR is used for token ids only: how llama.cpp counts a prompt.)
"""

import json
import pathlib
import sys
import time

import torch

import gguf_truth
import templating
import texts
from llama_capi import Llama

TOKENS = 28


def prompts(template, tokens):
    if template is None:
        for kind, text in texts.BASE_COMPLETIONS:
            yield {"kind": kind, "text": text}
        return
    render = templating.compile_template(template)
    for kind, question in texts.QUESTIONS:
        messages = [{"role": "user", "content": question}]
        if kind == "numbers":
            messages.insert(0, {"role": "system", "content": "You are a calculator. Answer with the number alone."})
        if kind == "german":
            messages = [{"role": "user", "content": "Hi!"}, {"role": "assistant", "content": "Hello! How can I help?"}, *messages]
        text = render(messages=messages, add_generation_prompt=True, **tokens)
        yield {"kind": "chat-" + kind, "messages": messages, "text": text}
    for kind, text in texts.COMPLETIONS:
        yield {"kind": "completion-" + kind, "text": text}


def answer(model, ids, is_end):
    """Greedy ids by a cached run, then every figure from one uncached pass over the whole."""
    given, cache, out = torch.tensor([ids]), None, []
    while len(out) < TOKENS:
        step = model(given, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = step.past_key_values
        token = int(step.logits[0, -1].argmax())
        out.append(token)
        given = torch.tensor([[token]])
        if is_end(token):
            break
    whole = model(torch.tensor([ids + out[:-1]]), use_cache=False).logits[0, len(ids) - 1 :]
    positions = []
    for i, row in enumerate(whole):
        logprobs = torch.log_softmax(row.double(), 0)
        best = torch.topk(logprobs, 8)
        two = torch.topk(row, 2).values
        agrees = int(row.argmax()) == out[i]
        assert agrees or float(two[0] - two[1]) < 1e-3, (i, float(two[0] - two[1]))
        positions.append({
            "id": out[i],
            "margin": round(float(two[0] - two[1]), 6),
            "top_ids": best.indices.tolist(),
            "top_logprobs": [round(v, 6) for v in best.values.tolist()],
        })
    return out, positions


def main():
    path, libdir, out_dir = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    torch.set_num_threads(2)
    gguf = gguf_truth.Gguf(path)
    vocab = gguf.get("tokenizer.ggml.tokens")

    def spelling(key):
        token = gguf.get(f"tokenizer.ggml.{key}")
        return "" if token is None else vocab[token]

    tokens = {"bos_token": spelling("bos_token_id"), "eos_token": spelling("eos_token_id")}
    model = gguf_truth.load(path)
    llama = Llama(libdir)
    results = []
    start = time.time()
    with llama.model(path, vocab_only=True) as vocabulary, torch.inference_mode():
        for prompt in prompts(gguf.get("tokenizer.chat_template"), tokens):
            ids = vocabulary.tokenize(prompt["text"], True, True)
            out, positions = answer(model, ids, lambda t: llama.lib.llama_vocab_is_eog(vocabulary.vocab, t))
            text = vocabulary.detokenize(out).decode("utf-8", "replace")
            end = llama.lib.llama_vocab_is_eog(vocabulary.vocab, out[-1])
            results.append({
                **prompt,
                "prompt_ids": ids,
                "prompt_tokens": len(ids),
                "ids": out,
                "answer": text,
                "finish": "stop" if end else "length",
                "positions": positions,
            })
            print(f"{time.time() - start:6.1f} s", prompt["kind"], len(ids), repr(text), flush=True)
    out_dir.mkdir(parents=True, exist_ok=True)
    head = {"model": path.name, "arithmetic": "float32", "tokens": TOKENS, "prompts": results}
    (out_dir / f"{path.stem}.json").write_text(json.dumps(head, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
