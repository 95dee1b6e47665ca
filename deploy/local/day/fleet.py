"""The day's processes: a router with its policy, two nodes on the site, one in a datacenter behind a tap, a gateway; keys for all tenants."""

import hashlib
import os
import pathlib
import secrets

import plan
from marks import Needles
from processes import Stack, free_port
from taps import Tap

SITE = ("site-1", "site-2")
FAR = "far-1"
# What a simulated node takes: the site's two have six places each, the datacenter's is faster and has eight.
PACES = {
    "site": {"ttft": "120ms", "prefill": 6000, "tpot": "18ms", "tpot-full": "24ms", "slots": 6},
    "datacenter": {"ttft": "80ms", "prefill": 12000, "tpot": "14ms", "tpot-full": "18ms", "slots": 8},
}
CONTEXT = 8192


def site_answers_per_second(mean_prompt: float, mean_answer: float) -> float:
    """What the site's simulated nodes can do, all places taken."""
    pace = PACES["site"]
    seconds = float(pace["ttft"][:-2]) / 1000 + mean_prompt / pace["prefill"] + mean_answer * float(pace["tpot-full"][:-2]) / 1000
    return len(SITE) * pace["slots"] / seconds


class DayStack:
    def __init__(self, model: str | None, places: int, marks: dict[str, str], port: int | None) -> None:
        self.stack = Stack("day", 4 if model else 1)
        self.model = model or "simulated"
        self.real = model
        self.places = places
        self.needles = Needles(marks)
        self.ports = {name: free_port() for name in ("router", "router-http", "upstream", *SITE, FAR, *(f"{node}-http" for node in (*SITE, FAR)))}
        self.gateway_port = port or free_port()
        self.heard_far = self.stack.folder / "heard-datacenter.bin"
        self.heard_upstream = self.stack.folder / "heard-upstream.bin"
        self._far = open(self.heard_far, "ab")
        self.seen: dict[tuple[str, str], int] = {}
        # The link to the node in the datacenter goes through a tap, which keeps what it hears.
        self.tap = Tap("datacenter", self.ports[FAR], self._hear_far)
        self.policy = self.stack.folder / "policy.yaml"
        self.keys = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    def _hear_far(self, _: str, data: bytes) -> None:
        if not self._far.closed:
            self._far.write(data)
            self._far.flush()
        self.hear("datacenter", data)

    def hear(self, place: str, data: bytes) -> None:
        for kind, _, _ in self.needles.found_in(data):
            self.seen[place, kind] = self.seen.get((place, kind), 0) + 1

    def leaks_heard(self) -> int:
        return sum(count for (_, kind), count in self.seen.items() if kind == "stays")

    def write_policy(self) -> None:
        self.policy.write_text(plan.policy(self.ports["upstream"], self.model, CONTEXT))
        text = "keys:\n"
        for tenant in (*(name for name, *_ in plan.TENANTS), "operators"):
            self.keys[tenant] = "rf-" + secrets.token_urlsafe(32)
            digest = hashlib.sha256(self.keys[tenant].encode()).hexdigest()
            text += f'  - {{id: {tenant}, sha256: "{digest}", tenant: {tenant}{", admin: true" if tenant == "operators" else ""}}}\n'
        (self.stack.folder / "policy.keys.yaml").write_text(text)
        admin = self.stack.folder / "admin.key"
        admin.touch(mode=0o600)
        admin.write_text(self.keys["operators"] + "\n")

    def start(self) -> None:
        self.write_policy()
        folder = self.stack.folder
        router = f"127.0.0.1:{self.ports['router']}"
        self._service(
            "router",
            "router",
            self.ports["router-http"],
            {
                "ringfence.router.listen-address": router,
                "ringfence.router.policy-file": self.policy,
                "ringfence.router.ledger.folder": folder / "ledger",
                "ringfence.router.events.folder": folder / "events",
                # Whoever ends the day early does not want to wait.
                "ringfence.router.drain-limit": "2s",
            },
        )
        for name in SITE:
            self._node(name, "site", None)
        self._node(FAR, "datacenter", self.tap.port)
        self._service(
            "gateway",
            "gateway",
            self.gateway_port,
            {"ringfence.gateway.routers": router, "ringfence.gateway.farthest-zone": "external", "ringfence.gateway.require-keys": "true", "ringfence.gateway.max-requests": 2048},
        )

    def _service(self, name: str, module: str, http: int, settings: dict, arguments=()) -> None:
        self.stack.start(name, module, {"quarkus.http.host": "127.0.0.1", "quarkus.http.port": http, **settings}, arguments)

    def _node(self, name: str, zone: str, advertised: int | None) -> None:
        settings = {
            "ringfence.node.name": name,
            "ringfence.node.zone": zone,
            "ringfence.node.listen-address": f"127.0.0.1:{self.ports[name]}",
            "ringfence.node.routers": f"127.0.0.1:{self.ports['router']}",
            "ringfence.node.drain-limit": "2s",
        }
        if advertised:
            settings["ringfence.node.advertise"] = f"127.0.0.1:{advertised}"
        if self.real:
            settings |= {"ringfence.node.models": self.real, "ringfence.node.max-sequences": self.places, "ringfence.node.threads": max(1, (os.cpu_count() or 2) // 2)}
        else:
            pace = {**PACES[zone], "context": CONTEXT, "answer": 4096, "model": self.model}
            settings["ringfence.node.simulate"] = ",".join(f"{key}={value}" for key, value in pace.items())
        self._service(name, "inference-node", self.ports[f"{name}-http"], settings, ["serve"])

    def await_ready(self) -> None:
        self.stack.ready("router", self.ports["router-http"])
        for name in (*SITE, FAR):
            self.stack.ready(name, self.ports[f"{name}-http"], 300 if self.real else 120)
        self.stack.ready("gateway", self.gateway_port)

    def close(self) -> None:
        self.tap.server.close()
        self.stack.stop()
        self._far.close()

    def remaining_heard(self) -> dict[str, pathlib.Path]:
        return {"the external upstream": self.heard_upstream, "the node in the datacenter": self.heard_far}
