"""Sends texts with unique marks through every endpoint and option, under faults, and looks for the marks wherever they may not be.

usage: check_canary.py [--requests N] [--processes N] [--threads N] [--seed N] [--keep]       (100,000 requests: `nice python3 .ci/check_canary.py --requests 100000`)

A stack of real processes: gateway, router, two simulated nodes on the site, one in a datacenter, an upstream of our own outside. Marks are
of two kinds: those of NEAR requests may not leave the site, those of FAR requests may go anywhere but may not be kept or told. Watched:

 - each link between two processes through a TCP proxy: gateway-router, router-nodes, nodes' reports, router-upstream
 - logs, ledger, policy, spent file and whatever else lies in the run folder; metrics and health data of all processes
 - all responses, heads and bodies (but where `echo` asks for the prompt)

in plain, in base64 at all three phases, in hexadecimal and percent-encoded, whatever the case. Heads inside HTTP/2 are compressed and are
not looked into. Taps, upstream and clients are processes of their own. At first marks of a third kind are planted at each place, in each
form: the run fails where one is not found."""

import argparse
import base64
import collections
import http.client
import http.server
import itertools
import json
import multiprocessing
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

from stack import Heard, Needles, Stack, coatings, free_port, wait_for
from tap_loop import Taps

parser = argparse.ArgumentParser()
parser.add_argument("--requests", type=int, default=3000)
parser.add_argument("--processes", type=int, default=2, help="that ask")
parser.add_argument("--threads", type=int, default=8, help="of each that asks")
parser.add_argument("--seed", type=int, default=int(time.time()))
parser.add_argument("--keep", action="store_true", help="leaves the run folder")
options = parser.parse_args()
print(f"seed {options.seed}, {options.requests} requests", flush=True)
REFUSALS = 5
REQUESTS_A_ROUND = 5_000  # in each of which every node is killed
chooser = random.Random(options.seed)

KINDS = {"near": "kzvnear", "far": "kzvfara", "planted": "kzvplan"}
SECRET = "".join(chooser.choice("bcdfghjklmnpqrstvwxz") for _ in range(9))


def mark(kind: str, number: int) -> str:
    # Letters and digits, so that it may stand in names too; the secret tells this run from others.
    return f"{KINDS[kind]}{SECRET}{number:08x}"


NEEDLES = Needles({kind: KINDS[kind] + SECRET for kind in KINDS})


class Watch:
    """Counts the marks seen at each place; those that may not be there are leaks."""

    ALLOWED = {
        "gateway-router": {"near", "far"},
        "router-site": {"near", "far"},
        "router-datacenter": {"far"},
        "router-upstream": {"far"},
        "upstream": {"far"},
    }

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seen = collections.Counter()
        self.examples: dict[tuple, str] = {}

    def __call__(self, place: str, data: bytes, where: str = "") -> None:
        for kind, form, at in NEEDLES.found_in(data):
            with self.lock:
                self.seen[place, kind, form] += 1
                if (place, kind, form) not in self.examples:
                    self.examples[place, kind, form] = f"{where} ...{data[max(0, at - 80): at + 60]!r}"

    def taken(self) -> tuple[dict, dict]:
        """What was seen since this was last called."""
        with self.lock:
            seen, examples = dict(self.seen), dict(self.examples)
            self.seen.clear()
            self.examples.clear()
            return seen, examples

    def add(self, seen: dict, examples: dict) -> None:
        with self.lock:
            self.seen.update(seen)
            self.examples = examples | self.examples

    def count(self, place: str, kind: str) -> int:
        with self.lock:
            return sum(count for (p, k, _), count in self.seen.items() if p == place and k == kind)

    def leaks(self) -> list[str]:
        with self.lock:
            return [
                f"{kind} mark, {form}, at {place}: {count} times, first {self.examples[place, kind, form]}"
                for (place, kind, form), count in sorted(self.seen.items())
                if kind != "planted" and kind not in self.ALLOWED.get(place, set())
            ]


watch = Watch()


done = collections.Counter()
done_lock = threading.Lock()


