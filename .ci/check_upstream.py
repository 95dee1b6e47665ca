"""Lets OpenAI's Python SDK ask a second router and gateway whose only target is an upstream: the first stack's gateway.

usage: check_upstream.py FIRST_URL FIRST_HEALTH_URL MODEL JAVA PORT      (run with the SDK's Python; it takes PORT and the five after it)

Checks what must go through (text, stream, seed, stop, usage, receipts) and what must not (a near label, a card number). Then a node
joins the second stack, and is killed while it has accepted two requests and said nothing: one goes on at the upstream, the one whose
label is near does not."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import openai

from stack import log_end

first, first_health, model, java, port = sys.argv[1:6]
port = int(port)
root = pathlib.Path(__file__).resolve().parent.parent
router_jar, gateway_jar, node_jar = (str(root / module / "target/quarkus-app/quarkus-run.jar") for module in ("router", "gateway", "inference-node"))
folder = pathlib.Path(tempfile.mkdtemp(prefix="ringfence-upstream-"))
policy = folder / "policy.yaml"
policy.write_text(
    f"""
tenants:
  - {{name: ann, farthest-zone: external, budgets: [{{window: day, money: 5.00}}]}}
upstreams:
  - name: first-stack
    base-url: {first}/v1
    price: {{input-per-million: 1, output-per-million: 2}}
    models:
      far-model: {{upstream-name: {model}, context-length: 8192}}
      {model}: {{context-length: 8192}}
