"""What traces, exported metrics and the outbox cost: gateway and router with and without, in turn on warm processes.

usage: bench_telemetry.py [SECONDS] [REQUESTS] [--outbox]

Simulated nodes that answer at once; a receiver of OTLP that throws everything away. As many rounds as fit into the seconds (default 900, the start
among them), in each of which every variant answers so many requests (default 1000), in an order that turns. Rounds count from when the compilers
of gateways and routers rest, which takes minutes, half of the seconds at most: two equal processes of which one is still being compiled differ by more than
telemetry costs. Prints requests a second and the processor time of gateway and router for each request: medians over the rounds, and the median of
the differences to the mean of the two plain stacks of the same round. The two plain stacks' own difference says what nothing looks like. With
--outbox also what it costs to write events down."""

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


def telemetry(service: str, sampling: float) -> dict:
    settings = {f"ringfence.{service}.telemetry.endpoint": endpoint}
    # Where traces begin: routers and nodes keep what the gateway keeps.
    return settings | {"ringfence.gateway.telemetry.sampling": sampling} if service == "gateway" else settings


VARIANTS = {
    "plain": lambda service, name: {},
    "again plain": lambda service, name: {},
    "traces 1 of 10, metrics": lambda service, name: telemetry(service, 0.1),
    "all traces, metrics": lambda service, name: telemetry(service, 1),
}
if "--outbox" in sys.argv:
    VARIANTS["outbox"] = lambda service, name: {"ringfence.router.events.folder": stack.folder / "events"} if service == "router" else {}


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
    ports = {variant: (free_port(), free_port(), free_port()) for variant in VARIANTS}
    node, node_http = free_port(), free_port()
    for variant, settings in VARIANTS.items():
        router, router_http, gateway = ports[variant]
        stack.start(f"router {variant}", "router", {"ringfence.router.listen-address": f"127.0.0.1:{router}", "quarkus.http.host": "127.0.0.1", "quarkus.http.port": router_http, **settings("router", variant)})
        stack.start(f"gateway {variant}", "gateway", {"ringfence.gateway.routers": f"127.0.0.1:{router}", "ringfence.gateway.max-requests": 4096, "quarkus.http.host": "127.0.0.1", "quarkus.http.port": gateway, **settings("gateway", variant)})
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
            **telemetry("node", 1),
        },
        ["serve"],
    )
    stack.ready("node", node_http)
    for variant in VARIANTS:
        stack.ready(f"gateway {variant}", ports[variant][2])
    classes = stack.folder / "load"
    subprocess.run([stack.java.removesuffix("java") + "javac", "-d", classes, *sorted((ROOT / "gateway/bench/load").glob("*.java"))], check=True)

    def measured(variant: str, count: int) -> tuple[float, float]:
        """Requests a second, and processor time of gateway and router for each in microseconds."""
        before = cpu(f"router {variant}") + cpu(f"gateway {variant}")
        url = f"http://127.0.0.1:{ports[variant][2]}/v1"
        command = [stack.java, "-XX:+UseSerialGC", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", classes, "Main", "requests", str(count), "64", "4", "-", f"quick {url} quick none"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{variant}: {done.stdout}{done.stderr}")
        used = cpu(f"router {variant}") + cpu(f"gateway {variant}") - before
        # The driver is slow at first.
        rates = [int(rate) for rate in re.findall(r"^\| \d+ \| (\d+) \|", done.stdout, re.M)]
        return statistics.median(rates[3:]), used / count * 1e6

    def turn(number: int, count: int) -> dict[str, tuple[float, float]]:
        order = list(VARIANTS)
        first = number % len(order)
        return {variant: measured(variant, count) for variant in order[first:] + order[:first]}

    print(f"{len(VARIANTS)} stacks are up after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    warmed, compiling = 0, 1.0
    while compiling > RESTS and time.monotonic() - began < SECONDS / 2:
        round_began, compiled_before = time.monotonic(), compiled()
        turn(warmed, WARM_UP_REQUESTS)
        warmed += 1
        compiling = (compiled() - compiled_before) / (time.monotonic() - round_began)
        print(f"{warmed * WARM_UP_REQUESTS} requests to each; compilers took {compiling:.1%} of the time of the last", file=sys.stderr, flush=True)
    rounds: list[dict[str, tuple[float, float]]] = []
    longest, compiled_before, measuring = 0.0, compiled(), time.monotonic()
    while not rounds or time.monotonic() - began + longest < SECONDS:
        round_began = time.monotonic()
        rounds.append(turn(len(rounds), REQUESTS))
        longest = max(longest, time.monotonic() - round_began)
    compiling = (compiled() - compiled_before) / (time.monotonic() - measuring)
    print(
        f"{len(rounds)} rounds of {REQUESTS} requests of 4 tokens, 64 at once, after {warmed * WARM_UP_REQUESTS} of warming up; compilers took {compiling:.1%} of the time; "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    plain = [tuple((one + other) / 2 for one, other in zip(figures["plain"], figures["again plain"])) for figures in rounds]
    print("| | requests/s | to plain | processor µs/request, gateway and router | to plain |\n| --- | --- | --- | --- | --- |")
    for variant in VARIANTS:
        rate = statistics.median(figures[variant][0] for figures in rounds)
        micros = statistics.median(figures[variant][1] for figures in rounds)
        against = [(figures[variant][0] / one[0] - 1, figures[variant][1] / one[1] - 1) for figures, one in zip(rounds, plain)]
        print(f"| {variant} | {rate:.0f} | {statistics.median(a for a, _ in against):+.1%} | {micros:.0f} | {statistics.median(b for _, b in against):+.1%} |")
finally:
    stack.stop()
    receiver.shutdown()