class Aside:
    """A process of its own for some of the work, which would otherwise wait for Python's one lock. What it has seen and done is fetched
    when it is wanted."""

    processes = multiprocessing.get_context("fork")
    all: "list[Aside]" = []

    def __init__(self, work) -> None:
        self.here, there = self.processes.Pipe()
        self.process = self.processes.Process(target=self.run, args=(work, there), daemon=True)
        self.process.start()
        there.close()
        Aside.all.append(self)

    @staticmethod
    def run(work, there) -> None:
        watch.taken()
        done.clear()
        threading.Thread(target=work, daemon=True).start()
        while there.recv():
            Heard.look_at_all()
            with done_lock:
                counted = dict(done)
                done.clear()
            there.send((watch.taken(), counted))

    @classmethod
    def all_live(cls) -> None:
        if not all(aside.process.is_alive() for aside in cls.all):
            sys.exit("one of the check's own processes has ended")

    @classmethod
    def fetch(cls) -> bool:
        for aside in cls.all:
            aside.here.send(True)
            if not aside.here.poll(60):
                sys.exit("one of the check's own processes does not answer")
            seen, counted = aside.here.recv()
            watch.add(*seen)
            with done_lock:
                done.update(counted)
        return True


class Upstream(http.server.BaseHTTPRequestHandler):
    """Answers as OpenAI does, or badly: says in its refusals and errors what it was asked, breaks, sends rubbish."""

    protocol_version = "HTTP/1.1"
    wrong = Aside.processes.Value("b", 1)

    def log_message(self, *_) -> None:
        pass

    def do_GET(self) -> None:
        self.whole(200, {"object": "list", "data": []})

    def whole(self, status: int, body: dict) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        watch("upstream", data + str(self.headers).encode() + self.path.encode())
        body = json.loads(data)
        asked = data.decode()
        how = random.choice(["400", "500", "429", "close", "break", "rubbish", "error event", "echo"]) if self.wrong.value and random.random() < 0.25 else "well"
        if how in ("400", "500", "429"):
            self.whole(int(how), {"error": {"message": "can't do " + asked, "type": "x", "code": asked[:200]}})
            return
        if how == "close":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        try:
            for piece in range(3):
                self.event({"index": 0, "delta": {"content": f" word{piece}"}, "finish_reason": None}, body)
                if how == "break" and piece == 1:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if how == "rubbish" and piece == 1:
                    self.wfile.write(b"data: {" + data[:300] + b"\n\n")
                if how == "error event" and piece == 1:
                    self.wfile.write(b"data: " + json.dumps({"error": {"message": asked, "code": 500}}).encode() + b"\n\n")
            self.event({"index": 0, "delta": {}, "finish_reason": "stop"}, body)
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            pass

    def event(self, choice: dict, body: dict) -> None:
        event = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": body.get("model", ""), "choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}}
        self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")


stack = Stack("canary")
# Each tap and what its link is called.
LINKS = {"gateway-router": "gateway-router", "reports": "reports", "router-upstream": "router-upstream", "node-1": "router-site", "node-2": "router-site", "far": "router-datacenter"}


def start_all() -> dict:
    ports = {name: free_port() for name in ("router", "router-http", "gateway", "upstream", "node-1", "node-1-http", "node-2", "node-2-http", "far", "far-http")}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", ports["upstream"]), Upstream)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    proxies = Taps(watch)
    taps = {name: proxies.listen(LINKS[name], ports[target]) for name, target in (("gateway-router", "router"), ("reports", "router"), ("router-upstream", "upstream"), ("node-1", "node-1"), ("node-2", "node-2"), ("far", "far"))}
    Aside(server.serve_forever)
    Aside(proxies.serve)
    policy = stack.folder / "policy.yaml"
    policy.write_text(
        f"""
tenants:
  - {{name: open, farthest-zone: external}}
  - {{name: closed, farthest-zone: site}}
upstreams:
  - name: outside
    base-url: http://127.0.0.1:{taps["router-upstream"]}/v1
    limits: {{max-in-flight: 64, requests-per-minute: 1000000, tokens-per-minute: 1000000000}}
    timeouts: {{connect: 2s, first-byte: 10s, between: 5s}}
    models:
      outside-model: {{upstream-name: m, context-length: 131072}}
      simulated: {{upstream-name: m, context-length: 131072}}
"""
    )
    keys = {tenant: stack.key(policy, tenant, tenant) for tenant in ("open", "closed")}
    stack.start("router", "router", router_settings(ports, "ledger"))
    for name, zone, model in (("node-1", "site", "simulated"), ("node-2", "site", "simulated"), ("far", "datacenter", "datacenter-model")):
        stack.start(
            name,
            "inference-node",
            {
                "ringfence.node.name": name,
                "ringfence.node.zone": zone,
                "ringfence.node.simulate": f"ttft=1ms,tpot=300us,slots=256,answer=12,model={model}",
                "ringfence.node.listen-address": f"127.0.0.1:{ports[name]}",
                "ringfence.node.advertise": f"127.0.0.1:{taps[name]}",
                "ringfence.node.routers": f"127.0.0.1:{taps['reports']}",
                "quarkus.http.host": "127.0.0.1",
                "quarkus.http.port": ports[f"{name}-http"],
            },
            ["serve"],
        )
    stack.start(
        "gateway",
        "gateway",
        {
            "ringfence.gateway.routers": f"127.0.0.1:{taps['gateway-router']}",
            "ringfence.gateway.farthest-zone": "external",
            "ringfence.gateway.require-keys": "true",
            "ringfence.gateway.deadline": "60s",
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": ports["gateway"],
        },
    )
    stack.ready("router", ports["router-http"])
    for name in ("node-1", "node-2", "far"):
        stack.ready(name, ports[f"{name}-http"])
    stack.ready("gateway", ports["gateway"])
    return {"ports": ports, "taps": taps, "keys": keys}