"""
)
flags = [java, "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-Xmx256m"]
node_flags = [*flags[:-1], "--add-modules=jdk.incubator.vector", "-Xmx1g"]
processes = []


def start(name: str, jar: str, settings: dict, jvm: list = flags, arguments: tuple = ()) -> subprocess.Popen:
    with open(folder / f"{name}.log", "wb") as log:
        command = [*jvm, *(f"-D{key}={value}" for key, value in settings.items()), "-jar", jar, *arguments]
        processes.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
    return processes[-1]


def metric(url: str, beginning: str) -> float:
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        return sum(float(line.rsplit(" ", 1)[1]) for line in answer.read().decode().splitlines() if line.startswith(beginning))


def wait_until(what: str, holds) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within 60 s: {what}; logs are in {folder}")
        time.sleep(0.1)


def ready(url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"{url} was not ready within 120 s; logs are in {folder}")


def expect(what: str, holds: bool) -> None:
    print(("ok   " if holds else "WRONG ") + what, flush=True)
    if not holds:
        raise SystemExit(1)


def refused(client, **request):
    try:
        client.chat.completions.create(model="far-model", max_tokens=8, **request)
        return None
    except openai.APIStatusError as error:
        return error


try:
    made = subprocess.run(
        [java, "-jar", router_jar, "keys", "create", "sdk", "--tenant", "ann", "--policy-file", str(policy)],
        capture_output=True,
        text=True,
        check=True,
    )
    key = re.search(r"rf-[A-Za-z0-9_-]+", made.stdout).group()
    start(
        "router",
        router_jar,
        {
            "ringfence.router.listen-address": f"127.0.0.1:{port}",
            "ringfence.router.policy-file": policy,
            "ringfence.router.ledger.folder": folder / "ledger",
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": port + 1,
        },
    )
    start(
        "gateway",
        gateway_jar,
        {
            "ringfence.gateway.routers": f"127.0.0.1:{port}",
            "ringfence.gateway.farthest-zone": "external",
            "ringfence.gateway.require-keys": "true",
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": port + 2,
            "quarkus.management.port": port + 5,
        },
    )
    ready(f"http://127.0.0.1:{port + 1}/q/health/ready")
    ready(f"http://127.0.0.1:{port + 5}/q/health/ready")
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{port + 2}/v1", api_key=key, max_retries=0)
    direct = openai.OpenAI(base_url=f"{first}/v1", api_key="none", max_retries=0)
    question = {"messages": [{"role": "user", "content": "Tell me about a fence."}], "max_tokens": 24, "seed": 5, "temperature": 0.7}

    expect("its models are listed", sorted(m.id for m in client.models.list()) == sorted(["far-model", model]))
    wanted = direct.chat.completions.create(model=model, **question)
    got = client.chat.completions.with_raw_response.create(model="far-model", **question, extra_headers={"Ringfence-Explain": "true"})
    answer = got.parse()
    expect("the answer is the upstream's own", answer.choices[0].message.content == wanted.choices[0].message.content)
    expect("with its counts", (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (wanted.usage.prompt_tokens, wanted.usage.completion_tokens))
    expect("it says where it ran", (got.headers["ringfence-node"], got.headers["ringfence-zone"]) == ("first-stack", "external"))
    expect("and why", json.loads(got.headers["ringfence-explain"])[0]["chosen"] is True)
    streamed = "".join(
        chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(model="far-model", stream=True, **question) if chunk.choices
    )
    expect("streamed, it is the same", streamed == wanted.choices[0].message.content)
    whole = client.completions.create(model="far-model", prompt="Once upon a time", max_tokens=8, temperature=0)
    expect("a completion comes through", whole.choices[0].text != "" and whole.usage.completion_tokens == 8)
    request = urllib.request.Request(f"http://127.0.0.1:{port + 2}/v1/receipts/{answer.id}", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as receipt:
        expect("a receipt names it", "first-stack" in receipt.read().decode())

    asked = lambda: metric(first_health, "ringfence_gateway_requests_seconds_count")
    before = asked()
    near = refused(client, messages=question["messages"], extra_headers={"Ringfence-Zone": "site"})
    expect("a near label stays", near is not None and near.status_code == 403)
    card = refused(client, messages=[{"role": "user", "content": "my card is 4111 1111 1111 1111"}])
    expect("a card number stays", card is not None and card.status_code == 403 and "4111" not in str(card))
    expect("and the upstream has heard of neither", asked() == before)
    unknown = refused(client, messages=question["messages"], extra_body={"top_k": 3})
    expect("what its API does not know is refused by name", unknown is not None and unknown.status_code == 400 and "top_k" in str(unknown))
    tool = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
    called = refused(client, messages=question["messages"], tools=[tool], tool_choice="required")
    expect("a call that must be made is sent on, and its refusal comes back", called is not None and called.status_code == 400 and "refused" in str(called))

    router_url = f"http://127.0.0.1:{port + 1}"
    node = start(
        "node",
        node_jar,
        {
            "ringfence.node.name": "near",
            "ringfence.node.models": model,
            "ringfence.node.backend": "cpu",
            "ringfence.node.listen-address": f"127.0.0.1:{port + 3}",
            "ringfence.node.routers": f"127.0.0.1:{port}",
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": port + 4,
        },
        node_flags,
        ("serve",),
    )
    ready(f"http://127.0.0.1:{port + 4}/q/health/ready")
    wait_until("the node has joined", lambda: metric(router_url, "ringfence_router_nodes") == 1)
    near_first = client.chat.completions.with_raw_response.create(model=model, **question)
    expect("the node is nearer", near_first.headers["ringfence-node"] == "near")
    before = asked()
    attempts = lambda: metric(router_url, "ringfence_router_attempts_total")
    node.send_signal(signal.SIGSTOP)
    answers = {}

    def ask(name: str, **more) -> None:
        try:
            answers[name] = client.chat.completions.with_raw_response.create(model=model, **question, **more)
        except openai.APIStatusError as error:
            answers[name] = error

    readers = [threading.Thread(target=ask, args=("far",)), threading.Thread(target=ask, args=("near",), kwargs={"extra_headers": {"Ringfence-Zone": "site"}})]
    ended = attempts()
    for reader in readers:
        reader.start()
    wait_until("both requests are on the node", lambda: metric(router_url, "ringfence_router_in_flight") == 2)
    time.sleep(0.5)
    node.kill()
    for reader in readers:
        reader.join(120)
    far, stayed = answers["far"], answers["near"]
    expect("a request whose node dies before its first token goes on at the upstream", getattr(far, "headers", {}).get("ringfence-node") == "first-stack")
    expect("with its whole answer", far.parse().choices[0].message.content == wanted.choices[0].message.content)
    expect("both had been on the node", attempts() - ended >= 2)
    expect("one with a near label does not", isinstance(stayed, openai.APIStatusError) and stayed.status_code == 503)
    expect("and the upstream has heard of one", asked() - before == 1)
finally:
    if sys.exc_info()[1] is not None:
        # Where a check runs, its output may be all that is left.
        for log in sorted(folder.glob("*.log")):
            print(f"--- the end of {log.name}", *log_end(log), sep="\n    ", flush=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(timeout=60)
print("all passed")
