"""What traces, exported metrics and the outbox cost: gateway and router with and without, in turn on warm processes.

usage: bench_telemetry.py [SECONDS] [REQUESTS] [--outbox]

Simulated nodes that answer at once; a receiver of OTLP that throws everything away. Two equal processes differ by some percent, by how they happened
to be compiled, which is as much as telemetry costs: what traces cost is found in one stack that exports metrics and samples no request by itself, of
which requests are kept by their own traceparent: none, one in ten, all, in turn. A plain stack stands beside it, and a second one, whose difference
says what nothing looks like between processes. As many rounds as fit into the seconds (default 900, the start among them), in each of which every
variant answers so many requests (default 1000), in an order that turns. Rounds count from when the compilers of gateways and routers rest (every trace
is kept until then), which takes minutes, half of the seconds at most. Prints requests a second and the processor time of gateway and router for each
request: medians over the rounds, and the median of the differences to what each variant is compared with in the same round. With --outbox also what it
costs to write events down."""

import http.server
import os
import pathlib
import re
import statistics
import subprocess
import sys
import threading
import time

from stack import ROOT, Stack, free_port, wait_for

numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
SECONDS = numbers[0] if numbers else 900
REQUESTS = numbers[1] if len(numbers) > 1 else 1000
WARM_UP_REQUESTS = 5000
RESTS = 0.02  # of the time, all compilers together
began = time.monotonic()
TICK = os.sysconf("SC_CLK_TCK")


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        pass


stack = Stack("bench")
receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
endpoint = f"http://127.0.0.1:{receiver.server_port}"


def telemetry(service: str) -> dict:
    settings = {f"ringfence.{service}.telemetry.endpoint": endpoint}
    # Where traces begin: routers and nodes keep what the gateway keeps.
    return settings | {"ringfence.gateway.telemetry.sampling": 0} if service == "gateway" else settings


# By their names: the stack that answers, of which requests the trace is kept (each N-th; 0: none), and what it is compared with.
STACKS = {"plain": lambda service: {}, "again plain": lambda service: {}, "exporting": telemetry}
VARIANTS = {
    "plain": ("plain", 0, "plain"),
    "again plain": ("again plain", 0, "plain"),
    "exported metrics": ("exporting", 0, "plain"),
    "the same, traces of 1 in 10": ("exporting", 10, "exported metrics"),
    "the same, all traces": ("exporting", 1, "exported metrics"),
}
if "--outbox" in sys.argv:
    STACKS["outbox"] = lambda service: {"ringfence.router.events.folder": stack.folder / "events"} if service == "router" else {}
    VARIANTS["outbox"] = ("outbox", 0, "plain")