def router_settings(ports: dict, ledger: str) -> dict:
    return {
        "ringfence.router.listen-address": f"127.0.0.1:{ports['router']}",
        "ringfence.router.policy-file": stack.folder / "policy.yaml",
        "ringfence.router.ledger.folder": stack.folder / ledger,
        "ringfence.router.max-wait": "3s",
        "quarkus.http.host": "127.0.0.1",
        "quarkus.http.port": ports["router-http"],
    }


def coated(text: str, random_: random.Random) -> str:
    """The mark as it may stand in a prompt: plain, and under what people put around things."""
    how = random_.randrange(4)
    if how == 1:
        return f"{text} {base64.b64encode((random_.choice(['', 'a', 'ab']) + text).encode()).decode()}"
    if how == 2:
        return f"{text} {text.encode().hex()}"
    if how == 3:
        return text + " " + "".join(f"%{b:02X}" for b in text.encode())
    return text


def request_of(number: int) -> tuple[str, str, dict, dict]:
    """A request's kind, path, headers and body."""
    r = random.Random(options.seed * 1_000_003 + number)
    kind = r.choice(["near", "near", "far"])
    text = mark(kind, number)
    headers = {"Content-Type": "application/json"}
    body: dict = {"model": r.choice(["simulated", "simulated", "simulated", "outside-model", "datacenter-model"]), "max_tokens": r.randrange(1, 12)}
    extra = ""
    tenant = "open"
    if kind == "near":
        # What keeps it here: the key, the header, or a detector.
        why = r.choice(["key", "header", "detector"])
        tenant = "closed" if why == "key" else "open"
        if why == "header":
            headers["Ringfence-Zone"] = r.choice(["site", "device", "nowhere"])
        extra = " my card is 4111 1111 1111 1111" if why == "detector" else ""
    elif r.random() < 0.3:
        headers["Ringfence-Max-Wait-Ms"] = r.choice(["0", "1", "50"])
    headers["Authorization"] = f"Bearer {run['keys'][tenant]}"
    if r.random() < 0.3:
        headers["Ringfence-Explain"] = "true"
    say = coated(text, r) + extra
    if r.random() < 0.35:
        body["prompt"] = say
        path = "/v1/completions"
        if r.random() < 0.2:
            body["echo"] = True
        if r.random() < 0.2:
            body["logprobs"] = 2
    else:
        path = "/v1/chat/completions"
        content = say if r.random() < 0.7 else [{"type": "text", "text": say}, {"type": "text", "text": "and more"}]
        body["messages"] = [{"role": r.choice(["user", "system"]), "content": content}, {"role": "user", "content": "go on" + (" " + text if r.random() < 0.3 else "")}]
        if r.random() < 0.2:
            body["tools"] = [{"type": "function", "function": {"name": text[:60], "description": say, "parameters": {"type": "object", "properties": {text: {"type": "string"}}}}}]
        if r.random() < 0.2:
            body["messages"] += [
                {"role": "assistant", "content": None, "tool_calls": [{"id": text, "type": "function", "function": {"name": "look", "arguments": json.dumps({"of": say})}}]},
                {"role": "tool", "tool_call_id": text, "content": say},
                {"role": "user", "content": "and?"},
            ]
        if r.random() < 0.2:
            body["logprobs"] = True
            body["top_logprobs"] = 2
    for name, values in {
        "stream": [True, True, False],
        "n": [1, 2, 3],
        "seed": [number],
        "temperature": [0, 0.7],
        "stop": [text, [text, "zz"]],
        "frequency_penalty": [0.3],
        "user": [text],
        "metadata": [{"about": text}],
        "top_k": [5],
        "stream_options": [{"include_usage": True}],
    }.items():
        if r.random() < 0.25:
            body[name] = r.choice(values)
    if "stream_options" in body:
        body["stream"] = True
    if r.random() < 0.15:
        spoil(r, text, path, headers, body)
    return kind, path, headers, body


