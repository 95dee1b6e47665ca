"""One trace from the gateway through the router to the node, over OTLP from real processes; none of a prompt in it.

usage: check_telemetry.py

Asks a stack whose node is killed in mid-answer, receives what its processes export, and follows the spans from parent to child. The logs are
JSON with trace ids. What arrives of metrics is what /metrics says."""

import http.client
import http.server
import json
import re
import shutil
import struct
import sys
import threading
import urllib.request
import uuid

from stack import Stack, free_port, wait_for

MARK = "canary" + uuid.uuid4().hex
received: dict[str, list[bytes]] = {"/v1/traces": [], "/v1/metrics": []}


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        received[self.path].append(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        pass


def fields(message: bytes) -> dict[int, list]:
    """A protobuf message's fields, whatever they mean: numbers and bytes."""
    found: dict[int, list] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            value = varint()
        elif tag & 7 == 2:
            length = varint()
            value = message[at : at + length]
            at += length
        else:
            length = 8 if tag & 7 == 1 else 4
            value = message[at : at + length]
            at += length
        found.setdefault(tag >> 3, []).append(value)
    return found


def attributes(entries: list[bytes]) -> dict[str, str]:
    result = {}
    for entry in entries:
        pair = fields(entry)
        value = next(iter(fields(pair[2][0]).values()))[0]
        result[pair[1][0].decode()] = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return result


def spans() -> list[dict]:
    """opentelemetry.proto.trace.v1.Span, as far as it is looked at."""
    all_spans = []
    for request in received["/v1/traces"]:
        for resource_spans in fields(request).get(1, []):
            resource = fields(resource_spans)
            service = attributes(fields(resource[1][0]).get(1, []))["service.name"]
            for scope in resource.get(2, []):
                for span in map(fields, fields(scope).get(2, [])):
                    all_spans.append(
                        {
                            "service": service,
                            "trace": span[1][0].hex(),
                            "id": span[2][0].hex(),
                            "parent": span[4][0].hex() if 4 in span and span[4][0] else "",
                            "name": span[5][0].decode(),
                            "attributes": attributes(span.get(9, [])),
                            "events": [fields(event)[2][0].decode() for event in span.get(11, [])],
                            "links": [fields(link)[2][0].hex() for link in span.get(13, [])],
                        }
                    )
    return all_spans


def exported(service: str, name: str) -> list[tuple[dict[str, str], float]]:
    """The points of a metric in the last export of a service that has it: labels, and a sum's value or a histogram's count."""
    for request in reversed(received["/v1/metrics"]):
        for resource_metrics in map(fields, fields(request).get(1, [])):
            if attributes(fields(resource_metrics[1][0]).get(1, []))["service.name"] != service:
                continue
            for metric in (fields(metric) for scope in resource_metrics.get(2, []) for metric in fields(scope).get(2, [])):
                if metric[1][0].decode() == name:
                    sums, histograms = ([fields(point) for point in fields(metric[kind][0])[1]] if kind in metric else [] for kind in (7, 9))
                    return [(attributes(point.get(7, [])), struct.unpack("<d", point[4][0])[0]) for point in sums] + [
                        (attributes(point.get(9, [])), float(struct.unpack("<Q", point[4][0])[0])) for point in histograms
                    ]
    return []


def scraped(port: int, name: str) -> list[tuple[dict[str, str], float]]:
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    return [(dict(re.findall(r'(\w+)="([^"]*)"', labels or "")), float(value)) for labels, value in re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.M)]


def same_figures(service: str, port: int, name: str, prometheus: str) -> bool:
    def sort(points: list) -> list:
        return sorted((sorted((key.replace(".", "_"), value) for key, value in labels.items()), value) for labels, value in points)

    found = sort(exported(service, name))
    return bool(found) and found == sort(scraped(port, prometheus))


stack = Stack("telemetry")
receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
router, router_http, gateway, node1, node1_http, node2, node2_http = (free_port() for _ in range(7))


def telemetry(service: str) -> dict:
    return {
        f"ringfence.{service}.telemetry.endpoint": f"http://127.0.0.1:{receiver.server_port}",
        **({"ringfence.gateway.telemetry.sampling": 1} if service == "gateway" else {}),
        f"ringfence.{service}.telemetry.metric-interval": "1s",
        f"ringfence.{service}.telemetry.json-log": "true",
        "quarkus.http.host": "127.0.0.1",
    }


