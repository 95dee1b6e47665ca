"""From a client's close of its connection to the moment when the node computes its answer no more, by one clock.

usage: check_abort.py [--aborts N] [--open N] [--goal MS]

Starts a stack of gateway, router and two simulated nodes on this machine. --open streams are read all the time; each is closed in mid-answer,
after a few events, and replaced, until --aborts were. The client notes the time just before it closes, the node's engine when it has let the
answer go (the node logs it at level DEBUG): nothing is polled. The first half warms up and is not counted. With --goal the 99th of a hundred
has to be within so many milliseconds."""

import argparse
import json
import random
import re
import shutil
import socket
import threading
import time

from stack import Stack, free_port, wait_for

parser = argparse.ArgumentParser()
parser.add_argument("--aborts", type=int, default=600)
parser.add_argument("--open", type=int, default=8)
parser.add_argument("--goal", type=float, default=0, help="milliseconds; 0: none")
options = parser.parse_args()
stack = Stack("abort")
closed: dict[str, float] = {}
lock = threading.Lock()
left = iter(range(options.aborts))
AT = re.compile(r"(\S+)/\d+: aborted, and computed no more at (\d+) us")


def start_all() -> int:
    ports = {name: free_port() for name in ("router", "router-http", "gateway", "node-1", "node-1-http", "node-2", "node-2-http")}
    here = {"quarkus.http.host": "127.0.0.1"}
    stack.start("router", "router", {**here, "ringfence.router.listen-address": f"127.0.0.1:{ports['router']}", "quarkus.http.port": ports["router-http"]})
    for name in ("node-1", "node-2"):
        stack.start(
            name,
            "inference-node",
            {
                **here,
                "ringfence.node.name": name,
                "ringfence.node.simulate": "ttft=20ms,tpot=20ms,slots=512,answer=4096",
                "ringfence.node.listen-address": f"127.0.0.1:{ports[name]}",
                "ringfence.node.routers": f"127.0.0.1:{ports['router']}",
                'quarkus.log.category."ringfence.node.serving.GenerationCall".level': "DEBUG",
                "quarkus.http.port": ports[f"{name}-http"],
            },
            ["serve"],
        )
    stack.start("gateway", "gateway", {**here, "ringfence.gateway.routers": f"127.0.0.1:{ports['router']}", "quarkus.http.port": ports["gateway"]})
    stack.ready("router", ports["router-http"])
    for name in ("node-1", "node-2"):
        stack.ready(name, ports[f"{name}-http"])
    stack.ready("gateway", ports["gateway"])
    return ports["gateway"]


def client(port: int) -> None:
    body = json.dumps({"model": "simulated", "stream": True, "max_tokens": 4000, "messages": [{"role": "user", "content": "a fence"}]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    while True:
        with lock:
            number = next(left, None)
        if number is None:
            return
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(head + body)
            heard = b""
            wanted = random.randrange(2, 40)
            while heard.count(b"data: ") < wanted:
                data = connection.recv(4096)
                if not data:
                    raise SystemExit(f"an answer ended by itself: {heard[:300]!r}")
                heard += data
            identity = re.search(rb'"id":"chatcmpl-([^"]+)"', heard).group(1).decode()
            now = time.time_ns() / 1000
            connection.close()
            with lock:
                closed[identity] = now if number >= options.aborts // 2 else 0


def noted() -> dict[str, float]:
    found = {}
    for name in ("node-1", "node-2"):
        for identity, micros in AT.findall((stack.folder / f"{name}.log").read_text()):
            found[identity] = float(micros)
    return found


try:
    port = start_all()
    clients = [threading.Thread(target=client, args=(port,), daemon=True) for _ in range(options.open)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    if len(closed) != options.aborts:
        raise SystemExit(f"{len(closed)} of {options.aborts} answers were aborted; logs are in {stack.folder}")
    wait_for("the nodes have let all aborted answers go", lambda: len(noted()) >= options.aborts, 20)
    at = noted()
    times = sorted((at[identity] - when) / 1000 for identity, when in closed.items() if when)
    quantile = lambda part: times[min(len(times) - 1, int(part * len(times)))]
    print(f"{len(times)} aborts, {options.open} streams open: from close to the node's stop p50 {quantile(0.5):.1f} ms, p99 {quantile(0.99):.1f} ms, at most {times[-1]:.1f} ms")
    if options.goal and quantile(0.99) > options.goal:
        raise SystemExit(f"the 99th of a hundred is over {options.goal} ms")
    shutil.rmtree(stack.folder, ignore_errors=True)
finally:
    stack.stop()
