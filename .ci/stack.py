"""A stack of real processes for checks: router, gateway, simulated nodes, with a tap on each link between them.

A tap is a TCP proxy: it hands on what it hears and gives a copy to whoever watches that link."""

import os
import pathlib
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

ROOT = pathlib.Path(__file__).resolve().parent.parent


def find_java() -> str:
    home = subprocess.run(["sh", str(ROOT / ".mvn/find-jdk")], capture_output=True, text=True, check=True).stdout.strip()
    return f"{home}/bin/java"


def jar(module: str) -> str:
    path = ROOT / module / "target/quarkus-app/quarkus-run.jar"
    if not path.exists():
        raise SystemExit(f"{path} is missing: ./mvnw -pl {module} -am package -DskipTests")
    return str(path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Heard:
    """What went one way through one connection: looked at in large pieces, for each look at a few bytes costs as much."""

    PIECE = 1 << 17
    all: "set[Heard]" = set()
    lock = threading.Lock()

    def __init__(self, link: str, watch) -> None:
        self.link, self.watch = link, watch
        self.parts: list[bytes] = []
        self.size = 0
        self.tail = b""
        self.mine = threading.Lock()
        with Heard.lock:
            Heard.all.add(self)

    def add(self, data: bytes) -> None:
        with self.mine:
            self.parts.append(data)
            self.size += len(data)
            if self.size >= Heard.PIECE:
                self.look()

    def look(self) -> None:
        if self.parts:
            data = self.tail + b"".join(self.parts)
            self.parts.clear()
            self.size = 0
            # What is cut between two pieces is seen whole with the next one.
            self.tail = data[-256:]
            self.watch(self.link, data)

    def end(self) -> None:
        with self.mine:
            self.look()
        with Heard.lock:
            Heard.all.discard(self)

    @classmethod
    def look_at_all(cls) -> None:
        with cls.lock:
            now = list(cls.all)
        for one in now:
            with one.mine:
                one.look()


class Tap:
    """Listens on a port of its own and speaks to another; `watch(link, bytes)` hears both directions, at the latest when
    [Heard.look_at_all] is called."""

    def __init__(self, link: str, target: int, watch) -> None:
        self.link, self.target, self.watch = link, target, watch
        self.server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                client.close()
                continue
            far.settimeout(None)
            for side in (client, far):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.copy, args=(client, far), daemon=True).start()
            threading.Thread(target=self.copy, args=(far, client), daemon=True).start()

    def copy(self, here: socket.socket, there: socket.socket) -> None:
        heard = Heard(self.link, self.watch)
        try:
            while data := here.recv(65536):
                heard.add(data)
                there.sendall(data)
        except OSError:
            pass
        heard.end()
        for side in (here, there):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        here.close()


class Stack:
    """Processes by name, each with its log in the run folder."""

    def __init__(self, name: str) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"ringfence-{name}-"))
        self.java = find_java()
        self.processes: dict[str, subprocess.Popen] = {}
        self.starts: dict[str, tuple] = {}

    def start(self, name: str, module: str, settings: dict, arguments=(), largest_file=None) -> None:
        flags = [self.java, "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4", "-Xmx512m", "-XX:-UsePerfData"]
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
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                raise SystemExit(f"{name} died; its log is {self.folder / name}.log")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/q/health/ready", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        raise SystemExit(f"{name} was not ready within {seconds:.0f} s; its log is {self.folder / name}.log")

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

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(description: str, condition, limit: float = 60.0) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"after {limit} s still not so: {description}")
        time.sleep(0.02)
