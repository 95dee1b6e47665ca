#!/usr/bin/env python3
"""Builds the images twice, reads them as strangers do, and runs them as Kubernetes' manifests say: check_images.py (called by .ci/check_deploy).

Needs root, and Debian's skopeo, umoci and runc: what the pods of the overlay 'trial' would run is run here by runc, in a network that has nothing but
loopback, with the environment, files, user and read-only root of the manifest. One node serves a real model; a question is asked by HTTPS."""

import base64
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

import yaml

import stack

ROOT = pathlib.Path(__file__).resolve().parent.parent
USER = 65532
LISTENING = {8443, 7401, 7410, 7411, 7420, 7421}
MODEL = "smollm2-135m-instruct"
SECRET = re.compile(rb"BEGIN [A-Z ]*PRIVATE KEY|rf-[A-Za-z0-9_-]{20,}")
work = pathlib.Path(tempfile.mkdtemp(prefix="ringfence-images-"))
running: list[str] = []


def run(*command: object, **options) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr or done.stdout}")
    return done.stdout


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def inspect(path: pathlib.Path) -> list[str]:
    """Reads an archive by the rules of its formats; gives the digests of its layers."""
    with tarfile.open(path) as archive:
        files = {entry.name: archive.extractfile(entry).read() for entry in archive if entry.isfile()}
    for name, data in files.items():
        if name.startswith("blobs/") and digest(data) != "sha256:" + name.rsplit("/", 1)[1]:
            sys.exit(f"{path.name}: {name} is not what it is named after")

    def blob(reference: dict) -> bytes:
        data = files["blobs/sha256/" + reference["digest"].removeprefix("sha256:")]
        if len(data) != reference["size"]:
            sys.exit(f"{path.name}: {reference} has another size")
        return data

    manifest = json.loads(blob(json.loads(files["index.json"])["manifests"][0]))
    config = json.loads(blob(manifest["config"]))
    saved = json.loads(files["manifest.json"])[0]
    if [layer["digest"] for layer in manifest["layers"]] != ["sha256:" + name.rsplit("/", 1)[1] for name in saved["Layers"]]:
        sys.exit(f"{path.name}: Docker would read other layers than OCI's tools")
    if config["config"]["User"] != f"{USER}:{USER}" or "Healthcheck" not in config["config"]:
        sys.exit(f"{path.name}: runs as {config['config']['User']}, or has no health check")
    for layer, plain in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
        data = subprocess.run(["gzip", "-dc"], input=blob(layer), capture_output=True, check=True).stdout
        if digest(data) != plain:
            sys.exit(f"{path.name}: a layer unpacks to something else than the configuration says")
        with tarfile.open(fileobj=io.BytesIO(data)) as layer_files:
            for entry in layer_files:
                if entry.name.startswith("/") or ".." in entry.name.split("/"):
                    sys.exit(f"{path.name}: {entry.name} would lie elsewhere")
                if entry.mode & 0o6000 or (entry.mode & 0o002 and not entry.issym() and entry.name != "tmp"):
                    sys.exit(f"{path.name}: {entry.name} has mode {entry.mode:o}")
                if entry.isfile() and SECRET.search(layer_files.extractfile(entry).read()) and not entry.name.endswith((".jar", "/modules")):
                    sys.exit(f"{path.name}: {entry.name} holds a secret")
                if re.search(r"(^|/)(sh|bash|dash|busybox|apt|dpkg)$", entry.name):
                    sys.exit(f"{path.name}: {entry.name} has no business there")
    return [layer["digest"] for layer in manifest["layers"]]


def unpack(image: str) -> pathlib.Path:
    """By tools of others: what Docker's side of the archive says has to be what OCI's side says."""
    archive = work / "first" / f"{image}.tar"
    names = {}
    for side in ("docker-archive", "oci-archive"):
        said = json.loads(run("skopeo", "inspect", f"{side}:{archive}"))
        names[side] = said["Labels"]["org.opencontainers.image.title"], said["Os"], said["Architecture"]
    if names["docker-archive"] != names["oci-archive"]:
        sys.exit(f"{image}: {names}")
    run("skopeo", "copy", "-q", f"oci-archive:{archive}", f"oci:{work}/layout:{image}")
    bundle = work / f"bundle-{image}"
    run("umoci", "unpack", "--image", f"{work}/layout:{image}", bundle)
    return bundle


