"""Ends the node that is answering, in mid-answer, and checks that the client's bytes equal those of an undisturbed answer."""

import json
import os
import pathlib
import signal
import sys
import urllib.request


def stream(url: str, model: str, on_token) -> str:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Tell me a long story about a fence."}],
        "max_tokens": 160,
        "temperature": 0.8,
        "seed": 4711,
        "stream": True,
    }
    request = urllib.request.Request(
        url + "/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    text = ""
    with urllib.request.urlopen(request, timeout=120) as response:
        node = response.headers["Ringfence-Node"]
        chunks = 0
        for line in response:
            if not line.startswith(b"data: ") or line.strip() == b"data: [DONE]":
                continue
            event = json.loads(line[6:])
            if "error" in event:
                raise SystemExit(f"the stream ended with an error: {event['error']}")
            for choice in event["choices"]:
                text += choice["delta"].get("content") or ""
                chunks += 1
            if on_token and chunks == 20:
                on_token(node)
                on_token = None
    if on_token:
        raise SystemExit("the answer was too short to end its node in the middle")
    return text


def main() -> None:
    url, model, name, run_dir = sys.argv[1:]
    expected = stream(url, model, None)

    def end(node: str) -> None:
        pid = int((pathlib.Path(run_dir) / f"{node}.pid").read_text())
        os.kill(pid, getattr(signal, "SIG" + name))

    got = stream(url, model, end)
    if got != expected:
        raise SystemExit(f"the answers differ:\n{expected!r}\n{got!r}")
    print(f"{len(got)} characters, the same with and without SIG{name}")


main()
