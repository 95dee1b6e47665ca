"""On a running stack with one node: 64 streams at once equal their answers alone, and clients that hang up leave nothing behind.

usage: check_load.py GATEWAY_URL NODE_METRICS_URL MODEL
"""

import http.client
import json
import random
import statistics
import sys
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

gateway, node, model = sys.argv[1:]
HANG_UPS = 100
address = urllib.parse.urlparse(gateway)
words = "fence river letter garden winter machine story number silent copper window a the of and to in is it".split()


def body(index: int) -> dict:
    chooser = random.Random(index)
    text = " ".join(chooser.choice(words) for _ in range(chooser.choice([3, 10, 40, 150, 400])))
    return {
        "model": model,
        "messages": [{"role": "user", "content": f"Continue: {text}"}],
        "max_tokens": chooser.choice([1, 5, 20, 60, 100]),
        "temperature": chooser.choice([0, 0.7, 1.0]),
        "seed": index,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def open_stream(request: dict) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=300)
    connection.request("POST", "/v1/chat/completions", json.dumps(request), {"Content-Type": "application/json"})
    return connection, connection.getresponse()


def answer(index: int) -> tuple[str, int]:
    connection, response = open_stream(body(index))
    assert response.status == 200, response.read()
    text, tokens = "", 0
    for line in response:
        if line.startswith(b"data: ") and line.strip() != b"data: [DONE]":
            event = json.loads(line[6:])
            assert "error" not in event, event
            for choice in event["choices"]:
                text += choice["delta"].get("content") or ""
            if event.get("usage"):
                tokens = event["usage"]["completion_tokens"]
    connection.close()
    return text, tokens


def metric(name: str) -> float:
    with urllib.request.urlopen(node + "/metrics", timeout=10) as response:
        return sum(float(line.split()[-1]) for line in response.read().decode().splitlines() if line.startswith(name + "{"))


def wait_for(description: str, condition, limit: float = 20.0) -> float:
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > limit:
            sys.exit(f"after {limit} s still not so: {description}")
        time.sleep(0.002)
    return time.monotonic() - began


def main() -> None:
    answer(0)
    free = metric("ringfence_node_kv_tokens_free")

    began = time.monotonic()
    with ThreadPoolExecutor(64) as threads:
        together = list(threads.map(answer, range(64)))
    seconds = time.monotonic() - began
    tokens = sum(count for _, count in together)
    alone = [answer(index) for index in range(64)]
    different = [index for index in range(64) if together[index] != alone[index]]
    if different:
        sys.exit(f"answers {different} differ from those alone")
    print(f"64 streams at once: {tokens} tokens in {seconds:.1f} s ({tokens / seconds:.0f} tokens/s), each equal to its answer alone")

    gaps = []
    for index in range(HANG_UPS):
        request = body(index) | {"max_tokens": 2000, "temperature": 1.5}
        connection, response = open_stream(request)
        response.readline()
        wait_for("the sequence runs", lambda: metric("ringfence_node_sequences_running") > 0)
        connection.sock.close() if connection.sock else None
        response.close()
        connection.close()
        gaps.append(wait_for("the sequence ends", lambda: metric("ringfence_node_sequences_running") == 0))
    gaps.sort()
    print(
        f"a client gone frees its sequence after {1000 * statistics.median(gaps):.0f} ms (median of {len(gaps)},"
        f" p99 {1000 * gaps[int(0.99 * len(gaps))]:.0f} ms, worst {1000 * gaps[-1]:.0f} ms, asking the node's metrics included)"
    )

    def hang_up(index: int) -> None:
        connection, response = open_stream(body(index) | {"max_tokens": 1000})
        for _ in range(random.Random(index).choice([0, 1, 5])):
            response.readline()
        response.close()
        connection.close()

    with ThreadPoolExecutor(50) as threads:
        list(threads.map(hang_up, range(200)))
    wait_for("no sequence runs", lambda: metric("ringfence_node_sequences_running") == 0)
    wait_for("no sequence waits", lambda: metric("ringfence_node_sequences_waiting") == 0)
    wait_for("all pages are free", lambda: metric("ringfence_node_kv_tokens_free") == free)
    print("200 clients that hung up left no sequence and no page")


main()