def system_calls(unit: str) -> dict:
    """What a unit of deploy/systemd lets its process ask of the kernel, as runc wants it said: so that the filter is tried where no systemd runs."""

    def expanded(name: str) -> set[str]:
        if not name.startswith("@"):
            return {name}
        found = set()
        for line in run("systemd-analyze", "syscall-filter", name).splitlines()[1:]:
            if (part := line.strip()) and not part.startswith("#"):
                found |= expanded(part)
        return found

    allowed: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", (ROOT / "deploy/systemd" / unit).read_text(), re.MULTILINE):
        names = set().union(*(expanded(name) for name in line.removeprefix("~").split()))
        allowed = allowed - names if line.startswith("~") else allowed | names
    return {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "syscalls": [{"names": sorted(allowed), "action": "SCMP_ACT_ALLOW"}]}


class Pod:
    """One container as a manifest describes it."""

    def __init__(self, objects: list[dict], secrets: dict[str, dict[str, bytes]], kind: str, owner: str, name: str, extra: dict[str, str]) -> None:
        template = next(one for one in objects if one["kind"] == kind and one["metadata"]["name"] == owner)["spec"]
        spec = template["template"]["spec"]
        container = spec["containers"][0]
        self.name, self.image = name, container["image"].split("/")[1].split(":")[0]
        self.environment = {}
        for one in container["env"]:
            value = one.get("value", name)
            for known, content in self.environment.items():
                value = value.replace(f"$({known})", content)
            self.environment[one["name"]] = value
        self.environment |= extra
        volumes = {one["name"]: one for one in spec["volumes"]} | {one["metadata"]["name"]: {} for one in template.get("volumeClaimTemplates", [])}
        maps = {one["metadata"]["name"]: {key: value.encode() for key, value in one["data"].items()} for one in objects if one["kind"] == "ConfigMap"}
        self.mounts = []
        for one in container["volumeMounts"]:
            folder = work / "volumes" / name / one["name"]
            if not folder.exists():
                folder.mkdir(parents=True)
                for key, data in self.content(volumes[one["name"]], secrets, maps).items():
                    (folder / key).write_bytes(data)
                    (folder / key).chmod(0o440)
                    os.chown(folder / key, 0, USER)
                os.chown(folder, USER, USER)
            part = one.get("subPath", one.get("subPathExpr", "")).replace("$(POD_NAME)", name)
            self.mounts.append({"destination": one["mountPath"], "type": "bind", "source": str(folder / part if part else folder), "options": ["bind", "ro" if one.get("readOnly") else "rw"]})

    @staticmethod
    def content(volume: dict, secrets: dict, maps: dict) -> dict[str, bytes]:
        found = {}
        for source in [volume, *volume.get("projected", {}).get("sources", [])]:
            if "secret" in source:
                found |= secrets[source["secret"].get("secretName", source["secret"].get("name"))]
            if "configMap" in source:
                found |= maps[source["configMap"]["name"]]
        return found

    def start(self, network: str, hosts: pathlib.Path) -> None:
        shared = work / f"bundle-{self.image}"
        self.bundle = work / f"pod-{self.name}"
        self.bundle.mkdir()
        config = json.loads((shared / "config.json").read_text())
        process = config["process"]
        process["terminal"] = False
        process["noNewPrivileges"] = True
        process["capabilities"] = {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")}
        process["env"] += [f"{key}={value}" for key, value in self.environment.items()]
        config["root"] = {"path": str(shared / "rootfs"), "readonly": True}
        config["hostname"] = self.name
        config["mounts"] = [one for one in config["mounts"] if one["destination"] not in ("/sys/fs/cgroup", "/etc/resolv.conf")] + self.mounts
        config["mounts"].append({"destination": "/etc/hosts", "type": "bind", "source": str(hosts), "options": ["bind", "ro"]})
        config["linux"]["namespaces"] = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")] + [{"type": "network", "path": network}]
        config["linux"]["seccomp"] = system_calls(f"ringfence-{self.image}.service")
        (self.bundle / "config.json").write_text(json.dumps(config))
        self.log = work / f"{self.name}.log"
        self.id = f"ringfence-{os.getpid()}-{self.name}"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["runc", "run", "--bundle", str(self.bundle), self.id], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        running.append(self.id)

    def healthy(self, seconds: float = 240) -> None:
        """As Docker would ask."""
        image = json.loads(run("skopeo", "inspect", "--config", "--raw", f"oci:{work}/layout:{self.image}"))
        probe = image["config"]["Healthcheck"]["Test"][1:]
        deadline = time.monotonic() + seconds
        while subprocess.run(["runc", "exec", self.id, *probe], capture_output=True).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{self.name} did not become healthy:\n" + "\n".join(self.log.read_text(errors="replace").splitlines()[-12:]))
            time.sleep(0.5)
        wrong = subprocess.run(["runc", "exec", self.id, *probe[:-1], "1"], capture_output=True)
        if wrong.returncode != 1:
            sys.exit(f"{self.name}: the probe of a port where nobody is ends with {wrong.returncode}")


def main() -> None:
    lock = ROOT / f"deploy/images/base-{run('dpkg', '--print-architecture').strip()}.lock"
    make = [ROOT / "deploy/images/make", "--out", work / "first"]
    first = subprocess.run([str(part) for part in make], capture_output=True, text=True)
    if first.returncode and "run deploy/images/lock" in first.stderr:
        # Debian mends packages at any hour, which says nothing about this commit.
        print(f"WARNING {first.stderr.strip()}")
        lock = work / "base.lock"
        run(ROOT / "deploy/images/lock", lock)
        print(run(*make, "--base", lock))
    elif first.returncode:
        sys.exit(first.stderr)
    else:
        print(first.stdout, end="")
    run(ROOT / "deploy/images/make", "--out", work / "second", "--base", lock)
    layers = set()
    for image in ("gateway", "router", "node"):
        one, two = ((work / again / f"{image}.tar").read_bytes() for again in ("first", "second"))
        if one != two:
            sys.exit(f"{image}: built twice, other bytes")
        layers |= set(inspect(work / "first" / f"{image}.tar"))
        unpack(image)
    print(f"images: the same bytes twice, {len(layers)} layers; skopeo and umoci read them")

    # A machine that is itself a container without that right can build images and not run them.
    if subprocess.run(["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--mount-proc", "--fork", "true"], capture_output=True).returncode != 0:
        print("images: NOT RUN, this machine may not make namespaces", file=sys.stderr)
        shutil.rmtree(work, ignore_errors=True)
        return

    objects = list(yaml.safe_load_all(run("kubectl", "kustomize", ROOT / "deploy/kubernetes/overlays/trial")))
    run(ROOT / "deploy/kubernetes/certificates", work / "certificates", "--routers", 1, "--nodes", 1)
    secrets = {
        one["metadata"]["name"]: {key: base64.b64decode(value) for key, value in one["data"].items()}
        for one in json.loads((work / "certificates/secrets.yaml").read_text())["items"]
    }
    policy = work / "policy.yaml"
    policy.write_text((ROOT / "deploy/kubernetes/base/policy.yaml").read_text())
    keys = stack.Stack("images")
    key = keys.key(policy, "client", "default")
    shutil.rmtree(keys.folder)
    secrets["policy-keys"] = {"policy.keys.yaml": (work / "policy.keys.yaml").read_bytes()}
    model = run(ROOT / "deploy/local/node", "pull", "--quiet", MODEL).strip()

    hosts = work / "hosts"
    hosts.write_text("127.0.0.1 localhost router-0.routers node-site-0.nodes gateway\n")
    holder = subprocess.Popen(["unshare", "--net", "sleep", "1200"])
    network = f"/proc/{holder.pid}/ns/net"
    stack.wait_for("a network of its own", lambda: os.readlink(network) != os.readlink("/proc/self/ns/net"))
    inside = ["nsenter", f"--net={network}"]
    try:
        run(*inside, "ip", "link", "set", "lo", "up")
        router = Pod(objects, secrets, "StatefulSet", "router", "router-0", {})
        node = Pod(objects, secrets, "StatefulSet", "node-site", "node-site-0", {"RINGFENCE_NODE_MODELS": f"/models/{MODEL}.gguf", "RINGFENCE_NODE_BACKEND": "cpu"})
        node.environment.pop("RINGFENCE_NODE_SIMULATE")
        next(one for one in node.mounts if one["destination"] == "/models")["source"] = str(work / "models")
        (work / "models").mkdir()
        shutil.copy(model, work / f"models/{MODEL}.gguf")
        gateway = Pod(objects, secrets, "Deployment", "gateway", "gateway-0", {})
        pods = (router, node, gateway)
        for pod in pods:
            pod.start(network, hosts)
        for pod in pods:
            pod.healthy()
        curl = [*inside, "curl", "-sS", "--max-time", "60", "--cacert", work / "certificates/authority.pem", "--resolve", "gateway:8443:127.0.0.1"]
        asked = json.dumps({"model": MODEL, "max_tokens": 16, "temperature": 0, "messages": [{"role": "user", "content": "What is a fence?"}]})

        def answer() -> dict:
            return json.loads(run(*curl, "https://gateway:8443/v1/chat/completions", "-H", f"Authorization: Bearer {key}", "-H", "Content-Type: application/json", "-d", asked))

        stack.wait_for("the router knows the node", lambda: "choices" in answer())
        said = answer()
        text = said["choices"][0]["message"]["content"]
        if said["usage"]["completion_tokens"] < 8 or not text.strip():
            sys.exit(f"the answer is {said}")
        # What must not be.
        code = run(*curl, "-o", "/dev/null", "-w", "%{http_code}", "https://gateway:8443/v1/models")
        if code != "401":
            sys.exit(f"without a key the gateway answers {code}")
        for path in ("metrics", "q/health"):
            told = run(*curl, "-w", "%{http_code}", f"https://gateway:8443/{path}")
            if not told.endswith("404") or "ringfence_" in told or "UP" in told:
                sys.exit(f"at the port for clients /{path} says {told[:200]}")
        if "ringfence_gateway_requests_seconds_count" not in run(*curl, "--resolve", "gateway:7401:127.0.0.1", "https://gateway:7401/metrics"):
            sys.exit("the gateway's metrics know of no request")
        for port in LISTENING:
            plain = subprocess.run([*inside, "curl", "-s", "--max-time", "5", f"http://127.0.0.1:{port}/metrics"], capture_output=True, text=True)
            if "ringfence_" in plain.stdout:
                sys.exit(f"port {port} answers in plaintext")
        listening = {int(port) for port in re.findall(r"LISTEN\s+\d+\s+\d+\s+\S*?:(\d+)\s", run(*inside, "ss", "-ltnH"))}
        if listening != LISTENING:
            sys.exit(f"the pods listen on {listening}")
        for pod in pods:
            state = json.loads(run("runc", "state", pod.id))
            status = pathlib.Path(f"/proc/{state['pid']}/status").read_text()
            if not re.search(rf"Uid:\s+{USER}\s+{USER}", status) or "Seccomp:\t2" not in status or not re.search(r"CapBnd:\s+0+\n", status) or "NoNewPrivs:\t1" not in status:
                sys.exit(f"{pod.name} has more rights than it was given")
            log = pod.log.read_text(errors="replace")
            if key in log or "fence?" in log:
                sys.exit(f"{pod.name} logs a key or a prompt")
        for pod in pods:
            run("runc", "kill", pod.id, "TERM")
        for pod in pods:
            code = pod.process.wait(timeout=90)
            if code not in (0, 143):
                sys.exit(f"{pod.name} ended with {code} after SIGTERM: {pod.log.read_text(errors='replace')[-500:]}")
        if not list((work / "volumes/router-0/state/ledger").iterdir()):
            sys.exit("the router kept no ledger in its volume")
        print(f"images: three run as the trial's pods do, without a network, with the system calls that the units allow; asked by HTTPS, {MODEL} says {text[:60]!r}")
    finally:
        for one in running:
            subprocess.run(["runc", "delete", "--force", one], capture_output=True)
        holder.kill()
        holder.wait()
    shutil.rmtree(work, ignore_errors=True)


main()