def spoil(r: random.Random, text: str, path: str, headers: dict, body: dict) -> None:
    """Makes it wrong, with the mark where it is wrong."""
    how = r.randrange(12)
    if how == 0:
        # Its value: names of unknown parameters are told back, to whoever wrote them.
        body["surprise"] = text
    elif how == 1:
        body["temperature"] = text
    elif how == 2:
        body["model"] = text
    elif how == 3:
        body["messages" if "chat" in path else "prompt"] = {"x": text}
    elif how == 4:
        body["stop"] = {text: text}
    elif how == 5:
        headers["Authorization"] = f"Bearer rf-{text}"
    elif how == 6:
        headers["Ringfence-Max-Wait-Ms"] = text
    elif how == 7:
        body["logit_bias"] = {text: 1}
    elif how == 8:
        body["n"] = 0
    elif how == 9:
        body["max_tokens"] = 10**7
    elif how == 10:
        headers["Ringfence-Explain"] = text
    else:
        body["response_format"] = {"type": text}


def ask(connection: http.client.HTTPConnection, number: int) -> None:
    kind, path, headers, body = request_of(number)
    data = json.dumps(body).encode()
    r = random.Random(number)
    if r.random() < 0.02:
        data = data[: len(data) // 2]
    connection.request("POST", path, data, headers)
    response = connection.getresponse()
    heads = str(response.headers).encode()
    if r.random() < 0.03 and response.status == 200:
        # Hangs up in the middle.
        response.read1(64)
        watch("response heads", heads)
        connection.close()
        count("left")
        return
    answer = response.read()
    count(f"{response.status}")
    watch("response heads", heads, path)
    if not body.get("echo"):
        watch("response bodies" if response.status == 200 else "error bodies", answer, f"{path} {response.status}")
    identity = response.headers.get("X-Request-Id", "")
    if response.status == 200 and r.random() < 0.1:
        try:
            identity = json.loads(answer)["id"] if not body.get("stream") else json.loads(answer.split(b"\n")[0][6:])["id"]
        except (ValueError, KeyError, TypeError):
            return
        connection.request("GET", f"/v1/receipts/{identity}", headers={"Authorization": headers["Authorization"]})
        receipt = connection.getresponse()
        watch("receipts", receipt.read() + str(receipt.headers).encode())
        count(f"receipt {receipt.status}")
    elif r.random() < 0.02:
        strange = mark(kind, number)
        connection.request("GET", r.choice([f"/v1/{strange}", f"/v1/receipts/{strange}", f"/v1/models/{strange}", f"/v1/models?x={strange}"]), headers={"Authorization": headers["Authorization"]})
        other = connection.getresponse()
        watch("error bodies", other.read() + str(other.headers).encode(), "GET")
        count("other paths")


def count(what: str) -> None:
    with done_lock:
        done[what] += 1


# Requests begin as far as the faults have come: however fast they go, each round has its kills.
begun, ended, may_begin, clients_left = (Aside.processes.Value("q", 0) for _ in range(4))


def clients() -> None:
    for _ in range(options.threads):
        threading.Thread(target=client, daemon=True).start()


def client() -> None:
    try:
        ask_all()
    finally:
        with clients_left:
            clients_left.value -= 1


def ask_all() -> None:
    connection = http.client.HTTPConnection("127.0.0.1", run["ports"]["gateway"], timeout=60)
    while True:
        with begun:
            number = begun.value
            begun.value += 1
        if number >= options.requests:
            return
        while number >= may_begin.value:
            time.sleep(0.05)
        began = time.monotonic()
        try:
            ask(connection, number)
        except (OSError, http.client.HTTPException):
            count("broken")
            connection.close()
        if time.monotonic() - began > 40:
            count("never ended")
        with ended:
            ended.value += 1


def look_at_pages() -> None:
    ports = {**{name: run["ports"][name] for name in ("router-http", "node-1-http", "node-2-http", "far-http")}, "gateway-health": stack.health["gateway"]}
    for name, port in ports.items():
        for path in ("/metrics", "/q/health"):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as page:
                    watch("metrics and health", page.read(), name + path)
            except OSError:
                pass


def look_at_files() -> None:
    for folder, _, files in os.walk(stack.folder):
        for file in files:
            path = os.path.join(folder, file)
            place = "logs" if file.endswith(".log") else "files"
            with open(path, "rb") as data:
                tail = b""
                while piece := data.read(1 << 20):
                    watch(place, tail + piece, path)
                    tail = piece[-256:]


def plant() -> None:
    """A mark in each form at each place: what is not found would not be found later either."""
    text = mark("planted", 1)
    coated_text = coatings(text)
    for form, coating in coated_text.items():
        with open(stack.folder / "planted.log", "a") as log:
            log.write(f"12:00:00 INFO a line that tells too much {coating} and goes on\n")
        with open(stack.folder / "planted.bin", "ab") as file:
            file.write(b"\0\1" + coating.encode() + b"\2")
        for name, port in run["taps"].items():
            with socket.create_connection(("127.0.0.1", port), timeout=5) as far:
                if name == "router-upstream":
                    # In two writes, which gRPC's servers would not wait for: what is cut must be seen too.
                    half = len(coating) // 2
                    far.sendall(b"GET /" + coating[:half].encode())
                    time.sleep(0.1)
                    far.sendall(coating[half:].encode() + b" HTTP/1.1\r\n\r\n")
                else:
                    far.sendall(b"GET /" + coating.encode() + b" HTTP/1.1\r\n\r\n")
        for place in ("error bodies", "response bodies", "response heads", "receipts", "metrics and health"):
            watch(place, b'{"error": {"message": "' + coating.encode() + b'"}}')
    look_at_files()
    os.remove(stack.folder / "planted.log")
    os.remove(stack.folder / "planted.bin")
    places = ["logs", "files", "error bodies", "response bodies", "response heads", "receipts", "metrics and health", *set(LINKS.values())]
    wait_for(
        "every planted mark is seen: " + str([(p, f) for p in places for f in coated_text if not watch.seen[p, "planted", f]]),
        lambda: Aside.fetch() and all(watch.seen[place, "planted", form] for place in places for form in coated_text),
        10,
    )
    # And end to end: an upstream that a FAR request may use gets its text; under the rules of NEAR this would be a leak.
    leaks_before = len(watch.leaks())
    Upstream.wrong.value = 0
    connection = http.client.HTTPConnection("127.0.0.1", run["ports"]["gateway"], timeout=30)
    near = mark("near", 0xFFFFFFFF)
    connection.request("POST", "/v1/chat/completions", json.dumps({"model": "outside-model", "messages": [{"role": "user", "content": near}]}), {"Authorization": f"Bearer {run['keys']['open']}", "Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200:
        sys.exit(f"the upstream did not answer a request that may go there: {response.status} {answer!r}")
    Aside.fetch()
    found = watch.leaks()
    if len(found) < leaks_before + 2:
        sys.exit("a NEAR mark went to the upstream and neither it nor its tap saw it: the canary is blind")
    with watch.lock:
        for key in [key for key in watch.seen if key[1] == "near"]:
            del watch.seen[key]
            watch.examples.pop(key, None)
    Upstream.wrong.value = 1
    print(f"planted marks were found at {len(places)} places in {len(coated_text)} forms each, and at the upstream", flush=True)


def main() -> None:
    plant()
    began = time.monotonic()
    clients_left.value = options.processes * options.threads
    for _ in range(options.processes):
        Aside(clients)
    # Faults, while the requests run: nodes are killed, one after the other and both at once.
    kills = 0
    rounds = max(1, options.requests // REQUESTS_A_ROUND)
    faults = [
        ((round_ + part) * options.requests / rounds, victims)
        for round_, (part, victims) in itertools.product(range(rounds), ((0.2, ["node-1"]), (0.45, ["node-2"]), (0.6, ["node-1", "node-2"]), (0.8, ["far"])))
    ]
    for (at, victims), (next_at, _) in itertools.pairwise([*faults, (options.requests, [])]):
        # Half of the way to the next fault belongs to this one's: the other half finds all nodes up again.
        may_begin.value = int((at + next_at) / 2)
        while ended.value < at:
            time.sleep(0.05)
            Aside.all_live()
        if rounds > 1 and victims == ["node-1"]:
            Aside.fetch()
            print(f"{ended.value} requests after {time.monotonic() - began:.0f} s, {kills} kills, {len(watch.leaks())} kinds of leaks", flush=True)
        for victim in victims:
            stack.kill(victim)
            kills += 1
        look_at_pages()
        time.sleep(1)
        for victim in victims:
            stack.again(victim)
        for victim in victims:
            stack.ready(victim, run["ports"][f"{victim}-http"])
    may_begin.value = options.requests
    while clients_left.value:
        time.sleep(0.05)
        Aside.all_live()
    look_at_pages()
    seconds = time.monotonic() - began

    # No file may grow beyond some records: each time the ledger meets that limit, nothing may leave, and nothing is told of it. (It
    # goes on in a new file, as on a disk that has room again.)
    stack.processes["router"].terminate()
    stack.processes["router"].wait(timeout=60)
    stack.start("router", "router", router_settings(run["ports"], "small-ledger"), largest_file=12 << 10)
    stack.ready("router", run["ports"]["router-http"])
    Upstream.wrong.value = 0
    Aside.fetch()
    before = watch.count("upstream", "far")
    connection = http.client.HTTPConnection("127.0.0.1", run["ports"]["gateway"], timeout=60)
    refused = answered = 0
    for number in range(3000):
        text = mark("far", options.requests + number)
        connection.request("POST", "/v1/chat/completions", json.dumps({"model": "outside-model", "messages": [{"role": "user", "content": text}]}), {"Authorization": f"Bearer {run['keys']['open']}", "Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        watch("response heads", str(response.headers).encode())
        watch("response bodies" if response.status == 200 else "error bodies", answer)
        if response.status == 503 and b"ledger" in answer.lower():
            refused += 1
            if refused == REFUSALS:
                break
        elif response.status == 200:
            answered += 1
    Aside.fetch()
    sent = watch.count("upstream", "far") - before
    if refused < REFUSALS or sent != answered:
        sys.exit(f"a ledger without room: {number + 1} requests, {refused} refused, {answered} answered, {sent} sent")
    look_at_pages()
    time.sleep(0.5)
    stack.stop()
    Aside.fetch()
    look_at_files()

    print(f"{options.requests} requests in {seconds:.0f} s ({options.requests / seconds:.0f}/s), {kills} kills: " + ", ".join(f"{k} {v}" for k, v in sorted(done.items())))
    print(f"a ledger without room: {number + 1} requests, {refused} refused and not sent, {sent} sent with a record")
    for place in ("gateway-router", "router-site", "router-datacenter", "router-upstream", "upstream", "reports"):
        print(f"  {place}: near {watch.count(place, 'near')}, far {watch.count(place, 'far')}")
    for place, kind in (("gateway-router", "near"), ("router-site", "near"), ("router-datacenter", "far"), ("router-upstream", "far"), ("upstream", "far")):
        if not watch.count(place, kind):
            sys.exit(f"no {kind} mark was seen at {place}, where it may be: the run proves nothing")
    if done["never ended"]:
        sys.exit(f"{done['never ended']} requests had no end but their deadline")
    if watch.leaks():
        print("\n".join(watch.leaks()))
        sys.exit(f"{len(watch.leaks())} kinds of leaks")
    print("0 marks beyond where they may be")


try:
    run = start_all()
    main()
    if not options.keep:
        shutil.rmtree(stack.folder, ignore_errors=True)
finally:
    stack.stop()
