"""Every query of every panel and rule, loaded by promtool and asked of a real Prometheus that scrapes a real fleet: none fails, none is empty.

usage: check_dashboards.py

Needs `prometheus` and `promtool` (Debian: prometheus). Simulated nodes in two zones, some traffic of every kind, one node killed in mid-answer."""

import concurrent.futures
import http.client
import json
import math
import random
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

from stack import ROOT, Stack, free_port, wait_for

WINDOW = "30s"
ALERT = re.compile(r"(?s)^(?P<measured>.+?)\s*(?:[<>]=?|[!=]=)\s*[0-9.eE+-]+\s*$")

for tool in ("prometheus", "promtool"):
    if shutil.which(tool) is None:
        raise SystemExit(f"{tool} is needed (Debian: apt install prometheus)")


def run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done.stdout


run("promtool", "check", "config", ROOT / "deploy/prometheus/prometheus.yml")
run("promtool", "test", "rules", ROOT / "deploy/prometheus/rules_test.yml")

stack = Stack("dashboards")
router, router_http, gateway, prometheus = (free_port() for _ in range(4))
nodes = {name: (free_port(), free_port()) for name in ("near-1", "near-2", "far")}
policy = stack.folder / "policy.yaml"
policy.write_text("tenants:\n  - {name: one, farthest-zone: datacenter}\n  - {name: two, farthest-zone: site}\n")
stop = threading.Event()


def ask(key: str, model: str, text: str, stream: bool, leave: bool = False) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", gateway, timeout=30)
    try:
        body = {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 20, "stream": stream}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        response = connection.getresponse()
        if leave:
            response.read(200)
        else:
            response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def client(number: int, keys: dict[str, str]) -> None:
    r = random.Random(number)
    while not stop.is_set():
        kind = r.random()
        if kind < 0.05:
            ask("rf-wrong", "simulated", "hello", False)
        elif kind < 0.1:
            ask(keys["one"], "nothing-of-that-name", "hello", False)
        elif kind < 0.3:
            ask(keys["one"], "far-model", "write to ann@example.org" if kind < 0.15 else "hello " * 40, True)
        elif kind < 0.4:
            ask(keys["two"], "simulated", "my password is: hunter2-Xq9", True, leave=True)
        else:
            ask(keys[r.choice(["one", "two"])], "simulated", "the same beginning of many prompts " * 20, r.random() < 0.7)


def result(path: str, **query: object) -> list:
    with urllib.request.urlopen(f"http://127.0.0.1:{prometheus}{path}?{urllib.parse.urlencode(query)}", timeout=20) as answer:
        return json.load(answer)["data"]["result"]


def lose_a_node() -> None:
    """Kills one, again where no answer was in its middle just then."""
    for _ in range(10):
        stack.kill("near-1")
        soon = time.monotonic() + 8
        while time.monotonic() < soon:
            if result("/api/v1/query", query="ringfence_router_resume_gap_seconds_count > 0"):
                return
            time.sleep(0.2)
        stack.again("near-1")
        stack.ready("near-1", nodes["near-1"][1])
        time.sleep(4)
    sys.exit("ten times a node was killed, and no answer went on elsewhere")


def is_empty(expression: str) -> bool:
    """No series, or nothing but NaN over the last minute."""
    now = time.time()
    series = result("/api/v1/query_range", query=expression, start=now - 40, end=now, step=2)
    return not any(not math.isnan(float(value)) for one in series for _, value in one["values"])


def expressions() -> dict[str, str]:
    found = {}
    for path in sorted((ROOT / "deploy/grafana/dashboards").glob("*.json")):
        board = json.loads(path.read_text())
        for panel in board["panels"]:
            if not panel["targets"]:
                sys.exit(f"{path.name}: the panel '{panel['title']}' asks nothing")
            for target in panel["targets"]:
                found[f"{path.name}, {panel['title']}, {target['refId']}"] = target["expr"].replace("$__rate_interval", WINDOW)
    # promtool prints rules as it understands them; what is measured stands before the comparison with a number.
    text = (ROOT / "deploy/prometheus/rules.yml").read_text()
    for kind, name, expression in re.findall(r"- (record|alert): (\S+)\n\s+expr: ((?:>-\n(?:\s{10,}.*\n)+)|.*\n)", text):
        expression = " ".join(expression.removeprefix(">-").split())
        if kind == "alert":
            compared = ALERT.match(expression)
            if not compared:
                sys.exit(f"the alert {name} is not 'what is measured OP number': {expression}")
            expression = compared["measured"]
        found[f"rules.yml, {name}"] = expression
    return found


