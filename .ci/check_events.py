"""No usage is lost and none counted twice while the router and Kafka's brokers are killed again and again.

usage: check_events.py [KILLS] [BROKERS]

A stack of real processes and real brokers, all killed with SIGKILL. Clients ask all the time; the router is killed in mid-answer. One broker is killed
and stays away for a while. Of three brokers, with three replicas of which two must be in step, the leader of the partition that usage goes to is
killed while events flow: publishing goes on with another leader. Whatever a client heard the end of must be in Kafka once for a consumer that
follows the documented rule, and in the outbox."""

import collections
import http.client
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

from stack import ROOT, Stack, free_port, free_ports, jar, wait_for

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 2
BROKERS = int(sys.argv[2]) if len(sys.argv) > 2 else 1
CLIENTS = 12

stack = Stack("events")
router, router_http, gateway, node, node_http = (free_port() for _ in range(5))
# Each uses the port after its own too.
first = free_ports(2 * BROKERS)
brokers = [first + 2 * number for number in range(BROKERS)]
bootstrap = ",".join(f"127.0.0.1:{port}" for port in brokers)
JARS = ROOT / "deploy/local/kafka/target/jars"
heard: dict[str, int] = {}
failures = 0
stop = threading.Event()
lock = threading.Lock()


def start_broker(number: int) -> subprocess.Popen:
    """The broker of that number, from 1."""
    name = f"kafka-{number}"
    environment = os.environ | {"KAFKA_PORTS": ",".join(map(str, brokers)), "KAFKA_CLUSTER": "cm9uZ2ZlbmNlLWV2ZW50cw"}
    with open(stack.folder / f"{name}.log", "ab") as log:
        command = [ROOT / "deploy/local/kafka/broker", stack.folder / name, str(brokers[number - 1])]
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
    stack.processes[name] = process
    return process


def usage_partition() -> list[int] | None:
    """Of the partition of usage that has the most records: its number, leader, replicas, those in step, and how many must be."""
    done = subprocess.run([stack.java, "-cp", f"{JARS}/*", ROOT / ".ci/KafkaPartitions.java", bootstrap, "ringfence.usage"], capture_output=True, text=True, timeout=120)
    found = re.search(r"^(\d+) (-?\d+) (\d+) (\d+) (\d+)$", done.stdout, re.M)
    return [int(number) for number in found.groups()] if found else None


def lose_the_leader() -> None:
    """Kills the leader of the partition that usage goes to: publishing goes on without it, and it comes back into step."""
    partition, leader, replicas, in_step, must = usage_partition() or sys.exit("the topic of usage can't be described")
    if (replicas, must) != (BROKERS, 2):
        sys.exit(f"the topic of usage has {replicas} replicas of which {must} must be in step, not {BROKERS} and 2")
    published = gauge("ringfence_router_events_published_total")
    stack.processes[f"kafka-{leader}"].kill()
    stack.processes[f"kafka-{leader}"].wait()
    before = len(heard)
    wait_for("answers without that leader", lambda: len(heard) > before + 100)
    wait_for("events in Kafka without that leader", lambda: gauge("ringfence_router_events_published_total") > published + 100, 120)
    after = usage_partition() or sys.exit("the topic of usage can't be described")
    if after[0] != partition or after[1] in (leader, -1):
        sys.exit(f"partition {partition} of usage has no other leader than {leader}: {after}")
    start_broker(leader)
    wait_for("all replicas in step again", lambda: (usage_partition() or [0] * 5)[3] == BROKERS, 180)


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
    processes = [start_broker(number) for number in range(1, BROKERS + 1)]
    stack.start(
        "router",
        "router",
        {
            "ringfence.router.listen-address": f"127.0.0.1:{router}",
            "ringfence.router.events.folder": stack.folder / "events",
            "ringfence.router.events.kafka.bootstrap": bootstrap,
            "ringfence.router.events.kafka.replicas": BROKERS,
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
    wait_for("events in Kafka", lambda: gauge("ringfence_router_events_published_total") > 0, 180)
    kills = collections.Counter()
    while kills.total() < KILLS:
        before = len(heard)
        if kills["router"] <= kills["broker"]:
            stack.kill("router")
            stack.again("router")
            kills["router"] += 1
        elif BROKERS > 1:
            lose_the_leader()
            kills["broker"] += 1
        else:
            processes[0].kill()
            processes[0].wait()
            wait_for("answers without a broker", lambda: len(heard) > before + 100)
            processes[0] = start_broker(1)
            kills["broker"] += 1
        before = len(heard)
        wait_for("answers again", lambda: len(heard) > before + 100)
    stop.set()
    for thread in threads:
        thread.join(timeout=40)
    wait_for("everything published", lambda: gauge("ringfence_router_events_unpublished") == 0)
    in_kafka = usages("--kafka", bootstrap)
    in_outbox = usages("--folder", str(stack.folder / "events"))
    for answer, tokens in heard.items():
        request = answer.split("-", 1)[1]
        for where, found in (("Kafka", in_kafka), ("the outbox", in_outbox)):
            if found.get(request) != tokens:
                sys.exit(f"{answer} had {tokens} tokens, in {where} it has {found.get(request)}")
    if in_kafka != in_outbox:
        sys.exit(f"{len(in_kafka)} in Kafka, {len(in_outbox)} in the outbox")
    table = events("usage", "--kafka", bootstrap)
    counted = re.search(r"^-\s+simulated\s+(\d+)\s+(\d+)\s+(\d+)", table, re.M)
    if int(counted.group(3)) != sum(in_kafka.values()):
        sys.exit(f"the sum is not that of the events:\n{table}")
    repeated = int(re.search(r"repetitions: (\d+)", table).group(1))
    print(f"{len(heard)} answers heard to their end, {failures} asked again; {kills['router']} kills of the router, {kills['broker']} of {'the broker' if BROKERS == 1 else 'the leader of usage, of ' + str(BROKERS) + ' brokers'}; 0 lost, 0 twice, {repeated} records left out as repetitions")
    shutil.rmtree(stack.folder, ignore_errors=True)
finally:
    stop.set()
    stack.stop()
