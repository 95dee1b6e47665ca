"""A stack of real processes, each with its log: for `deploy/local/demo` and for the checks in `.ci`."""

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

ROOT = pathlib.Path(__file__).resolve().parents[3]


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


class Stack:
    """Processes by name, each with its log in the run folder."""

    def __init__(self, name: str, tier: int = 4) -> None:
        """`tier`: how well code is compiled. 1 is soon done, for processes that live for minutes and have little to compute."""
        self.tier = tier
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"ringfence-{name}-"))
        self.java = find_java()
        self.processes: dict[str, subprocess.Popen] = {}
        self.starts: dict[str, tuple] = {}

    def start(self, name: str, module: str, settings: dict, arguments=(), largest_file=None) -> None:
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

    def end_now(self) -> None:
        """For whoever has no patience."""
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()


def wait_for(description: str, condition, limit: float = 60.0) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"after {limit} s still not so: {description}")
        time.sleep(0.02)
