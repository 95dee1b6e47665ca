"""What the terminal shows while the day goes on: a block that is drawn anew, or now and then a line where nobody can draw."""

import collections
import os
import shutil
import sys
import time

import plan

ZONES = ("site", "datacenter", "external")


class Screen:
    def __init__(self, url: str, key_file: str) -> None:
        self.url, self.key_file = url, key_file
        self.drawn = 0
        self.draws = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.news: collections.deque[str] = collections.deque(maxlen=5)
        self.begun: dict[str, collections.deque[float]] = {zone: collections.deque() for zone in ZONES}
        self.next_line = 0.0

    def begin(self) -> None:
        print(f"The page: {self.url}/#fleet  (key: cat {self.key_file})", flush=True)

    def tell(self, hour: float | None, text: str) -> None:
        """Something that happened."""
        line = f"{plan.clock(hour)}  {text}" if hour is not None else text
        if self.draws:
            self.news.append(line)
        else:
            print(f"* {line}", flush=True)

    def placed(self, zone: str) -> None:
        if zone in self.begun:
            self.begun[zone].append(time.monotonic())

    def rate(self, zone: str) -> float:
        """Requests a second over the last five."""
        times = self.begun[zone]
        while times and times[0] < time.monotonic() - 5:
            times.popleft()
        return len(times) / 5

    def show(self, hour: float, phase: str, day, view: dict | None) -> None:
        if self.draws:
            self._draw(self._block(hour, phase, day, view))
        elif time.monotonic() >= self.next_line:
            self.next_line = time.monotonic() + 5
            zones = ", ".join(f"{zone} {self.rate(zone):.1f}/s {day.in_flight(zone)} open" for zone in ZONES)
            print(f"{plan.clock(hour)}  {phase}: {zones}, {self._waiting(view)} waiting; {self._counts(day)}", flush=True)

    @staticmethod
    def _waiting(view: dict | None) -> int:
        if view is None:
            return 0
        return view["requests_waiting"] + sum(model["waiting_sequences"] for node in view["nodes"] for model in node["models"])

    @staticmethod
    def _counts(day) -> str:
        return f"kept {day.kept}, overflowed {day.overflowed}, resumed {day.resumed}, lost {day.lost}, leaked {day.leaked()}"

    def _block(self, hour: float, phase: str, day, view: dict | None) -> list[str]:
        done = (hour - plan.FIRST_HOUR) / (plan.LAST_HOUR - plan.FIRST_HOUR)
        bar = "█" * int(done * 40) + "░" * (40 - int(done * 40))
        lines = ["", f"  {plan.clock(hour)}  {bar}  {phase}", f"  {self.url}/#fleet", "", f"  {'zone':<12}{'requests/s':>11}{'open':>7}{'answered':>10}  targets"]
        for zone in ZONES:
            lines.append(f"  {zone:<12}{self.rate(zone):>11.1f}{day.in_flight(zone):>7}{day.answered(zone):>10}  {self._targets(zone, view)}")
        lines += ["", f"  {self._waiting(view)} wait for room    {self._counts(day)}", ""]
        return lines + [f"  {line}" for line in self.news]

    @staticmethod
    def _targets(zone: str, view: dict | None) -> str:
        if view is None:
            return ""
        told = []
        for node in view["nodes"]:
            if node["zone"] == zone:
                running = sum(model["running_sequences"] for model in node["models"])
                waiting = sum(model["waiting_sequences"] for model in node["models"])
                state = "" if node["state"] == "ready" else f" {node['state']}"
                told.append(f"{node['node']} {running}{f'+{waiting}' if waiting else ''}{state}")
        return "   ".join(told + [f"{upstream['name']} {upstream['in_flight']}" for upstream in view["upstreams"] if upstream["zone"] == zone])

    def _draw(self, lines: list[str]) -> None:
        width = shutil.get_terminal_size().columns
        text = f"\x1b[{self.drawn}F" if self.drawn else ""
        text += "".join(f"\x1b[2K{line[: width - 1]}\n" for line in lines) + "\x1b[J"
        self.drawn = len(lines)
        sys.stdout.write(text)
        sys.stdout.flush()
