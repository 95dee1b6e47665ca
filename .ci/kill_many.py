"""Kills nodes with SIGKILL at random tokens of answers of every kind, restarts them behind, and checks that each answer is the one
that an undisturbed stack gives, and that the reader sees no long pause.

usage: kill_many.py URL MODEL RUN_DIR [--kills N] [--at-once N] [--seconds S] [--seed N] [--pause S]

The stack is one of `deploy/local/up --nodes N`, N at least 2; RUN_DIR is deploy/local/.run. It needs Linux (/proc).

--kills counts answers that lost their node: what the router calls an attempt that ended as target_lost. With --at-once, one SIGKILL
takes the node from several. What bounds how many fit in a time is the killed nodes' start: a JVM that compiles the engine's vector
code takes some 30 s of processor time, and the report says how long it took. A killed node is started again when the answers have
ended: on a real fleet another machine starts it, here it would take the processors from the node that goes on. Pauses are measured
while one answer is read at a time. Beside the reader's pause stands the part of it that the node that went on needed to its first
token (it computes the prompt and the answer so far)."""

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
        router = pathlib.Path(f"/proc/{int((self.run_dir / 'router.pid').read_text())}/cmdline").read_bytes().split(b"\0")
        self.router = int(next(word for word in router if word.startswith(b"-Dquarkus.http.port=")).split(b"=")[1])
        if len(self.commands) < 2:
            raise SystemExit("at least two nodes are needed: deploy/local/up --nodes 3")
        self.lock = threading.Lock()
        self.down = set()
        self.starts = []

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
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port(node)}/metrics", timeout=1) as answer:
                for line in answer.read().decode().splitlines():
                    if line.startswith("ringfence_node_sequences_running"):
                        return float(line.rsplit(" ", 1)[1])
        except OSError:
            pass
        return 0

    def lost(self) -> int:
        """Answers that have lost their node so far, as the router counts."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.router}/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith("ringfence_router_attempts_total") and 'outcome="target_lost"' in line:
                    return int(float(line.rsplit(" ", 1)[1]))
        return 0

    def busiest(self):
        """The node that computes most, if another one can go on with that; None: there is none."""
        up = self.up()
        computing = sorted(((self.running(node), node) for node in up), reverse=True)
        return computing[0][1] if len(up) > 1 and computing[0][0] > 0 else None

    def up(self) -> list:
        with self.lock:
            return [node for node in self.commands if node not in self.down]

    def kill(self, node: str) -> None:
        with self.lock:
            self.down.add(node)
        os.kill(int((self.run_dir / f"{node}.pid").read_text()), signal.SIGKILL)

    def start_again(self, killed: list) -> None:
        for node in killed:
            threading.Thread(target=self.restart, args=(node,), daemon=True).start()

    def computed(self) -> dict:
        """Attempts that each node has begun to answer, and the seconds to their first tokens in all."""
        found = {}
        for node in self.up():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port(node)}/metrics", timeout=5) as answer:
                    lines = [line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line.startswith("ringfence_node_ttft_seconds_")]
                total = {key: sum(float(value) for name, value in lines if name.startswith(f"ringfence_node_ttft_seconds_{key}")) for key in ("count", "sum")}
                found[node] = (total["count"], total["sum"])
            except OSError:
                pass
        return found

    def restart(self, node: str) -> None:
        began = time.monotonic()
        with open(self.run_dir / f"{node}.log", "ab") as log:
            child = subprocess.Popen(self.commands[node], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        self.children.append(child)
        (self.run_dir / f"{node}.pid").write_text(str(child.pid))
        deadline = time.monotonic() + 120
        while not self.is_ready(node):
            if time.monotonic() > deadline or child.poll() is not None:
                print(f"{node} did not start again; see its log", file=sys.stderr)
                os._exit(1)
            time.sleep(0.25)
        with self.lock:
            self.down.discard(node)
            self.starts.append(time.monotonic() - began)

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
        with urllib.request.urlopen(request, timeout=240) as response:
            reading.add(json.load(response))
        if timer:
            timer.cancel()
            timer.join()
        return reading
    wanted = list(at_chunk)
    with urllib.request.urlopen(request, timeout=240) as response:
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


def spread(name: str, seconds: list) -> str:
    if not seconds:
        return f"{name}: none"
    return f"{name}: " + ", ".join(
        f"{label} {percentile(seconds, share) * 1000:.0f} ms" for label, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("most", 1.0))
    )


class Watch:
    """Ends the run when it takes far longer than it may, and says what it was doing."""

    def __init__(self, seconds: float) -> None:
        self.doing = "starting"
        if seconds:
            timer = threading.Timer(seconds, self.bite, [seconds])
            timer.daemon = True
            timer.start()

    def bite(self, seconds: float) -> None:
        print(f"gave up after {seconds:.0f} s while {self.doing}", file=sys.stderr, flush=True)
        os._exit(1)


class Run:
    def __init__(self, options) -> None:
        self.options = options
        self.dice = random.Random(options.seed)
        self.nodes = Nodes(options.run_dir)
        self.expected = {}
        self.before = self.nodes.lost()
        self.signals = self.wrong = self.answers = 0
        self.by_case = dict.fromkeys(CASES, 0)
        self.pauses = []
        self.computing = []
        self.lock = threading.Lock()

    def kills(self) -> int:
        return self.nodes.lost() - self.before

    def learn(self, name: str) -> None:
        if name not in self.expected:
            reading = ask(self.options.url, body_of(CASES[name], self.options.model), [], None)
            self.expected[name] = (reading.content(), reading.chunks)

    def check(self, name: str, reading: Reading) -> None:
        with self.lock:
            self.answers += 1
            self.by_case[name] += 1
            if reading.content() != self.expected[name][0]:
                self.wrong += 1
                print(f"WRONG after {self.signals} kills, seed {self.options.seed}, {name}:\n{self.expected[name][0]}\n{reading.content()}")

    def one(self, name: str) -> None:
        """One answer, which loses one or two nodes."""
        killed, moments = [], []

        def kill(_: Reading) -> None:
            node = self.nodes.busiest()
            if node:
                self.nodes.kill(node)
                killed.append(node)
                moments.append(time.monotonic())

        chunks = self.expected[name][1]
        spare = min(len(self.nodes.up()) - 1, 2)
        at = sorted(self.dice.sample(range(2, max(4, chunks - 4)), spare)) if chunks > 8 else [self.dice.randrange(2, 60)]
        before = self.nodes.computed()
        reading = ask(self.options.url, body_of(CASES[name], self.options.model), at, kill)
        self.signals += len(killed)
        if CASES[name].get("stream", True):
            for moment in moments:
                after = [gap for when, gap in reading.gaps if when > moment]
                self.pauses.append(max(after[:16], default=0))
            if len(killed) == 1:
                now = self.nodes.computed()
                self.computing += [
                    now[node][1] - before[node][1] for node in now if node in before and node not in killed and now[node][0] == before[node][0] + 1
                ]
        self.nodes.start_again(killed)
        self.check(name, reading)

    def many(self, names: list) -> None:
        """Many answers at once, while nodes are lost until one is left."""
        tokens = threading.Semaphore(0)
        failed = []

        def read(name: str) -> None:
            try:
                wanted = range(2, self.expected[name][1] + 1)
                self.check(name, ask(self.options.url, body_of(CASES[name], self.options.model), wanted, lambda _: tokens.release()))
            except BaseException as broken:  # told by the main thread
                failed.append((name, broken))

        readers = [threading.Thread(target=read, args=(name,), daemon=True) for name in names]
        for reader in readers:
            reader.start()
        killed = []
        spare = len(self.nodes.up()) - 1
        expected = sum(max(1, self.expected[name][1]) for name in names)
        for _ in range(spare):
            # At a random token of all that are being read.
            for _ in range(self.dice.randrange(len(names), max(len(names) + 1, expected // (spare + 1)))):
                if not tokens.acquire(timeout=30):
                    break
            node = self.nodes.busiest()
            if node:
                self.nodes.kill(node)
                killed.append(node)
        for reader in readers:
            reader.join()
        self.signals += len(killed)
        self.nodes.start_again(killed)
        if failed:
            raise SystemExit(f"{failed[0][0]} failed after {self.signals} kills, seed {self.options.seed}: {failed[0][1]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("model")
    parser.add_argument("run_dir")
    parser.add_argument("--kills", type=int, default=200, help="answers that lose their node (default: 200)")
    parser.add_argument("--at-once", type=int, default=1, help="answers read at one time (default: 1)")
    parser.add_argument("--seconds", type=float, default=0, help="begin no other answer after so long, whatever the number of kills; 0: never")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pause", type=float, default=1.0, help="the longest pause at the 99th percentile, in seconds; 0: any")
    options = parser.parse_args()
    began = time.monotonic()
    watch = Watch(options.seconds and options.seconds + 150)
    run = Run(options)
    kills = 0
    while kills < options.kills and not (options.seconds and time.monotonic() - began > options.seconds):
        names = [run.dice.choice(list(CASES)) for _ in range(options.at_once)]
        for name in names:
            watch.doing = f"asking '{name}' without a kill"
            run.learn(name)
        # One node must stay up to go on with the answers; many at once are worth all nodes.
        watch.doing = f"waiting for killed nodes to come back after {run.signals} kills"
        run.nodes.await_up(2 if options.at_once == 1 else len(run.nodes.commands))
        watch.doing = f"reading {names} after {run.signals} kills"
        if options.at_once == 1:
            run.one(names[0])
        else:
            run.many(names)
        kills = run.kills()
    watch.doing = "waiting for the last killed nodes"
    run.nodes.await_up(len(run.nodes.commands))
    took = time.monotonic() - began
    print(
        f"{run.signals} nodes killed, {kills} times an answer lost its node, {run.answers} answers in {took:.0f} s (seed {options.seed}):"
        f" {run.wrong} differ; {run.by_case}"
    )
    if options.at_once == 1:
        print(spread("pause of the reader", run.pauses))
        print(spread("of it, to the first token on the node that went on", run.computing))
    print(spread("a killed node's start", run.nodes.starts))
    if run.wrong or not kills:
        raise SystemExit("answers differ" if run.wrong else "nothing was killed: the answers were too quick or no node computed")
    if options.pause and run.pauses and percentile(run.pauses, 0.99) > options.pause:
        raise SystemExit(f"the pause's 99th percentile is above {options.pause} s")


main()
