"""Kills nodes with SIGKILL at random tokens of answers of every kind, restarts them behind, and checks that each answer is the one
that an undisturbed stack gives, and that the reader sees no long pause.

usage: kill_many.py URL MODEL RUN_DIR [--kills N] [--seconds S] [--seed N] [--pause S]

The stack is one of `deploy/local/up --nodes N`, N at least 2; RUN_DIR is deploy/local/.run. It needs Linux (/proc)."""

import argparse
import json
import pathlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request

STORY = [{"role": "user", "content": "Tell me a long story about a fence and the dog behind it."}]
COMMON = {"messages": STORY, "max_tokens": 96, "stream": True}
CASES = {
    "plain": {"temperature": 0},
    "n=4": {"n": 4, "temperature": 0.9, "seed": 11, "max_tokens": 48},
    "logprobs": {"temperature": 0, "logprobs": True, "top_logprobs": 3, "max_tokens": 64},
    "stop strings": {"temperature": 0.7, "seed": 5, "stop": ["the end of all fences", "zzzz"]},
    "penalties": {"temperature": 0.8, "seed": 7, "frequency_penalty": 0.8, "presence_penalty": 0.4, "repetition_penalty": 1.1},
    "temperature with seed": {"temperature": 1.0, "seed": 4711, "top_p": 0.9},
    "not streamed": {"temperature": 0.9, "seed": 3, "stream": False},
    "completion": {"temperature": 0.8, "seed": 9, "prompt": "Once upon a time there was a fence that", "messages": None},
}


def body_of(case: dict, model: str) -> dict:
    body = {**COMMON, **case, "model": model}
    return {key: value for key, value in body.items() if value is not None}