try:
    stack.start("router", "router", {"ringfence.router.listen-address": f"127.0.0.1:{router}", "quarkus.http.port": router_http, **telemetry("router")})
    for name, port, port_http in (("node-1", node1, node1_http), ("node-2", node2, node2_http)):
        stack.start(
            name,
            "inference-node",
            {"ringfence.node.name": name, "ringfence.node.simulate": "ttft=50ms,tpot=30ms,slots=8", "ringfence.node.listen-address": f"127.0.0.1:{port}", "ringfence.node.routers": f"127.0.0.1:{router}", "quarkus.http.port": port_http, **telemetry("node")},
            ["serve"],
        )
    stack.start("gateway", "gateway", {"ringfence.gateway.routers": f"127.0.0.1:{router}", "quarkus.http.port": gateway, **telemetry("gateway")})
    for name, port in (("router", router_http), ("node-1", node1_http), ("node-2", node2_http), ("gateway", gateway)):
        stack.ready(name, port)
    wait_for("a model", lambda: b"simulated" in urllib.request.urlopen(f"http://127.0.0.1:{gateway}/v1/models", timeout=5).read())

    unkept = uuid.uuid4().hex
    connection = http.client.HTTPConnection("127.0.0.1", gateway, timeout=60)
    connection.request(
        "POST",
        "/v1/chat/completions",
        json.dumps({"model": "simulated", "messages": [{"role": "user", "content": MARK}], "max_tokens": 2}),
        {"Content-Type": "application/json", "traceparent": f"00-{unkept}-00f067aa0ba902b7-00"},
    )
    if connection.getresponse().read().find(b"usage") < 0:
        sys.exit("no answer")

    trace = uuid.uuid4().hex
    connection = http.client.HTTPConnection("127.0.0.1", gateway, timeout=60)
    connection.request(
        "POST",
        "/v1/chat/completions",
        json.dumps({"model": "simulated", "messages": [{"role": "user", "content": MARK}], "max_tokens": 60, "stream": True}),
        {"Content-Type": "application/json", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
    )
    response = connection.getresponse()
    killed = None
    tokens = 0
    for line in response:
        tokens += line.startswith(b"data: {")
        if tokens == 10 and killed is None:
            killed = response.getheader("Ringfence-Node")
            stack.kill(killed)
    wait_for("the spans", lambda: {"POST /v1/chat/completions", "route", "attempt", "generate"} <= {span["name"] for span in spans() if span["trace"] == trace} and sum(span["name"] == "attempt" for span in spans()) == 2)
    ours = [span for span in spans() if span["trace"] == trace]
    by_id = {span["id"]: span for span in ours}

    def one(name: str) -> dict:
        found = [span for span in ours if span["name"] == name]
        if len(found) != 1:
            sys.exit(f"{len(found)} spans {name}: {ours}")
        return found[0]

    root, route, generate = one("POST /v1/chat/completions"), one("route"), one("generate")
    attempts = sorted((span for span in ours if span["name"] == "attempt"), key=lambda span: span["attributes"]["ringfence.attempt"])
    checks = {
        "the gateway's span goes on with the client's trace": root["parent"] == "00f067aa0ba902b7" and root["service"] == "ringfence-gateway",
        "the router's is its child": route["parent"] == root["id"] and route["service"] == "ringfence-router",
        "each attempt is a child of the router's": all(span["parent"] == route["id"] for span in attempts),
        "the second attempt is linked to the first": attempts[1]["links"] == [attempts[0]["id"]] and not attempts[0]["links"],
        "the first has failed on the node that was killed": attempts[0]["attributes"].get("error.type") == "TARGET_LOST" and attempts[0]["attributes"]["ringfence.node"] == killed,
        "the node's is the second attempt's child": generate["parent"] == attempts[1]["id"] and generate["service"] == "ringfence-node",
        "the node tells of queue, prefill and decode": generate["events"] == ["queue", "prefill", "decode"],
        "a trace that its client does not keep is kept by nobody": not any(span["trace"] == unkept for span in spans()),
        "usage is told": root["attributes"].get("gen_ai.usage.output_tokens") == "60",
        "no prompt in a span": not any(MARK.encode() in body for bodies in received.values() for body in bodies),
    }
    survivor = next(port for name, port in (("node-1", node1_http), ("node-2", node2_http)) if name != killed)
    for service, port, name, prometheus in (
        ("ringfence-gateway", stack.health["gateway"], "gen_ai.server.time_to_first_token", "gen_ai_server_time_to_first_token_seconds_count"),
        ("ringfence-gateway", stack.health["gateway"], "ringfence.gateway.tokens", "ringfence_gateway_tokens_total"),
        ("ringfence-router", router_http, "ringfence.router.attempts", "ringfence_router_attempts_total"),
        ("ringfence-router", router_http, "ringfence.router.placement", "ringfence_router_placement_seconds_count"),
        ("ringfence-node", survivor, "ringfence.node.ttft", "ringfence_node_ttft_seconds_count"),
    ):
        wait_for(f"{name} as /metrics has it", lambda: same_figures(service, port, name, prometheus))
    log = (stack.folder / "router.log").read_text()
    ended = [json.loads(line) for line in log.splitlines() if line.startswith("{") and "TARGET_LOST" in line]
    checks["the log is JSON and knows the trace"] = any(line.get("traceId") == trace for line in ended)
    checks["no prompt in a log"] = not any(MARK in path.read_text(errors="replace") for path in stack.folder.glob("*.log"))
    wrong = [what for what, holds in checks.items() if not holds]
    if wrong:
        sys.exit(f"not so: {wrong}\n{json.dumps(ours, indent=1)}")
    print(f"one trace of {len(ours)} spans over {len({span['service'] for span in ours})} services, the second attempt linked to the first; {len(received['/v1/metrics'])} exports of metrics; no prompt anywhere")
    shutil.rmtree(stack.folder, ignore_errors=True)
finally:
    stack.stop()
    receiver.shutdown()
