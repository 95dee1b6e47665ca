#!/usr/bin/env python3
"""Holds deploy/compose and deploy/systemd to what they promise (called by .ci/check_deploy, which brings the tools).

Compose: read by docker-compose itself, files that it mounts exist after 'prepare', nodes have no way out, nothing but gateway and Grafana is reached from
the host, the router's and the broker's settings work together by TLS in real processes. Units: systemd's own verdict on an installed tree."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import yaml

import stack

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "deploy/compose"
OURS = ("gateway", "router", "node-1", "node-2")
work = pathlib.Path(tempfile.mkdtemp(prefix="ringfence-compose-"))
state = work / "state"
ENVIRONMENT = os.environ | {"RINGFENCE_COMPOSE_STATE": str(state), "RINGFENCE_USER": "65532:65532", "RINGFENCE_MODEL": "SmolLM2-135M-Instruct.Q4_1.gguf"}


def run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr or done.stdout}")
    return done.stdout


def composed(*files: str) -> dict:
    return json.loads(run("docker-compose", "--project-directory", COMPOSE, *(part for name in files for part in ("-f", COMPOSE / name)), "config", "--format", "json"))


def way_out(config: dict, service: str) -> bool:
    return any(not config["networks"][name].get("internal") for name in config["services"][service]["networks"])


def check_config(config: dict, upstreams: bool) -> None:
    services = config["services"]
    for name in ("node-1", "node-2", "kafka", "collector", "prometheus"):
        if way_out(config, name):
            sys.exit(f"{name} has a way out of this machine")
    if way_out(config, "router") != upstreams:
        sys.exit(f"the router's way out is {way_out(config, 'router')}, with upstreams: {upstreams}")
    for name, service in services.items():
        tag = re.search(r":([^:/@]+)$", service["image"])
        if not tag or tag[1] == "latest":
            sys.exit(f"{name} runs {service['image']}, which may be another tomorrow")
        if service.get("privileged") or service["cap_drop"] != ["ALL"] or "no-new-privileges:true" not in service["security_opt"] or service["user"].startswith("0"):
            sys.exit(f"{name} is not confined")
        if not service.get("mem_limit") or not service.get("pids_limit"):
            sys.exit(f"{name} has no bounds")
        if name in OURS and not service["read_only"]:
            sys.exit(f"{name} can write its root")
        if service.get("ports") and name not in ("gateway", "grafana"):
            sys.exit(f"{name} is reached from the host")
        if any(port.get("host_ip") != "127.0.0.1" for port in service.get("ports", [])):
            sys.exit(f"{name} is reached from other machines without being asked to")
        for key, value in (service.get("environment") or {}).items():
            if re.search(r"KEY|TOKEN|PASSWORD|SECRET", key) and not key.endswith("__FILE"):
                sys.exit(f"{name} has a secret in its environment: {key}={value}")
    for first in services:
        for second in services:
            together = set(services[first]["networks"]) & set(services[second]["networks"]) - {"watch"}
            if {first, second} <= {"gateway", "node-1"} and first != second and together:
                sys.exit(f"{first} and {second} share {together}")


def check_files(config: dict) -> int:
    """Everything that is mounted is in the repository or made by 'prepare'."""
    sources = [volume["source"] for service in config["services"].values() for volume in service.get("volumes", [])]
    sources += [secret["file"] for secret in config["secrets"].values()]
    for source in sources:
        made = source.replace(str(COMPOSE / ".state"), str(state))
        if not pathlib.Path(made).exists():
            sys.exit(f"compose mounts {source}, which is not there")
    for path in (state / "secrets").iterdir():
        if path.stat().st_mode & 0o077:
            sys.exit(f"{path} can be read by others")
    return len(set(sources))


def check_wiring(config: dict) -> None:
    """Names that certificates have are those that are dialled; ports are those of the images."""
    listens = {name: (ROOT / f"deploy/images/{name.split('-')[0]}.properties").read_text() for name in OURS}
    dialled = {value for name in OURS for key, value in config["services"][name]["environment"].items() if key.endswith(("_ROUTERS", "_ADVERTISE"))}
    dialled |= {target for job in yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["scrape_configs"] for target in job["static_configs"][0]["targets"]}
    certificates = {"gateway": "https-gateway", "router": "router-router", "node-1": "node-site-node-1", "node-2": "node-site-node-2"}
    for address in dialled:
        host, port = address.split(":")
        if not re.search(rf"[:=]{port}$", listens[host], re.MULTILINE):
            sys.exit(f"{address} is dialled, and {host} does not listen there")
        if f"DNS:{host}" not in run("openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", state / f"secrets/{certificates[host]}.pem"):
            sys.exit(f"{address} is dialled, and its certificate has not that name")


def check_kafka() -> None:
    """The broker's file and the router's, in real processes, with nothing changed but addresses and places."""
    plain, port, controller, http = stack.free_port(), stack.free_port(), stack.free_port(), stack.free_port()
    folder = work / "kafka"
    folder.mkdir()
    # The certificate is for the name kafka: here the broker is called localhost.
    run(ROOT / "deploy/local/router", "certificates", "create", "https/here", "--folder", state / "secrets", "--host", "localhost")
    (folder / "keystore.pem").write_bytes(b"".join((state / f"secrets/https-here.{kind}").read_bytes() for kind in ("key", "pem")))
    broker = (COMPOSE / "broker.properties").read_text()
    for old, new in (
        ("CLIENTS://0.0.0.0:9093", f"CLIENTS://127.0.0.1:{port}"),
        ("CLIENTS://kafka:9093", f"CLIENTS://localhost:{port}"),
        ("127.0.0.1:9094", f"127.0.0.1:{controller}"),
        ("/etc/kafka/keystore.pem", str(folder / "keystore.pem")),
        ("/etc/kafka/ca.crt", str(state / "secrets/authority.pem")),
        ("/var/lib/kafka/data", str(folder / "data")),
    ):
        if old not in broker:
            sys.exit(f"broker.properties has no {old}")
        broker = broker.replace(old, new)
    (folder / "broker.properties").write_text(broker + "log.cleaner.dedupe.buffer.size=2097152\n")
    client = (COMPOSE / "kafka-client.properties").read_text().replace("/etc/ringfence/tls/ca.crt", str(state / "secrets/authority.pem"))
    (folder / "client.properties").write_text(client)
    jars = ROOT / "deploy/local/kafka/target/jars"
    if not (jars.parent / "whole").exists():
        run(ROOT / "mvnw", "-f", ROOT / "deploy/local/kafka/pom.xml", "-B", "-q", "dependency:copy-dependencies")
    processes = stack.Stack("compose")
    java = [processes.java, "-XX:+UseSerialGC", "-Xmx384m", "-cp", f"{jars}/*"]
    cluster = re.search(r"--cluster-id (\S+)", (COMPOSE / "compose.yaml").read_text())[1]
    run(*java, "kafka.tools.StorageTool", "format", "--ignore-formatted", "--cluster-id", cluster, "--config", folder / "broker.properties")
    try:
        with open(processes.folder / "kafka.log", "ab") as log:
            processes.processes["kafka"] = subprocess.Popen([*java, "kafka.Kafka", str(folder / "broker.properties")], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        processes.start(
            "router",
            "router",
            {
                "quarkus.config.locations": folder / "client.properties",
                "ringfence.router.listen-address": f"127.0.0.1:{plain}",
                "ringfence.router.events.folder": folder / "events",
                "ringfence.router.events.kafka.bootstrap": f"localhost:{port}",
                "ringfence.router.events.kafka.replicas": 1,
                "quarkus.http.host": "127.0.0.1",
                "quarkus.http.port": http,
            },
        )
        processes.ready("router", http)
        processes.start(
            "node",
            "inference-node",
            {
                **{"ringfence.node.simulate": "ttft=10ms,tpot=10ms", "ringfence.node.listen-address": "127.0.0.1:0", "ringfence.node.routers": f"127.0.0.1:{plain}"},
                **{"quarkus.http.host": "127.0.0.1", "quarkus.http.port": 0},
            },
            ["serve"],
        )

        def published() -> float:
            with urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics", timeout=5) as page:
                return sum(float(line.split()[-1]) for line in page.read().decode().splitlines() if line.startswith("ringfence_router_events_published_total"))

        stack.wait_for("the router's events reach the broker by TLS", lambda: published() > 0, 120)
    finally:
        processes.stop()
    shutil.rmtree(processes.folder, ignore_errors=True)


def check_units() -> str:
    tree = work / "installed"
    run(ROOT / "deploy/systemd/install", "--root", tree, "gateway", "router", "node")
    scores = []
    for service in ("gateway", "router", "node"):
        unit = f"ringfence-{service}.service"
        verdict = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", f"--root={tree}", str(tree / "etc/systemd/system" / unit)], capture_output=True, text=True)
        wrong = [line for line in verdict.stderr.splitlines() if unit in line]
        if wrong:
            sys.exit(f"{unit}: " + "\n".join(wrong))
        # Exposure in tenths: systemd calls up to 2.0 'OK' of a service.
        run("systemd-analyze", "security", "--offline=true", "--threshold=20", tree / "etc/systemd/system" / unit)
        text = (tree / "etc/systemd/system" / unit).read_text()
        settings = (tree / f"etc/ringfence/{service}.properties").read_text()
        user = re.search(r"^User=(\S+)", text, re.MULTILINE)[1]
        if f"u {user} " not in (tree / "usr/lib/sysusers.d/ringfence.conf").read_text():
            sys.exit(f"{unit} runs as {user}, whom nobody makes")
        for path in re.findall(r"/opt/ringfence/\S+\.jar|/opt/ringfence/\S+/java", text):
            if not (tree / path[1:]).exists():
                sys.exit(f"{unit} starts {path}, which is not installed")
        for path in re.findall(r"=(/var/\S+)", settings):
            if not any(path.startswith(f"/var/{kind}/ringfence-{service}/") for kind in ("lib", "cache")) or f"Directory=ringfence-{service}" not in text:
                sys.exit(f"{service}.properties writes {path}, where the unit lets nothing be written")
        scores.append(service)
    return ", ".join(scores)


def main() -> None:
    run(COMPOSE / "prepare", "--model", "smollm2-135m-instruct")
    again = {path: path.read_bytes() for path in (state / "secrets").iterdir()}
    run(COMPOSE / "prepare", "--model", "smollm2-135m-instruct")
    if again != {path: path.read_bytes() for path in (state / "secrets").iterdir()}:
        sys.exit("'prepare' changed certificates or keys that were there")
    config = composed("compose.yaml")
    check_config(config, False)
    check_config(composed("compose.yaml", "compose.upstreams.yaml"), True)
    gpu = composed("compose.yaml", "compose.gpu.yaml")
    check_config(gpu, False)
    if [gpu["services"][node]["deploy"]["resources"]["reservations"]["devices"][0]["device_ids"] for node in ("node-1", "node-2")] != [["0"], ["1"]]:
        sys.exit("the nodes share a GPU")
    files = check_files(config)
    check_wiring(config)
    for path in (COMPOSE / "prometheus.yml", ROOT / "deploy/kubernetes/prometheus.yml"):
        # Debian's promtool is built without Kubernetes' discovery.
        text = re.sub(r"kubernetes_sd_configs: .*", "static_configs: [{targets: [a:1]}]", path.read_text())
        (work / "prometheus.yml").write_text(text)
        run("promtool", "check", "config", "--syntax-only", work / "prometheus.yml")
    check_collector()
    check_kafka()
    tagged = sorted({service["image"] for name, service in config["services"].items() if name not in OURS and "@sha256:" not in service["image"]})
    print(f"compose: by tag and not by digest, until whoever runs them pins them: {', '.join(tagged) or 'none'}")
    print(f"compose: {len(config['services'])} services, {files} files; nodes have no way out; router and broker understand each other by TLS")
    print(f"systemd: {check_units()} installed into a folder, verified, exposure at most 2.0")
    shutil.rmtree(work, ignore_errors=True)


def check_collector() -> None:
    """Its own program can't be had here: names that it uses are declared, and its port is the one that services are told."""
    config = yaml.safe_load((COMPOSE / "collector.yaml").read_text())
    for name, pipeline in config["service"]["pipelines"].items():
        for part in ("receivers", "processors", "exporters"):
            for one in pipeline[part]:
                if one not in config[part]:
                    sys.exit(f"collector.yaml: the pipeline {name} uses {one}, which is not declared")
        if pipeline["processors"][0] != "memory_limiter":
            sys.exit(f"collector.yaml: the pipeline {name} has no bound")
    port = config["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rsplit(":", 1)[1]
    for name, service in composed("compose.yaml")["services"].items():
        for key, value in (service.get("environment") or {}).items():
            if key.endswith("_TELEMETRY_ENDPOINT") and value != f"http://collector:{port}":
                sys.exit(f"{name} exports to {value}")


main()