def cpu(name: str) -> float:
    fields = pathlib.Path(f"/proc/{stack.processes[name].pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def compiled() -> float:
    """Seconds of processor that the compilers of all gateways and routers took."""
    nanos = 0
    for name, process in stack.processes.items():
        for thread in pathlib.Path(f"/proc/{process.pid}/task").iterdir() if name != "node" else ():
            try:
                if re.match(r"C[12] Comp", (thread / "comm").read_text()):
                    nanos += int((thread / "schedstat").read_text().split()[0])
            except FileNotFoundError:
                pass  # It has ended.
    return nanos / 1e9


try:
    ports = {variant: (free_port(), free_port(), free_port()) for variant in STACKS}
    node, node_http = free_port(), free_port()
    for variant, settings in STACKS.items():
        router, router_http, gateway = ports[variant]
        stack.start(f"router {variant}", "router", {"ringfence.router.listen-address": f"127.0.0.1:{router}", "quarkus.http.host": "127.0.0.1", "quarkus.http.port": router_http, **settings("router")})
        stack.start(f"gateway {variant}", "gateway", {"ringfence.gateway.routers": f"127.0.0.1:{router}", "ringfence.gateway.max-requests": 4096, "quarkus.http.host": "127.0.0.1", "quarkus.http.port": gateway, **settings("gateway")})
        stack.ready(f"router {variant}", router_http)
    stack.start(
        "node",
        "inference-node",
        {
            "ringfence.node.simulate": "ttft=0ms,tpot=1us,slots=2048,model=quick",
            "ringfence.node.listen-address": f"127.0.0.1:{node}",
            "ringfence.node.routers": ",".join(f"127.0.0.1:{router}" for router, _, _ in ports.values()),
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": node_http,
            **telemetry("node"),
        },
        ["serve"],
    )
    stack.ready("node", node_http)
    for variant in STACKS:
        stack.ready(f"gateway {variant}", ports[variant][2])
    classes = stack.folder / "load"
    subprocess.run([stack.java.removesuffix("java") + "javac", "-d", classes, *sorted((ROOT / "gateway/bench/load").glob("*.java"))], check=True)

    def measured(name: str, kept: int, count: int) -> tuple[float, float]:
        """Requests a second, and processor time of gateway and router for each in microseconds."""
        before = cpu(f"router {name}") + cpu(f"gateway {name}")
        url = f"http://127.0.0.1:{ports[name][2]}/v1"
        command = [stack.java, "-XX:+UseSerialGC", "-Xmx256m", "-XX:TieredStopAtLevel=1", f"-Dload.kept={kept}", "-cp", classes, "Main", "requests", str(count), "64", "4", "-", f"quick {url} quick none"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{name}: {done.stdout}{done.stderr}")
        used = cpu(f"router {name}") + cpu(f"gateway {name}") - before
        # The driver is slow at first.
        rates = [int(rate) for rate in re.findall(r"^\| \d+ \| (\d+) \|", done.stdout, re.M)]
        return statistics.median(rates[3:]), used / count * 1e6

    def turned(names: list[str], number: int) -> list[str]:
        first = number % len(names)
        return names[first:] + names[:first]

    print(f"{len(STACKS)} stacks are up after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    warmed, compiling = 0, 1.0
    while compiling > RESTS and time.monotonic() - began < SECONDS / 2:
        round_began, compiled_before = time.monotonic(), compiled()
        for name in turned(list(STACKS), warmed):
            measured(name, 1, WARM_UP_REQUESTS)
        warmed += 1
        compiling = (compiled() - compiled_before) / (time.monotonic() - round_began)
        print(f"{warmed * WARM_UP_REQUESTS} requests to each; compilers took {compiling:.1%} of the time of the last", file=sys.stderr, flush=True)
    rounds: list[dict[str, tuple[float, float]]] = []
    longest, compiled_before, measuring = 0.0, compiled(), time.monotonic()
    while not rounds or time.monotonic() - began + longest < SECONDS:
        round_began = time.monotonic()
        rounds.append({variant: measured(*VARIANTS[variant][:2], REQUESTS) for variant in turned(list(VARIANTS), len(rounds))})
        longest = max(longest, time.monotonic() - round_began)
    compiling = (compiled() - compiled_before) / (time.monotonic() - measuring)
    print(
        f"{len(rounds)} rounds of {REQUESTS} requests of 4 tokens, 64 at once, after {warmed * WARM_UP_REQUESTS} of warming up; compilers took {compiling:.1%} of the time; "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    print("| | requests/s | processor µs/request, gateway and router | compared with | requests/s | processor |\n| --- | --- | --- | --- | --- | --- |")
    for variant, (_, _, other) in VARIANTS.items():
        rate, micros = (statistics.median(figures[variant][i] for figures in rounds) for i in (0, 1))
        against = [statistics.median(figures[variant][i] / figures[other][i] - 1 for figures in rounds) for i in (0, 1)]
        print(f"| {variant} | {rate:.0f} | {micros:.0f} | " + ("| | |" if other == variant else f"{other} | {against[0]:+.1%} | {against[1]:+.1%} |"))
finally:
    stack.stop()
    receiver.shutdown()
