"""A day in the fleet: see `deploy/local/demo --help`."""

import argparse
import asyncio
import collections
import dataclasses
import pathlib
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))

import plan  # noqa: E402
import proof  # noqa: E402
import table  # noqa: E402
from client import Answer, Gateway, Refused  # noqa: E402
from fleet import SITE, DayStack, site_answers_per_second  # noqa: E402
from screen import Screen  # noqa: E402
from taps import Heard  # noqa: E402
from upstream import Upstream  # noqa: E402

# As OpenAI's SDKs do, a client that is refused for want of room asks again; so often at most.
MOST_TRIES = 12
MOST_OPEN = 1500
ANSWER_SECONDS = 300


@dataclasses.dataclass
class Asked:
    """A request and what became of it."""

    request: plan.Request
    answer: Answer
    began: float
    tries: int = 1
    first_zone: str = ""
    failure: str | None = None
    over: bool = False

    @property
    def completed(self) -> bool:
        return self.over and self.failure is None


class Day:
    def __init__(self, options, requests: plan.Requests, stack: DayStack, screen: Screen) -> None:
        self.options, self.requests, self.stack, self.screen = options, requests, stack, screen
        self.gateway = Gateway(stack.gateway_port)
        self.asked: list[Asked] = []
        self.warm: list[Asked] = []
        self.open: set[asyncio.Task] = set()
        self.view: dict | None = None
        self.began = 0.0
        self.rate_of_site = 0.0
        self.script_over = False
        # What the script has seen: requests whose node was killed or drained under them.
        self.disturbed: dict[str, list[Asked]] = {"killed": [], "drained": []}
        self.kill_moment: float | None = None

    @property
    def hour(self) -> float:
        return min(plan.LAST_HOUR, plan.hour_of((time.monotonic() - self.began) / (self.options.minutes * 60)))

    # What the screen shows.

    def in_flight(self, zone: str) -> int:
        return sum(1 for one in self.asked if not one.over and one.answer.zone == zone)

    def answered(self, zone: str) -> int:
        return sum(1 for one in self.asked if one.completed and one.answer.zone == zone)

    @property
    def kept(self) -> int:
        return sum(1 for one in self.asked if one.completed and one.request.stays)

    @property
    def overflowed(self) -> int:
        return sum(1 for one in self.asked if one.completed and one.answer.zone in ("datacenter", "external"))

    @property
    def resumed(self) -> int:
        return sum(1 for one in self.asked if one.completed and one.answer.moves)

    @property
    def lost(self) -> int:
        return sum(1 for one in self.asked if one.failure is not None)

    def leaked(self) -> int:
        return self.stack.leaks_heard()

    # The load.

    async def read(self, one: Asked) -> None:
        """One request to its end, asked again while it is refused for want of room."""
        key = self.stack.keys[one.request.tenant]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                while True:
                    try:
                        await self.gateway.ask(one.request.headers(key), one.request.body(self.stack.model), one.answer)
                        break
                    except Refused as no:
                        if no.status not in (429, 503) or one.tries >= MOST_TRIES:
                            raise
                        one.tries += 1
                        await asyncio.sleep(max(0.2, no.retry_after))
        except (OSError, ValueError, Refused, TimeoutError) as broken:
            one.failure = f"{type(broken).__name__}: {broken}"[:300]
            self.screen.tell(self.hour if self.began else None, f"LOST: request {one.request.number} of {one.request.tenant}: {one.failure}")
        one.over = True

    def send(self, request: plan.Request, counted: bool = True) -> Asked:
        one = Asked(request, Answer(), time.monotonic())
        if counted:
            self.asked.append(one)
        task = asyncio.create_task(self.read(one))
        self.open.add(task)
        task.add_done_callback(self.open.discard)
        return one

    async def load(self) -> None:
        """Requests at the trace's pauses, as many as the hour wants."""
        due = time.monotonic()
        while self.hour < plan.LAST_HOUR or not self.script_over:
            busy, _ = plan.phase_at(self.hour)
            due += self.requests.pause() / (busy * self.rate_of_site)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(self.open) < MOST_OPEN:
                self.send(self.requests.next())

    async def warm_up(self) -> None:
        """Processes that have just started compile their code, on every way that a request can take: the day begins when that is mostly done.
        How fast real nodes are is seen here."""
        places = len(SITE) * (self.stack.places if self.stack.real else 6)
        seconds = 1.0
        for count, on_site in ((places, True), (places, True), (4 * places, False), (places, True)):
            began = time.monotonic()
            for _ in range(count):
                request = self.requests.next()
                if on_site:
                    request.kind, request.tenant = "tenant", "clinic"
                if not self.stack.real:
                    request.answer_tokens = min(request.answer_tokens, 40)
                self.warm.append(self.send(request, counted=False))
            while self.open:
                await asyncio.wait(self.open)
            seconds = time.monotonic() - began
            if failed := next((one for one in self.warm if one.failure), None):
                raise SystemExit(f"the fleet does not answer: {failed.failure}")
        if self.stack.real:
            self.rate_of_site = places / seconds
        else:
            trace = self.requests.trace
            self.rate_of_site = site_answers_per_second(trace.mean_prompt, trace.mean_answer)

    # What happens to the fleet.

    async def until(self, hour: float) -> None:
        while self.hour < hour:
            await asyncio.sleep(0.05)

    def running_on(self, node: str, least: int = 1, left: int = 0) -> list[Asked]:
        return [one for one in self.asked if not one.over and one.answer.node == node and one.answer.chunks >= least and one.request.answer_tokens - one.answer.chunks >= left]

    async def wait_until(self, what: str, condition, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise SystemExit(f"after {seconds:.0f} s still not so: {what}")
            await asyncio.sleep(0.02)

    def is_ready(self, node: str) -> bool:
        return any(seen["node"] == node and seen["state"] == "ready" for seen in (self.view or {"nodes": []})["nodes"])

    async def script(self) -> None:
        await self.until(plan.KILL_AT)
        least = 1 if self.stack.real else 2
        victim = None

        def somebody() -> bool:
            nonlocal victim
            counts = {node: len(self.running_on(node, 5, 12)) for node in SITE}
            victim = max(counts, key=counts.get)
            return counts[victim] >= least

        await self.wait_until("a node of the site is in the middle of some answers", somebody)
        self.disturbed["killed"] = self.running_on(victim, 0)
        self.stack.stack.processes[victim].kill()
        self.kill_moment = time.monotonic()
        self.screen.tell(self.hour, f"SIGKILL: {victim}, in the middle of {len(self.disturbed['killed'])} answers")
        await asyncio.to_thread(self.stack.stack.processes[victim].wait)
        await self.wait_until(f"the router sees that {victim} is gone", lambda: not self.is_ready(victim))
        await self.until(plan.RESTART_AT)
        self.screen.tell(self.hour, f"{victim} is started again")
        self.stack.stack.again(victim)
        await self.wait_until(f"{victim} is back", lambda: self.is_ready(victim), 300)
        self.screen.tell(self.hour, f"{victim} is back")
        await self.until(plan.DRAIN_AT)
        other = next(node for node in SITE if node != victim)
        await self.wait_until(f"{other} is in the middle of an answer", lambda: self.running_on(other, 2, 8))
        self.disturbed["drained"] = self.running_on(other, 0)
        await self.drain(other, resume=False)
        self.screen.tell(self.hour, f"{other} drains for maintenance, in the middle of {len(self.disturbed['drained'])} answers")
        await self.until(plan.RESUME_AT)
        await self.wait_until(f"{other} is empty", lambda: not self.running_on(other, 0), 120)
        await self.drain(other, resume=True)
        self.screen.tell(self.hour, f"{other} takes requests again")
        self.script_over = True

    async def drain(self, node: str, resume: bool) -> None:
        status, said = await self.gateway.json("/page/api/drain", self.stack.keys["operators"], {"node": node, "resume": resume})
        if status != 200:
            raise SystemExit(f"{node} can't be drained: {status} {said}")

    async def watch(self) -> None:
        async for view in self.gateway.fleet(self.stack.keys["operators"]):
            self.view = view

    async def show(self) -> None:
        phase_before = ""
        placed = 0
        while True:
            hour = self.hour
            _, phase = plan.phase_at(hour)
            if phase != phase_before:
                self.screen.tell(hour, phase)
                phase_before = phase
            # Since the last time, by the zone of their first target.
            waiting = collections.deque(one for one in self.asked[placed:])
            while waiting and (waiting[0].answer.zone or waiting[0].over):
                self.screen.placed(waiting.popleft().answer.zone)
                placed += 1
            Heard.look_at_all()
            self.screen.show(hour, phase, self, self.view)
            await asyncio.sleep(0.4)

    async def live(self) -> None:
        """The day, from the first request to the last answer."""
        watching = asyncio.create_task(self.watch())
        await self.wait_until("the page's view of the fleet", lambda: all(self.is_ready(node) for node in SITE), 30)
        self.screen.tell(None, "warming up ...")
        await self.warm_up()
        self.screen.tell(None, f"the day begins: {self.options.minutes:g} minutes, the site can do {self.rate_of_site:.1f} requests/s")
        self.requests.begin()
        self.began = time.monotonic()
        showing = asyncio.create_task(self.show())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.script())
                group.create_task(self.load())
            self.screen.tell(self.hour, f"the day is over, {len(self.open)} answers are still being read")
            while self.open:
                await asyncio.wait(self.open)
            await asyncio.sleep(0.5)
        finally:
            showing.cancel()
            watching.cancel()


