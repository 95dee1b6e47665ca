"""A stack of real processes, each with its log: for `deploy/local/demo` and for the checks in `.ci`."""

import os
import pathlib
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
# Of each log, when something failed.
LOG_LINES = 15


def find_java() -> str:
    home = subprocess.run(["sh", str(ROOT / ".mvn/find-jdk")], capture_output=True, text=True, check=True).stdout.strip()
    return f"{home}/bin/java"


def jar(module: str) -> str:
    path = ROOT / module / "target/quarkus-app/quarkus-run.jar"
    if not path.exists():
        raise SystemExit(f"{path} is missing: ./mvnw -pl {module} -am package -DskipTests")
    return str(path)


# Below those that the kernel gives to connections: a process that is started again would find its port taken by one of them.
PORTS = range(10_000, 32_000)
_given: set[int] = set()


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody listens on and that were not given before."""
    for _ in range(200):
        first = random.choice(PORTS)
        wanted = range(first, first + count)
        if not _given & set(wanted) and all(map(_is_free, wanted)):
            _given.update(wanted)
            return first
    raise SystemExit(f"no {count} free ports in a row were found from {PORTS[0]} to {PORTS[-1]}")


def free_port() -> int:
    return free_ports(1)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Stack:
    """Processes by name, each with its log in the run folder."""

    def __init__(self, name: str, tier: int = 4) -> None:
        """`tier`: how well code is compiled. 1 is soon done, for processes that live for minutes and have little to compute."""
        self.tier = tier
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"ringfence-{name}-"))
        self.java = find_java()
        self.processes: dict[str, subprocess.Popen] = {}
        self.starts: dict[str, tuple] = {}
        # Ports of the gateways' health and metrics, by their names.
        self.health: dict[str, int] = {}

    def start(self, name: str, module: str, settings: dict, arguments=(), largest_file=None) -> None:
        """A gateway gets a port for its health and metrics, unless the settings name one."""
        if module == "gateway":
            settings = {"quarkus.management.port": self.health.get(name) or free_port(), **settings}
            self.health[name] = int(settings["quarkus.management.port"])
        flags = [self.java, "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", f"-XX:TieredStopAtLevel={self.tier}", "-Xmx512m", "-XX:-UsePerfData"]
        if module == "inference-node":
            flags.append("--add-modules=jdk.incubator.vector")
        command = [*flags, *(f"-D{key}={value}" for key, value in settings.items()), "-jar", jar(module), *arguments]
        self.starts[name] = (name, module, settings, arguments, largest_file)
        with open(self.folder / f"{name}.log", "ab") as log:
            # A limit on files is how a disk fills up for one process alone; its log goes through a pipe.
            limit = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))) if largest_file else None
            if largest_file is None:
                self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
                return
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, preexec_fn=limit)
        self.processes[name] = process
        threading.Thread(target=self.pour, args=(process, self.folder / f"{name}.log"), daemon=True).start()

    @staticmethod
    def pour(process: subprocess.Popen, path: pathlib.Path) -> None:
        with open(path, "ab") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def again(self, name: str) -> None:
        self.start(*self.starts[name])

    def ready(self, name: str, port: int, seconds: float = 120) -> None:
        """Waits until a router or node, by the port of its health, or a gateway, by its own, is ready."""
        port = self.health.get(name, port)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (code := self.processes[name].poll()) is not None:
                raise SystemExit(f"{name} died at start, with {code}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/q/health/ready", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        raise SystemExit(f"{name} was not ready within {seconds:.0f} s")

    def key(self, policy: pathlib.Path, identity: str, tenant: str) -> str:
        made = subprocess.run(
            [self.java, "-jar", jar("router"), "keys", "create", identity, "--tenant", tenant, "--policy-file", str(policy)],
            capture_output=True,
            text=True,
        )
        found = re.search(r"rf-[A-Za-z0-9_-]+", made.stdout)
        if not found:
            raise SystemExit(f"no key could be made: {made.stderr}")
        return found.group()

    def tell(self) -> None:
        """Prints which processes have ended and how each log ends: where a check runs, its output may be all that is left."""
        for path in sorted(self.folder.glob("*.log")):
            code = self.processes[path.stem].poll() if path.stem in self.processes else None
            print(f"--- the end of {path.name}{'' if code is None else f', whose process has ended with {code}'}", file=sys.stderr)
            for line in log_end(path):
                print(f"    {line}", file=sys.stderr)
        sys.stderr.flush()

    def stop(self) -> None:
        """Ends all processes; where this is done because something failed, with what they logged."""
        failure = sys.exc_info()[1]
        if failure is not None and not isinstance(failure, KeyboardInterrupt) and getattr(failure, "code", 1) not in (0, None):
            print(f"{failure}\n", file=sys.stderr)
            self.tell()
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()

    def end_now(self) -> None:
        """For whoever has no patience."""
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()


def log_end(path: pathlib.Path) -> list[str]:
    """Its last lines, without those that say nothing but where in the code something was."""
    said = [line for line in path.read_text(errors="replace").splitlines() if line.strip() and not re.match(r"\s+(at |\.\.\. )", line)]
    return [line[:300] for line in said[-LOG_LINES:]]


def wait_for(description: str, condition, limit: float = 120.0) -> None:
    """Waits until it holds; whoever is asked may not listen yet, or just now."""
    deadline = time.monotonic() + limit
    while True:
        failure = None
        try:
            if condition():
                return
        except OSError as refused:
            failure = refused
        if time.monotonic() > deadline:
            sys.exit(f"after {limit:.0f} s still not so: {description}{'' if failure is None else f' ({failure})'}")
        time.sleep(0.02)
