"""No usage is lost and none counted twice while the router and the Kafka broker are killed again and again.

usage: check_events.py [KILLS]

A stack of real processes and a real broker. Clients ask all the time; the router is killed in mid-answer, the broker is killed and stays away for a
while. Whatever a client heard the end of must be in Kafka once for a consumer that follows the documented rule, and in the outbox."""

import collections
import http.client
import json
import random
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

from stack import ROOT, Stack, free_port, jar, wait_for

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 2
CLIENTS = 12

stack = Stack("events")
router, router_http, gateway, node, node_http = (free_port() for _ in range(5))
broker = random.randrange(20000, 28000)
heard: dict[str, int] = {}
failures = 0
stop = threading.Event()
lock = threading.Lock()


def start_broker() -> subprocess.Popen:
    with open(stack.folder / "kafka.log", "ab") as log:
        process = subprocess.Popen([ROOT / "deploy/local/kafka/broker", stack.folder / "kafka", str(broker)], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    stack.processes["kafka"] = process
    return process


def client(number: int) -> None:
    global failures
    r = random.Random(number)
    while not stop.is_set():
        try:
            connection = http.client.HTTPConnection("127.0.0.1", gateway, timeout=30)
            body = {"model": "simulated", "messages": [{"role": "user", "content": "hello"}], "max_tokens": r.randrange(1, 30), "stream": r.random() < 0.5}
            if body["stream"]:
                body["stream_options"] = {"include_usage": True}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
            if response.status != 200:
                raise OSError(text)
            if body["stream"]:
                if "data: [DONE]" not in text:
                    raise OSError("cut off")
                events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
                if any("error" in event for event in events):
                    raise OSError("failed")
                answer = next(event for event in events if event.get("usage"))
            else:
                answer = json.loads(text)
            with lock:
                heard[answer["id"]] = answer["usage"]["completion_tokens"]
        except (OSError, http.client.HTTPException, ValueError, StopIteration):
            with lock:
                failures += 1
            time.sleep(0.2)


def gauge(name: str) -> float:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{router_http}/metrics", timeout=2) as page:
            found = re.search(rf"^{name}(?:\{{[^}}]*}})? ([0-9.E]+)", page.read().decode(), re.M)
            return float(found.group(1)) if found else -1
    except OSError:
        return -1


def events(*arguments: str) -> str:
    done = subprocess.run([stack.java, "-jar", jar("router"), "events", *arguments], capture_output=True, text=True, timeout=120)
    if done.returncode:
        sys.exit(f"router events {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def usages(*source: str) -> dict[str, int]:
    """Request ids with their answer's tokens; fails when one is there twice."""
    found: dict[str, int] = {}
    for line in events("tail", *source, "--kind", "usage").splitlines():
        request = re.search(r'request_id: "([^"]+)"', line).group(1)
        tokens = re.search(r"answer_tokens: (\d+)", line)
        if request in found:
            sys.exit(f"{request} is there twice in {source}")
        found[request] = int(tokens.group(1)) if tokens else 0
    return found


try:
    process = start_broker()
    stack.start(
        "router",
        "router",
        {
            "ringfence.router.listen-address": f"127.0.0.1:{router}",
            "ringfence.router.events.folder": stack.folder / "events",
            "ringfence.router.events.kafka.bootstrap": f"127.0.0.1:{broker}",
            "ringfence.router.events.kafka.replicas": 1,
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": router_http,
        },
    )
    stack.start(
        "node",
        "inference-node",
        {"ringfence.node.simulate": "ttft=20ms,tpot=4ms,slots=64", "ringfence.node.listen-address": f"127.0.0.1:{node}", "ringfence.node.routers": f"127.0.0.1:{router}", "quarkus.http.host": "127.0.0.1", "quarkus.http.port": node_http},
        ["serve"],
    )
    stack.start("gateway", "gateway", {"ringfence.gateway.routers": f"127.0.0.1:{router}", "quarkus.http.host": "127.0.0.1", "quarkus.http.port": gateway})
    for name, port in (("router", router_http), ("node", node_http), ("gateway", gateway)):
        stack.ready(name, port)
    threads = [threading.Thread(target=client, args=(number,), daemon=True) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    wait_for("answers", lambda: len(heard) > 50)
    wait_for("events in Kafka", lambda: gauge("ringfence_router_events_published_total") > 0)
    kills = collections.Counter()
    while kills.total() < KILLS:
        before = len(heard)
        if kills["router"] <= kills["broker"]:
            stack.kill("router")
            stack.again("router")
            kills["router"] += 1
        else:
            process.kill()
            process.wait()
            wait_for("answers without a broker", lambda: len(heard) > before + 100)
            process = start_broker()
            kills["broker"] += 1
        before = len(heard)
        wait_for("answers again", lambda: len(heard) > before + 100)
    stop.set()
    for thread in threads:
        thread.join(timeout=40)
    wait_for("everything published", lambda: gauge("ringfence_router_events_unpublished") == 0)
    in_kafka = usages("--kafka", f"127.0.0.1:{broker}")
    in_outbox = usages("--folder", str(stack.folder / "events"))
    for answer, tokens in heard.items():
        request = answer.split("-", 1)[1]
        for where, found in (("Kafka", in_kafka), ("the outbox", in_outbox)):
            if found.get(request) != tokens:
                sys.exit(f"{answer} had {tokens} tokens, in {where} it has {found.get(request)}")
    if in_kafka != in_outbox:
        sys.exit(f"{len(in_kafka)} in Kafka, {len(in_outbox)} in the outbox")
    table = events("usage", "--kafka", f"127.0.0.1:{broker}")
    counted = re.search(r"^-\s+simulated\s+(\d+)\s+(\d+)\s+(\d+)", table, re.M)
    if int(counted.group(3)) != sum(in_kafka.values()):
        sys.exit(f"the sum is not that of the events:\n{table}")
    repeated = int(re.search(r"repetitions: (\d+)", table).group(1))
    print(f"{len(heard)} answers heard to their end, {failures} asked again; {kills['router']} kills of the router, {kills['broker']} of the broker; 0 lost, 0 twice, {repeated} records left out as repetitions")
    shutil.rmtree(stack.folder, ignore_errors=True)
finally:
    stop.set()
    stack.stop()