try:
    keys = {tenant: stack.key(policy, tenant, tenant) for tenant in ("one", "two")}
    stack.start(
        "router",
        "router",
        {
            "ringfence.router.listen-address": f"127.0.0.1:{router}",
            "ringfence.router.policy-file": policy,
            "ringfence.router.ledger.folder": stack.folder / "ledger",
            "ringfence.router.events.folder": stack.folder / "events",
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": router_http,
        },
    )
    for name, (port, port_http) in nodes.items():
        far = name == "far"
        stack.start(
            name,
            "inference-node",
            {
                "ringfence.node.name": name,
                "ringfence.node.zone": "datacenter" if far else "site",
                "ringfence.node.simulate": f"ttft=60ms,tpot=10ms,slots=16,model={'far-model' if far else 'simulated'}",
                "ringfence.node.listen-address": f"127.0.0.1:{port}",
                "ringfence.node.routers": f"127.0.0.1:{router}",
                "quarkus.http.host": "127.0.0.1",
                "quarkus.http.port": port_http,
            },
            ["serve"],
        )
    stack.start(
        "gateway",
        "gateway",
        {"ringfence.gateway.routers": f"127.0.0.1:{router}", "ringfence.gateway.farthest-zone": "datacenter", "quarkus.http.host": "127.0.0.1", "quarkus.http.port": gateway},
    )
    for name, port in (("router", router_http), ("gateway", gateway), *((name, ports[1]) for name, ports in nodes.items())):
        stack.ready(name, port)
    config = stack.folder / "prometheus.yml"
    jobs = {"gateway": [stack.health["gateway"]], "router": [router_http], "node": [ports[1] for ports in nodes.values()]}
    config.write_text(
        f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{ROOT / 'deploy/prometheus/rules.yml'}]\nscrape_configs:\n"
        + "".join(
            f"  - {{job_name: ringfence-{job}, static_configs: [{{targets: [{', '.join(json.dumps(f'127.0.0.1:{port}') for port in ports)}]}}]}}\n" for job, ports in jobs.items()
        )
    )
    with open(stack.folder / "prometheus.log", "ab") as log:
        stack.processes["prometheus"] = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={stack.folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{prometheus}"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    wait_for("the router knows all nodes", lambda: ask(keys["one"], "far-model", "hello", False) == 200 and ask(keys["two"], "simulated", "hello", False) == 200)
    clients = [threading.Thread(target=client, args=(number, keys), daemon=True) for number in range(8)]
    for one in clients:
        one.start()
    wait_for("every process is scraped", lambda: len([one for one in result("/api/v1/query", query="up == 1")]) == 5)
    time.sleep(6)
    lose_a_node()
    time.sleep(6)
    wanted = expressions()
    # What a client does rarely may be late; everything must be there within the limit.
    pending = dict(wanted)
    deadline = time.monotonic() + 90
    while pending and time.monotonic() < deadline:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            empty = list(pool.map(is_empty, pending.values()))
        pending = {name: expression for (name, expression), is_so in zip(pending.items(), empty) if is_so}
        if pending:
            time.sleep(2)
    if pending:
        sys.exit("empty:\n" + "\n".join(f"  {name}: {expression}" for name, expression in pending.items()))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda expression: run("promtool", "query", "instant", f"http://127.0.0.1:{prometheus}", expression), wanted.values()))
    with urllib.request.urlopen(f"http://127.0.0.1:{prometheus}/api/v1/rules") as answer:
        broken = [rule["name"] for group in json.load(answer)["data"]["groups"] for rule in group["rules"] if rule["health"] != "ok"]
    if broken:
        sys.exit(f"rules that Prometheus can't evaluate: {broken}")
    # Bounded: no label that a request could grow.
    names = [one["metric"]["__name__"] for one in result("/api/v1/query", query='count by (__name__) ({job=~"ringfence-.*", __name__=~"ringfence_.*|gen_ai_.*"})')]
    labels = {label for name in names for one in result("/api/v1/query", query=name) for label in one["metric"]}
    allowed = {
        *("__name__", "job", "instance", "le", "quantile", "model", "kind", "route", "status", "outcome", "zone", "state", "cause", "why", "detector", "reason", "tenant"),
        *("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_token_type"),
    }
    if labels - allowed:
        sys.exit(f"labels that are not known to be bounded: {labels - allowed}")
    print(f"{len(wanted)} queries of {len(list((ROOT / 'deploy/grafana/dashboards').glob('*.json')))} dashboards and rules.yml: none failed, none empty; {len(names)} metrics of ours with {len(labels)} labels")
    shutil.rmtree(stack.folder, ignore_errors=True)
finally:
    stop.set()
    stack.stop()
