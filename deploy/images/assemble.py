"""Writes images as archives that are both an OCI layout and what 'docker save' writes. Called by deploy/images/make.

Everything that could differ from run to run is given: order of files, times, owners, modes, the compressor's header."""

import argparse
import gzip
import hashlib
import io
import json
import pathlib
import stat
import subprocess
import tarfile
import time

# As project.build.outputTimestamp of pom.xml.
CREATED = "2026-11-01T00:00:00Z"
SECONDS = int(time.mktime(time.strptime(CREATED, "%Y-%m-%dT%H:%M:%SZ"))) - time.timezone
USER = 65532
HOME = "opt/ringfence"
JAVA = f"/{HOME}/runtime/bin/java"
# Directories that Debian's packages of this release still name by their old places.
MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
# JVM flags as in deploy/local/common.sh; half of the container's memory for the services' heap, the node's weights lie outside of it.
SERVICE = ["--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-Xmn64m", "-XX:MaxRAMPercentage=50", "-XX:+ExitOnOutOfMemoryError"]
NODE = [
    *("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC"),
    *("-Xms32m", "-Xmx1g", "-XX:MaxHeapFreeRatio=30", "-XX:MinHeapFreeRatio=10", "-XX:+ExitOnOutOfMemoryError"),
]
IMAGES = {
    "gateway": {"module": "gateway", "flags": SERVICE, "arguments": [], "ports": [8443, 7401], "health": 7401, "title": "OpenAI's API in front of a fleet", "base": ["base"], "state": []},
    "router": {
        **{"module": "router", "flags": SERVICE, "arguments": ["serve"], "ports": [7410, 7411], "health": 7411, "title": "Decides where prompts may and should run"},
        **{"base": ["base"], "state": ["var/lib/ringfence"]},
    },
    "node": {
        **{"module": "inference-node", "flags": NODE, "arguments": ["serve"], "ports": [7420, 7421], "health": 7421, "title": "Runs models"},
        **{"base": ["base", "vulkan"], "state": ["var/cache/ringfence", "models"]},
    },
}


class Layer:
    """Files by their path in the image."""

    def __init__(self) -> None:
        self.members: dict[str, tuple[tarfile.TarInfo, bytes]] = {}

    def put(self, path: str, kind: bytes, mode: int, data: bytes = b"", target: str = "", owner: int = 0) -> None:
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode, entry.mtime, entry.linkname, entry.size = kind, mode, SECONDS, target, len(data)
        entry.uid = entry.gid = owner
        self.members[path] = (entry, data)

    def folder(self, path: str, mode: int = 0o755, owner: int = 0) -> None:
        if path not in self.members:
            self.put(path, tarfile.DIRTYPE, mode, owner=owner)

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self.parents(path)
        self.put(path, tarfile.REGTYPE, mode, data)

    def link(self, path: str, target: str) -> None:
        self.parents(path)
        self.put(path, tarfile.SYMTYPE, 0o777, target=target)

    def parents(self, path: str) -> None:
        parts = path.split("/")
        for end in range(1, len(parts)):
            self.folder("/".join(parts[:end]))

    def tree(self, source: pathlib.Path, target: str, wanted=lambda path: True) -> None:
        for path in sorted(source.rglob("*")):
            name = f"{target}/{path.relative_to(source).as_posix()}"
            if path.is_symlink():
                self.link(name, str(path.readlink()))
            elif path.is_file() and wanted(path):
                self.file(name, path.read_bytes(), 0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)

    def package(self, deb: pathlib.Path) -> None:
        """A package's libraries and licence; no documentation, no scripts."""
        content = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(deb)], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for entry in archive:
                path = entry.name.removeprefix("./").rstrip("/")
                first, _, rest = path.partition("/")
                if first in MERGED:
                    path = f"{MERGED[first]}/{rest}".rstrip("/")
                kept = path.startswith(("usr/lib/", "usr/lib64/", "etc/")) or path.endswith("/copyright")
                if not kept or "/gconv/" in path or path.startswith(("usr/share/lintian", "usr/lib/locale")):
                    continue
                if entry.isfile():
                    self.file(path, archive.extractfile(entry).read(), entry.mode & 0o755)
                elif entry.issym():
                    self.link(path, entry.linkname)
                elif entry.islnk():
                    raise SystemExit(f"{deb}: a hard link, which nothing here expects: {path}")

    def tar(self) -> bytes:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path in sorted(self.members):
                entry, data = self.members[path]
                archive.addfile(entry, io.BytesIO(data) if entry.isfile() else None)
        return made.getvalue()


def system(lock: pathlib.Path, debs: pathlib.Path, groups: list[str]) -> Layer:
    layer = Layer()
    for old, new in MERGED.items():
        layer.folder("usr")
        layer.folder(new)
        layer.link(old, new)
    for line in lock.read_text().splitlines():
        if line and not line.startswith("#"):
            group, _, _, digest = line.split()
            if group in groups:
                deb = debs / f"{digest}.deb"
                if hashlib.sha256(deb.read_bytes()).hexdigest() != digest:
                    raise SystemExit(f"{deb} is not what the lock file says: delete it")
                layer.package(deb)
    layer.file("etc/passwd", f"root:x:0:0:root:/:/nologin\nringfence:x:{USER}:{USER}:Ringfence:/tmp:/nologin\n".encode())
    layer.file("etc/group", f"root:x:0:\nringfence:x:{USER}:\n".encode())
    layer.file("etc/nsswitch.conf", b"hosts: files dns\n")
    layer.folder("tmp", 0o1777)
    return layer