class Nodes:
    """The stack's node processes: found by their pid files, killed, started again with the same command line."""

    def __init__(self, run_dir: str) -> None:
        self.run_dir = pathlib.Path(run_dir)
        self.commands = {}
        self.children = []
        for file in sorted(self.run_dir.glob("node-*.pid")):
            words = pathlib.Path(f"/proc/{int(file.read_text())}/cmdline").read_bytes().split(b"\0")[:-1]
            self.commands[file.stem] = words
        if len(self.commands) < 2:
            raise SystemExit("at least two nodes are needed: deploy/local/up --nodes 3")
        self.lock = threading.Lock()
        self.down = set()

    def port(self, node: str) -> int:
        flags = [word.decode() for word in self.commands[node]]
        return int(next(f for f in flags if f.startswith("-Dquarkus.http.port=")).split("=")[1])

    def is_ready(self, node: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port(node)}/q/health/ready", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def running(self, node: str) -> float:
        """Sequences that it computes."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port(node)}/q/metrics", timeout=1) as answer:
                for line in answer.read().decode().splitlines():
                    if line.startswith("ringfence_node_sequences_running"):
                        return float(line.rsplit(" ", 1)[1])
        except OSError:
            pass
        return 0

    def up(self) -> list:
        with self.lock:
            return [node for node in self.commands if node not in self.down]

    def kill(self, node: str) -> None:
        with self.lock:
            self.down.add(node)
        os.kill(int((self.run_dir / f"{node}.pid").read_text()), signal.SIGKILL)
        threading.Thread(target=self.restart, args=(node,), daemon=True).start()

    def restart(self, node: str) -> None:
        with open(self.run_dir / f"{node}.log", "ab") as log:
            child = subprocess.Popen(self.commands[node], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        self.children.append(child)
        (self.run_dir / f"{node}.pid").write_text(str(child.pid))
        deadline = time.monotonic() + 120
        while not self.is_ready(node):
            if time.monotonic() > deadline or child.poll() is not None:
                print(f"{node} did not start again; see its log", file=sys.stderr)
                os._exit(1)
            time.sleep(0.05)
        with self.lock:
            self.down.discard(node)

    def await_up(self, count: int) -> None:
        deadline = time.monotonic() + 120
        while len(self.up()) < count:
            if time.monotonic() > deadline:
                raise SystemExit("the killed nodes did not come back within 120 s")
            time.sleep(0.02)


class Reading:
    """One answer being read: what was said of each choice, and when."""

    def __init__(self) -> None:
        self.choices = {}
        self.chunks = 0
        self.last = time.monotonic()
        self.gaps = []
        self.node = None

    def add(self, event: dict) -> None:
        now = time.monotonic()
        self.gaps.append((now, now - self.last))
        self.last = now
        self.chunks += 1
        for choice in event["choices"]:
            said = {key: value for key, value in choice.items() if key != "index"}
            self.choices.setdefault(choice["index"], []).append(said)

    def content(self):
        return {index: said for index, said in sorted(self.choices.items())}


def ask(url: str, body: dict, at_chunk, hook) -> Reading:
    """Reads an answer; calls hook(reading) once for each number in at_chunk, when so many chunks have come."""
    path = "/v1/completions" if "prompt" in body else "/v1/chat/completions"
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    reading = Reading()
    if not body["stream"]:
        timer = threading.Timer(0.05 + 0.02 * at_chunk[0], hook, [reading]) if at_chunk else None
        if timer:
            timer.start()
        with urllib.request.urlopen(request, timeout=120) as response:
            reading.add(json.load(response))
        if timer:
            timer.cancel()
            timer.join()
        return reading
    wanted = list(at_chunk)
    with urllib.request.urlopen(request, timeout=120) as response:
        reading.node = response.headers["Ringfence-Node"]
        for line in response:
            if not line.startswith(b"data: ") or line.strip() == b"data: [DONE]":
                continue
            event = json.loads(line[6:])
            if "error" in event:
                raise SystemExit(f"the stream ended with an error: {event['error']}")
            reading.add(event)
            while wanted and reading.chunks >= wanted[0]:
                wanted.pop(0)
                hook(reading)
    return reading


def percentile(values: list, share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("model")
    parser.add_argument("run_dir")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=0, help="stop after so long, whatever the number of kills; 0: never")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pause", type=float, default=1.0, help="the longest pause at the 99th percentile, in seconds; 0: any")
    options = parser.parse_args()
    dice = random.Random(options.seed)
    nodes = Nodes(options.run_dir)
    expected = {}
    for name, case in CASES.items():
        reading = ask(options.url, body_of(case, options.model), [], None)
        expected[name] = (reading.content(), reading.chunks)
    began = time.monotonic()
    kills = wrong = answers = 0
    by_case = dict.fromkeys(CASES, 0)
    pauses = []
    while kills < options.kills and not (options.seconds and time.monotonic() - began > options.seconds):
        name = dice.choice(list(CASES))
        content, chunks = expected[name]
        # One node must stay up to go on with the answer while the one that was killed comes back.
        nodes.await_up(2)
        killed = []

        def kill(reading: Reading) -> None:
            computing = [node for node in nodes.up() if nodes.running(node) > 0]
            if computing and len(nodes.up()) > 1:
                nodes.kill(computing[0])
                killed.append(time.monotonic())

        spare = len(nodes.up()) - 1
        at = sorted(dice.sample(range(2, max(4, chunks - 4)), min(spare, 2))) if chunks > 8 else [dice.randrange(2, 60)]
        reading = ask(options.url, body_of(CASES[name], options.model), at, kill)
        answers += 1
        kills += len(killed)
        by_case[name] += len(killed)
        if CASES[name].get("stream", True):
            for moment in killed:
                after = [gap for when, gap in reading.gaps if when > moment]
                pauses.append(max(after[:16], default=0))
        if reading.content() != content:
            wrong += 1
            print(f"WRONG after {kills} kills, seed {options.seed}, {name}:\n{content}\n{reading.content()}")
    took = time.monotonic() - began
    nodes.await_up(len(nodes.commands))
    print(f"{kills} kills in {answers} answers in {took:.0f} s (seed {options.seed}): {wrong} answers differ; {by_case}")
    if pauses:
        print(
            f"pause of the reader: p50 {percentile(pauses, 0.5) * 1000:.0f} ms, p99 {percentile(pauses, 0.99) * 1000:.0f} ms,"
            f" most {max(pauses) * 1000:.0f} ms"
        )
    if wrong or not kills or (options.pause and pauses and percentile(pauses, 0.99) > options.pause):
        raise SystemExit(1)


main()