async def run(options, stack: DayStack, requests: plan.Requests) -> int:
    screen = Screen(stack.url, str(stack.stack.folder / "admin.key"))
    upstream = Upstream(stack.heard_upstream, lambda data: stack.hear("external", data))
    await upstream.start(stack.ports["upstream"])
    print("Starting router, three nodes and gateway ...", flush=True)
    stack.start()
    await asyncio.to_thread(stack.await_ready)
    screen.begin()
    day = Day(options, requests, stack, screen)
    try:
        await day.live()
        print("\nThe day is over. Asking again what was disturbed, reading receipts, searching what was heard ...", flush=True)
        found = await proof.of(day)
        print(table.of(day, found), flush=True)
        if options.stay:
            print(f"\nThe fleet stays up: {stack.url}/#fleet; Ctrl-C ends it.", flush=True)
            await asyncio.Event().wait()
    finally:
        for task in list(day.open):
            task.cancel()
        upstream.close()
    return table.verdict(found)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="deploy/local/demo",
        description="A day in the fleet, in some minutes: two nodes on the site, one in a datacenter, an endpoint of somebody else's, three tenants. Requests come and have lengths as in a "
        "public trace (Azure's LLM inference trace 2023, conversation); at noon more come than the site can do; some texts have secrets and must stay; one node is killed in the middle of its "
        "answers, one is drained. Ends with a table, and with an error when anything was lost, differed or leaked, or when nothing overflowed or moved.",
    )
    parser.add_argument("--minutes", type=float, default=5, help="that the day takes, 0.75 to 1440 (default: 5)")
    parser.add_argument("--model", help="real nodes with this model (deploy/local/node list) instead of simulated ones; lengths are an eighth of the trace's then")
    parser.add_argument("--port", type=int, help="the gateway's (default: a free one)")
    parser.add_argument("--seed", type=int, default=2023, help="of what is asked and when (default: 2023)")
    parser.add_argument("--stay", action="store_true", help="leave the fleet up after the table, until Ctrl-C")
    parser.add_argument("--keep", action="store_true", help="leave logs, ledger, events and what was heard in the run folder")
    options = parser.parse_args()
    if not 0.75 <= options.minutes <= 1440:
        parser.error(f"--minutes is a number from 0.75 to 1440, not {options.minutes:g}")
    requests = plan.Requests(options.seed, 8 if options.model else 1)
    stack = DayStack(options.model, 4, requests.marks, options.port)
    # Also where the shell that began it in the background had it ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return asyncio.run(run(options, stack, requests))
    except KeyboardInterrupt:
        print("\nEnding router, nodes and gateway ...", file=sys.stderr, flush=True)
        return 130
    finally:
        signal.signal(signal.SIGINT, lambda *_: stack.stack.end_now())
        stack.close()
        if options.keep:
            print(f"Logs, ledger, events and what was heard: {stack.stack.folder}")
        else:
            shutil.rmtree(stack.stack.folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
