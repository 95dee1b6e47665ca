"""200 clients at once on a nearly empty budget: not one token, request or cent more than there is.

usage: check_budget.py [ROUNDS] [ROUTERS]

A stack of real processes with a simulated node and one router, or several that share the budgets (`budget-routers`). Each round has tenants of
its own: one with a budget of tokens, one of requests. Half of the clients stream, some want several choices, some leave in mid-answer (what they got counts as well)."""

import http.client
import json
import random
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

from stack import Stack, free_port

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
ROUTERS = int(sys.argv[2]) if len(sys.argv) > 2 else 1
CLIENTS = 200
TOKENS = 4000
REQUESTS = 37

stack = Stack("budget")
names = [f"{kind}-{round_}" for round_ in range(ROUNDS) for kind in ("tokens", "requests")]
policy = stack.folder / "policy.yaml"
policy.write_text(
    "tenants:\n"
    + "".join(
        f"  - {{name: {name}, farthest-zone: site, budgets: [{{window: month, {'tokens' if name.startswith('tokens') else 'requests'}: {TOKENS if name.startswith('tokens') else REQUESTS}}}]}}\n"
        for name in names
    )
)
gateway, node, node_http = (free_port() for _ in range(3))
routers = [(free_port(), free_port()) for _ in range(ROUTERS)]
links = ",".join(f"127.0.0.1:{link}" for link, _ in routers)


def ask(key: str, number: int) -> tuple[int, int, str]:
    """The status, the tokens that were told or delivered, and the error's code."""
    r = random.Random(number)
    body = {
        "model": "simulated",
        "messages": [{"role": "user", "content": "count " * r.randrange(1, 12)}],
        "max_tokens": r.randrange(1, 40),
        "n": r.choice([1, 1, 1, 2]),
        "stream": r.random() < 0.5,
    }
    if body["stream"]:
        body["stream_options"] = {"include_usage": True}
    connection = http.client.HTTPConnection("127.0.0.1", gateway, timeout=120)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        return response.status, 0, json.loads(response.read())["error"]["code"] or ""
    if not body["stream"]:
        return 200, json.loads(response.read())["usage"]["total_tokens"], ""
    events = 0
    leaves_after = r.randrange(1, 20) if r.random() < 0.2 else None
    for line in response:
        if not line.startswith(b"data: {"):
            continue
        event = json.loads(line[6:])
        if "error" in event:
            return 200, events, event["error"]["code"]
        if event.get("usage"):
            return 200, event["usage"]["total_tokens"], ""
        events += sum(1 for choice in event["choices"] if choice["delta"].get("content"))
        if leaves_after is not None and events >= leaves_after:
            break
    connection.close()
    return 200, events, ""


try:
    keys = {name: stack.key(policy, name, name) for name in names}
    for number, (link, http_port) in enumerate(routers):
        stack.start(
            f"router-{number}",
            "router",
            {
                "ringfence.router.name": f"router-{number}",
                "ringfence.router.listen-address": f"127.0.0.1:{link}",
                "ringfence.router.policy-file": policy,
                "ringfence.router.budget-routers": ROUTERS,
                "quarkus.http.host": "127.0.0.1",
                "quarkus.http.port": http_port,
            },
        )
    stack.start(
        "node",
        "inference-node",
        {"ringfence.node.simulate": "ttft=30ms,tpot=5ms,slots=256", "ringfence.node.listen-address": f"127.0.0.1:{node}", "ringfence.node.routers": links, "quarkus.http.host": "127.0.0.1", "quarkus.http.port": node_http},
        ["serve"],
    )
    stack.start(
        "gateway",
        "gateway",
        {"ringfence.gateway.routers": links, "ringfence.gateway.require-keys": "true", "quarkus.http.host": "127.0.0.1", "quarkus.http.port": gateway},
    )
    for name, port in (*((f"router-{number}", http_port) for number, (_, http_port) in enumerate(routers)), ("node", node_http), ("gateway", gateway)):
        stack.ready(name, port)
    with ThreadPoolExecutor(CLIENTS) as clients:
        for round_ in range(ROUNDS):
            # Twice as many askings as clients: what was reserved and not used comes back and is asked for again.
            for kind in ("tokens", "requests"):
                key = keys[f"{kind}-{round_}"]
                answers = list(clients.map(lambda number: ask(key, number), range(round_ * 1000, round_ * 1000 + 2 * CLIENTS)))
                served = sum(1 for status, _, _ in answers if status == 200)
                used = sum(tokens for _, tokens, _ in answers)
                refused = [code for status, _, code in answers if status == 429]
                others = [(status, code) for status, _, code in answers if status not in (200, 429)]
                print(f"round {round_}, budget of {kind}: {served} served, {used} tokens, {len(refused)} refused", flush=True)
                if others:
                    sys.exit(f"answers of another kind: {others[:5]}")
                if not served or not refused or set(refused) != {"insufficient_quota"}:
                    sys.exit("the budget was never at its end, or refusals say something else")
                if kind == "tokens" and used > TOKENS:
                    sys.exit(f"{used} tokens of {TOKENS}")
                if kind == "requests" and served > REQUESTS:
                    sys.exit(f"{served} requests of {REQUESTS}")
    shutil.rmtree(stack.folder, ignore_errors=True)
    print(f"no budget was overspent with {ROUTERS} router{'s' if ROUTERS > 1 else ''}")
finally:
    stack.stop()
