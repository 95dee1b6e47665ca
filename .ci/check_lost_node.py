"""A request that only a node could serve which has just been killed waits for it, and so does one that comes to a router that has just been
started again, before the nodes have reported to it; nothing else changes.

usage: check_lost_node.py"""

import http.client
import json
import shutil
import sys
import threading
import time

from stack import Stack, free_port, wait_for

stack = Stack("lost-node")
router, router_http, gateway = (free_port() for _ in range(3))


def call(method: str, path: str, body=None, headers=None) -> tuple[int, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", gateway, timeout=120)
    connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json", **(headers or {})})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def ask(model: str, wait_millis: int) -> tuple[int, dict]:
    body = {"model": model, "messages": [{"role": "user", "content": "count"}], "max_tokens": 8}
    return call("POST", "/v1/chat/completions", body, {"Ringfence-Max-Wait-Ms": str(wait_millis)})


def reach(model: str, wait_millis: int) -> tuple[int, dict]:
    """Asks until the router has heard it: each event loop of the gateway dials a restarted one by itself, and may pause longer than another."""
    end = time.monotonic() + 15
    while True:
        status, told = ask(model, wait_millis)
        if told.get("error", {}).get("code") != "router_unavailable" or time.monotonic() > end:
            return status, told
        time.sleep(0.1)


def models() -> set[str]:
    status, told = call("GET", "/v1/models")
    if status != 200:
        # No router listens: whoever waits for one tries again.
        raise OSError(status, told)
    return {model["id"] for model in told["data"]}


def expect(what: str, holds: bool, seen: object) -> None:
    if not holds:
        sys.exit(f"not so: {what}; seen: {seen}")
    print(f"ok: {what}", flush=True)


try:
    at_router = {"ringfence.router.listen-address": f"127.0.0.1:{router}", "ringfence.router.await-lost-nodes": "20s", "quarkus.http.host": "127.0.0.1", "quarkus.http.port": router_http}
    stack.start("router", "router", at_router)
    health = {}
    for name in ("here", "mortal"):
        health[name] = free_port()
        settings = {
            "ringfence.node.name": name,
            "ringfence.node.simulate": f"ttft=20ms,tpot=5ms,model={name}-model",
            "ringfence.node.listen-address": f"127.0.0.1:{free_port()}",
            "ringfence.node.routers": f"127.0.0.1:{router}",
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": health[name],
        }
        stack.start(name, "inference-node", settings, ["serve"])
    stack.start("gateway", "gateway", {"ringfence.gateway.routers": f"127.0.0.1:{router}", "quarkus.http.host": "127.0.0.1", "quarkus.http.port": gateway})
    for name, port in (("router", router_http), *health.items(), ("gateway", gateway)):
        stack.ready(name, port)
    wait_for("both models are there", lambda: models() == {"here-model", "mortal-model"})
    expect("the node answers", ask("mortal-model", 5_000)[0] == 200, "")

    stack.kill("mortal")
    wait_for("its model is shown no more", lambda: models() == {"here-model"})
    began = time.monotonic()
    status, told = ask("mortal-model", 1_500)
    took = time.monotonic() - began
    expect("a request that may wait a while waits that long and is refused with 503, which says that a node is lost", status == 503 and "1 lost" in told["error"]["message"] and 1.4 < took < 15, (status, told, took))
    began = time.monotonic()
    status, told = ask("mortal-model", 0)
    took = time.monotonic() - began
    expect("one that will not wait is refused at once", status == 503 and "1 lost" in told["error"]["message"] and took < 1, (status, told, took))
    expect("another node's answers come as ever", ask("here-model", 5_000)[0] == 200, "")
    status, told = ask("unheard-of", 5_000)
    expect("a model that nobody ever had is refused at once", status == 404, (status, told))

    stack.again("mortal")
    stack.ready("mortal", health["mortal"])
    wait_for("its model is back", lambda: "mortal-model" in models())
    stack.kill("mortal")
    wait_for("and gone again", lambda: models() == {"here-model"})
    answers: list[tuple[int, dict]] = []
    waiting = threading.Thread(target=lambda: answers.append(ask("mortal-model", 60_000)))
    waiting.start()
    stack.again("mortal")
    waiting.join(120)
    expect("a request goes to the node when it is back", bool(answers) and answers[0][0] == 200 and answers[0][1]["usage"]["completion_tokens"] == 8, answers)

    stack.kill("mortal")
    wait_for("and gone", lambda: models() == {"here-model"})
    wait_for("nobody waits for it when it has been away for too long", lambda: ask("mortal-model", 100)[0] in (403, 404), limit=60)
    print("ok: it is forgotten after await-lost-nodes")

    stack.again("mortal")
    stack.ready("mortal", health["mortal"])
    stack.kill("router")
    stack.again("router")
    seen: list[tuple[int, dict]] = []
    for model in ("here-model", "mortal-model"):
        # The gateway's own 503 while nobody listens there says another thing.
        wait_for(f"{model} answers", lambda model=model: seen.append(ask(model, 10_000)) or seen[-1][0] == 200)
    expect("a router that was killed refuses nobody for want of nodes that dial it again", not [one for one in seen if one[0] in (403, 404)], seen)

    stack.kill("mortal")
    stack.kill("router")
    stack.start("router", "router", {**at_router, "ringfence.router.await-first-reports": "20s"})
    wait_for("the other node has reported", lambda: models() == {"here-model"})
    status, told = reach("mortal-model", 200)
    expect("who may not wait until nodes have reported gets 503, which says so", status == 503 and "reported yet" in told["error"]["message"], (status, told))
    late: list[tuple[int, dict]] = []
    never: list[tuple[int, dict]] = []
    threads = [threading.Thread(target=lambda: late.append(reach("mortal-model", 60_000))), threading.Thread(target=lambda: never.append(reach("unheard-of", 60_000)))]
    for thread in threads:
        thread.start()
    stack.again("mortal")
    threads[0].join(120)
    expect("a request goes to a node that reports late", bool(late) and late[0][0] == 200, late)
    threads[1].join(120)
    expect("a model that nobody has is refused with 404 in the end", bool(never) and never[0][0] == 404, never)
    shutil.rmtree(stack.folder, ignore_errors=True)
finally:
    stack.stop()