def app(root: pathlib.Path, image: str, libraries: bool, natives: str) -> Layer:
    """The libraries, which change seldom, or what is ours."""
    layer = Layer()
    built = root / IMAGES[image]["module"] / "target/quarkus-app"

    def wanted(path: pathlib.Path) -> bool:
        inside = path.relative_to(built).as_posix()
        ours = not inside.startswith("lib/") or "dev.ringfence" in path.name
        other = "org.lwjgl." in path.name and "-natives-" in path.name and not path.name.endswith(f"-{natives}.jar")
        return ours != libraries and not other

    layer.tree(built, f"{HOME}/app", wanted)
    if not libraries:
        # The framework reads config/ beside where it runs.
        layer.file(f"{HOME}/config/application.properties", (root / f"deploy/images/{image}.properties").read_bytes())
        layer.folder("etc")
        for folder in ("etc/ringfence", "etc/ringfence/tls", "var", "var/lib", "var/cache"):
            layer.folder(folder)
        for folder in IMAGES[image]["state"]:
            layer.parents(folder)
            layer.folder(folder, 0o750, USER)
    return layer


class Archive:
    """Blobs by digest, then the files that name them."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def add(self, data: bytes) -> dict:
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def write(self, path: pathlib.Path, files: dict[str, bytes]) -> None:
        layer = Layer()
        for digest, data in self.blobs.items():
            layer.file(f"blobs/sha256/{digest}", data)
        for name, data in files.items():
            layer.file(name, data)
        path.write_bytes(layer.tar())


def encoded(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def build(options, image: str, shared: dict[str, tuple[bytes, bytes]]) -> str:
    said = IMAGES[image]

    def packed(name: str, make) -> tuple[bytes, bytes]:
        if name not in shared:
            plain = make().tar()
            shared[name] = (plain, gzip.compress(plain, 3, mtime=0))
        return shared[name]

    natives = {"amd64": "natives-linux", "arm64": "natives-linux-arm64"}[options.architecture]
    runtime = Layer()
    runtime.tree(options.runtime, f"{HOME}/runtime")
    layers = [
        ("Debian packages", packed("+".join(said["base"]), lambda: system(options.lock, options.debs, said["base"]))),
        ("Java runtime", packed("runtime", lambda: runtime)),
        ("libraries", packed(f"{image} libraries", lambda: app(options.root, image, True, natives))),
        ("Ringfence", packed(f"{image} app", lambda: app(options.root, image, False, natives))),
    ]
    version = json.loads(encoded(options.tag))
    tls = next((options.root / said["module"] / "target/quarkus-app/lib/main").glob("dev.ringfence.ringfence-tls-*.jar")).name
    probe = [JAVA, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx24m", "-cp", f"/{HOME}/app/lib/main/{tls}", "ringfence.tls.HealthProbe", str(said["health"])]
    config = {
        "architecture": options.architecture,
        "os": "linux",
        "created": CREATED,
        "config": {
            "User": f"{USER}:{USER}",
            "Env": [f"PATH=/{HOME}/runtime/bin", *(["RINGFENCE_CACHE=/var/cache/ringfence"] if image == "node" else [])],
            "WorkingDir": f"/{HOME}",
            "Entrypoint": [JAVA, *said["flags"], "-jar", f"/{HOME}/app/quarkus-run.jar"],
            "Cmd": said["arguments"],
            "ExposedPorts": {f"{port}/tcp": {} for port in said["ports"]},
            "StopSignal": "SIGTERM",
            "Labels": {"org.opencontainers.image.title": f"Ringfence {image}: {said['title']}", "org.opencontainers.image.version": version, "org.opencontainers.image.licenses": "Apache-2.0"},
            # Docker's own; Kubernetes probes by itself.
            "Healthcheck": {"Test": ["CMD", *probe], "Interval": 20_000_000_000, "Timeout": 10_000_000_000, "StartPeriod": 60_000_000_000, "Retries": 3},
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(plain).hexdigest()}" for _, (plain, _) in layers]},
        "history": [{"created": CREATED, "created_by": f"deploy/images/make: {what}"} for what, _ in layers],
    }
    archive = Archive()
    config_blob = archive.add(encoded(config))
    blobs = [archive.add(packed_layer) for _, (_, packed_layer) in layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config_blob},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **blob} for blob in blobs],
    }
    manifest_blob = archive.add(encoded(manifest))
    name = f"ringfence/{image}:{options.tag}"
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                **manifest_blob,
                "platform": {"architecture": options.architecture, "os": "linux"},
                "annotations": {"io.containerd.image.name": f"docker.io/{name}", "org.opencontainers.image.ref.name": options.tag},
            }
        ],
    }
    place = lambda blob: "blobs/sha256/" + blob["digest"].removeprefix("sha256:")
    saved = [{"Config": place(config_blob), "RepoTags": [name], "Layers": [place(blob) for blob in blobs]}]
    archive.write(options.out / f"{image}.tar", {"oci-layout": encoded({"imageLayoutVersion": "1.0.0"}), "index.json": encoded(index), "manifest.json": encoded(saved)})
    print(f"{name}  {(options.out / f'{image}.tar').stat().st_size >> 20} MiB  {manifest_blob['digest']}")
    return manifest_blob["digest"]


def main() -> None:
    reader = argparse.ArgumentParser()
    for name in ("root", "runtime", "lock", "debs", "out"):
        reader.add_argument(f"--{name}", type=pathlib.Path, required=True)
    reader.add_argument("--architecture", choices=("amd64", "arm64"), required=True)
    reader.add_argument("--tag", required=True)
    options = reader.parse_args()
    shared: dict[str, tuple[bytes, bytes]] = {}
    digests = {image: build(options, image, shared) for image in IMAGES}
    (options.out / "digests").write_text("".join(f"ringfence/{image}@{digest}\n" for image, digest in digests.items()))


main()
