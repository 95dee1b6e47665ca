#!/usr/bin/env python3
"""Holds deploy/kubernetes to its schemas and to what may never be: check_deploy.py (called by .ci/check_deploy, which brings the tools).

What must not be is tried too: each rule of this file is run on manifests that break it, and has to say so."""

import copy
import ipaddress
import json
import pathlib
import re
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
KUBERNETES = ROOT / "deploy/kubernetes"
OVERLAYS = ("site", "overflow", "trial")
# The oldest and the newest release whose schemas are asked.
VERSIONS = ("1.31", "1.37")


def record(required: tuple[str, ...] = (), **fields: dict) -> dict:
    """A schema of an object that has these fields and no others."""
    return {"type": "object", "properties": {name.replace("_", "-"): schema for name, schema in fields.items()}, "required": list(required), "additionalProperties": False}


TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT, "minItems": 1}
DURATION = {"type": "string", "pattern": "^([0-9]+(h|m|s))+$"}
USAGE = {"enum": ["signing", "digital signature", "content commitment", "key encipherment", "key agreement", "data encipherment", "cert sign", "crl sign", "server auth", "client auth"]}
# Of cert-manager, whose schemas are not Kubernetes': what of its API is used here, by its reference of v1, and no more.
FOREIGN = {
    ("cert-manager.io/v1", "Issuer"): record(("ca",), ca=record(("secretName",), secretName=TEXT)),
    ("cert-manager.io/v1", "Certificate"): record(
        ("secretName", "issuerRef"),
        secretName=TEXT,
        issuerRef=record(("name",), name=TEXT, kind={"enum": ["Issuer", "ClusterIssuer"]}, group=TEXT),
        dnsNames=TEXTS,
        ipAddresses=TEXTS,
        uris=TEXTS,
        commonName=TEXT,
        usages={"type": "array", "items": USAGE},
        duration=DURATION,
        renewBefore=DURATION,
        isCA={"type": "boolean"},
        privateKey=record(
            algorithm={"enum": ["RSA", "ECDSA", "Ed25519"]}, size={"type": "integer"}, encoding={"enum": ["PKCS1", "PKCS8"]}, rotationPolicy={"enum": ["Never", "Always"]}
        ),
    ),
}
# Attributes of volumes of its csi-driver.
CSI = record(
    ("issuer-name",),
    **{"issuer_name": TEXT, "issuer_kind": TEXT, "issuer_group": TEXT, "common_name": TEXT, "dns_names": TEXT, "ip_sans": TEXT, "uri_sans": TEXT, "duration": DURATION, "renew_before": DURATION},
    **{"key_usages": TEXT, "key_encoding": {"enum": ["PKCS1", "PKCS8"]}, "key_algorithm": TEXT, "key_size": TEXT, "fs_group": {"type": "string", "pattern": "^[0-9]+$"}},
    **{"ca_file": TEXT, "certificate_file": TEXT, "privatekey_file": TEXT, "reuse_private_key": {"enum": ["true", "false"]}},
)
NAME = "app.kubernetes.io/name"
PROCESSES = ("gateway", "router", "node")
# Of each process, once [listening] has read them.
HEALTH: dict[str, int] = {}


def rendered(overlay: str) -> list[dict]:
    made = subprocess.run(["kubectl", "kustomize", str(KUBERNETES / "overlays" / overlay)], capture_output=True, text=True)
    if made.returncode or made.stderr:
        sys.exit(f"overlay {overlay}: {made.stderr or made.returncode}")
    return list(yaml.safe_load_all(made.stdout))


def listening() -> dict[str, set[int]]:
    """Ports on which each process listens, from the settings that its image holds."""
    ports = {}
    for process in PROCESSES:
        text = (ROOT / f"deploy/images/{process}.properties").read_text()
        settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
        http = int(settings.get("quarkus.http.ssl-port", settings.get("quarkus.http.port", "8080")))
        grpc = settings.get(f"ringfence.{process}.listen-address")
        # A gateway's clients have a port to themselves; the framework's own of a router or node has nothing but health and metrics.
        HEALTH[process] = int(settings.get("quarkus.management.port", http))
        ports[process] = {http, HEALTH[process]} | ({int(grpc.rsplit(":", 1)[1])} if grpc else set())
    return ports


def pods(objects: list[dict]) -> list[tuple[str, dict, dict]]:
    """Name, labels and spec of each pod template."""
    found = []
    for one in objects:
        if one["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
            template = one["spec"]["template"]
            found.append((f"{one['kind']} {one['metadata']['name']}", template["metadata"]["labels"], template["spec"]))
    return found


def matches(selector: dict, labels: dict) -> bool:
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for rule in selector.get("matchExpressions", []):
        value, wanted = labels.get(rule["key"]), rule.get("values", [])
        holds = {"In": value in wanted, "NotIn": value not in wanted, "Exists": value is not None, "DoesNotExist": value is None}
        if not holds[rule["operator"]]:
            return False
    return True


def policies(objects: list[dict], labels: dict, direction: str) -> list[dict]:
    return [one for one in objects if one["kind"] == "NetworkPolicy" and direction in one["spec"]["policyTypes"] and matches(one["spec"]["podSelector"], labels)]


def egress(objects: list[dict], labels: dict) -> list[dict]:
    return [rule for policy in policies(objects, labels, "Egress") for rule in policy["spec"].get("egress", [])]


def ingress(objects: list[dict], labels: dict) -> list[dict]:
    return [rule for policy in policies(objects, labels, "Ingress") for rule in policy["spec"].get("ingress", [])]


def public(peer: dict) -> bool:
    """Whether a peer of a rule reaches addresses of the internet."""
    if "ipBlock" not in peer:
        return False
    network = ipaddress.ip_network(peer["ipBlock"]["cidr"])
    return not network.is_private


# ---- the rules: each gives what is wrong ----


def every_pod_is_denied_by_default(objects):
    for name, labels, _ in pods(objects):
        for direction in ("Ingress", "Egress"):
            if not any(not one["spec"].get(direction.lower()) for one in policies(objects, labels, direction)):
                yield f"{name} is selected by no policy that denies all {direction.lower()}"


def nodes_reach_nobody_but_routers(objects):
    for name, labels, _ in pods(objects):
        if labels[NAME] != "node":
            continue
        for rule in egress(objects, labels):
            if not rule.get("to") or not rule.get("ports"):
                yield f"{name} may reach everybody: {rule}"
            for peer in rule.get("to", []):
                pod = peer.get("podSelector", {}).get("matchLabels", {})
                allowed = pod.get(NAME) in ("router", "otel-collector") or pod.get("k8s-app") == "kube-dns"
                if "ipBlock" in peer or not allowed:
                    yield f"{name} may reach {peer}"


def only_routers_reach_nodes(objects):
    for name, labels, _ in pods(objects):
        if labels[NAME] != "node":
            continue
        for rule in ingress(objects, labels):
            for port in rule.get("ports", [{}]):
                if not rule.get("from"):
                    yield f"{name} hears everybody"
                for peer in rule.get("from", []):
                    who = peer.get("podSelector", {}).get("matchLabels", {}).get(NAME)
                    away = "namespaceSelector" in peer
                    if not (who == "router" and not away and port.get("port") == 7420 or who == "prometheus" and away and port.get("port") == 7421):
                        yield f"{name} hears {peer} on {port}"


def only_routers_and_pullers_reach_the_internet(objects):
    declared = any(one["metadata"]["name"] == "router-to-upstreams" for one in objects)
    for name, labels, spec in pods(objects):
        for rule in egress(objects, labels):
            if not rule.get("to") or any(public(peer) for peer in rule["to"]):
                if not (labels[NAME] == "router" and declared or labels[NAME] == "model-pull"):
                    yield f"{name} may reach the internet: {rule}"
                if [port.get("port") for port in rule.get("ports", [])] != [443]:
                    yield f"{name} may reach the internet by more than HTTPS"
                for peer in rule.get("to", []):
                    inside = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"}
                    if public(peer) and not inside <= set(peer["ipBlock"].get("except", [])):
                        yield f"{name} may reach private networks with the internet"
        if labels[NAME] == "model-pull" and any("tls" in str(volume.get("name")) for volume in spec.get("volumes", [])):
            yield f"{name} has a certificate of the fleet"


def upstreams_and_their_door_come_together(objects):
    text = " ".join(value for one in objects if one["kind"] == "ConfigMap" for value in one["data"].values())
    door = any(one["metadata"]["name"] == "router-to-upstreams" for one in objects)
    if ("base-url:" in text) != door:
        yield "a policy that names upstreams, and the door for routers, come together or not at all"


def ports_are_listened_on(objects):
    ports = listening()
    named = {}
    for name, labels, spec in pods(objects):
        if labels[NAME] not in ports:
            continue
        own = ports[labels[NAME]]
        for container in spec["containers"]:
            for port in container.get("ports", []):
                named[(labels[NAME], port["name"])] = port["containerPort"]
                if port["containerPort"] not in own:
                    yield f"{name} names port {port['containerPort']}, where nothing listens"
        for rule in ingress(objects, labels):
            if not rule.get("ports"):
                yield f"{name} is open on all ports"
            for port in rule.get("ports", []):
                if port["port"] not in own:
                    yield f"a policy opens {port['port']} of {name}, where nothing listens"
        for rule in egress(objects, labels):
            for peer in rule.get("to", []):
                for other in PROCESSES:
                    if "namespaceSelector" not in peer and matches(peer.get("podSelector", {}), {NAME: other}) and "podSelector" in peer:
                        for port in rule["ports"]:
                            if port["port"] not in ports[other]:
                                yield f"{name} may reach port {port['port']} of {other}, where nothing listens"
    for one in objects:
        if one["kind"] == "Service":
            who = one["spec"]["selector"][NAME]
            for port in one["spec"]["ports"]:
                if (who, port["targetPort"]) not in named:
                    yield f"Service {one['metadata']['name']} leads to port {port['targetPort']}, which {who} has not"


def only_prometheus_reads_metrics(objects):
    listening()
    for name, labels, spec in pods(objects):
        if labels[NAME] not in HEALTH:
            continue
        port = HEALTH[labels[NAME]]
        if not any(one.get("name") == "health" and one["containerPort"] == port for container in spec["containers"] for one in container.get("ports", [])):
            yield f"{name} does not name its port of health {port}"
        readers = 0
        for rule in ingress(objects, labels):
            if any(one.get("port") == port for one in rule.get("ports", [])):
                for peer in rule.get("from", [{}]):
                    who = peer.get("podSelector", {}).get("matchLabels", {}).get(NAME)
                    if who == "prometheus" and peer.get("namespaceSelector", {}).get("matchLabels") == {"kubernetes.io/metadata.name": "monitoring"}:
                        readers += 1
                    else:
                        yield f"{name} tells {peer or 'everybody'} its health and metrics"
        if not readers:
            yield f"{name} has metrics that Prometheus can't read"
    for one in objects:
        if one["kind"] == "Service" and any(port["targetPort"] == "health" for port in one["spec"]["ports"]):
            yield f"Service {one['metadata']['name']} leads to health and metrics"


def addresses_are_heard(objects):
    """What processes are told to dial exists: a Service, a pod of it, a port, and both ends' policies let it pass."""
    ports = listening()
    heads = {one["metadata"]["name"]: one["spec"]["selector"][NAME] for one in objects if one["kind"] == "Service"}
    for name, labels, spec in pods(objects):
        for container in spec["containers"]:
            for variable in container.get("env", []):
                if not variable["name"].endswith(("_ROUTERS", "_ADVERTISE")):
                    continue
                for address in variable["value"].split(","):
                    found = re.fullmatch(r"[^.]+\.([a-z-]+):(\d+)", address)
                    if not found or found[1] not in heads or int(found[2]) not in ports[heads[found[1]]]:
                        yield f"{name}: {variable['name']} names {address}, which is nobody"


def images_are_pinned(objects):
    for name, _, spec in pods(objects):
        for container in spec["containers"] + spec.get("initContainers", []):
            image = container["image"]
            tag = re.search(r":([^:/@]+)(@|$)", image)
            if "@sha256:" not in image and (not tag or tag[1] == "latest"):
                yield f"{name} runs {image}, which may be another tomorrow"


def pods_are_confined(objects):
    for name, _, spec in pods(objects):
        pod = spec.get("securityContext", {})
        if not (pod.get("runAsNonRoot") and pod.get("runAsUser", 0) > 0 and pod.get("seccompProfile", {}).get("type") == "RuntimeDefault"):
            yield f"{name} may run as root or without seccomp"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{name} gets a token of the cluster"
        if spec.get("hostNetwork") or spec.get("hostPID") or spec.get("hostIPC") or any("hostPath" in volume for volume in spec.get("volumes", [])):
            yield f"{name} shares its machine's network, processes or files"
        for container in spec["containers"]:
            own = container.get("securityContext", {})
            if not (own.get("readOnlyRootFilesystem") and own.get("allowPrivilegeEscalation") is False and own.get("capabilities") == {"drop": ["ALL"]}):
                yield f"{name}'s container {container['name']} is not confined"
            resources = container.get("resources", {})
            if "memory" not in resources.get("limits", {}) or not {"cpu", "memory"} <= set(resources.get("requests", {})):
                yield f"{name}'s container {container['name']} has no bounds"
            for variable in container.get("env", []):
                if re.search(r"KEY|TOKEN|PASSWORD|SECRET", variable["name"]) and "value" in variable:
                    yield f"{name} has a secret in its environment: {variable['name']}"


def servers_are_probed_and_budgeted(objects):
    budgets = [one["spec"]["selector"] for one in objects if one["kind"] == "PodDisruptionBudget"]
    for name, labels, spec in pods(objects):
        if labels[NAME] not in PROCESSES:
            continue
        for container in spec["containers"]:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                get = container.get(probe, {}).get("httpGet", {})
                if not re.fullmatch(r"/q/health/(started|live|ready)", get.get("path", "")) or get.get("scheme") != "HTTPS":
                    yield f"{name} has no {probe} on its health"
                elif get["port"] != "health":
                    yield f"{name}'s {probe} asks another port than that of its health"
        if len([one for one in budgets if matches(one, labels)]) != 1:
            yield f"{name} has not one disruption budget"


def gpus_are_asked_for(objects):
    for name, labels, spec in pods(objects):
        for container in spec["containers"]:
            environment = {one["name"]: one.get("value", "") for one in container.get("env", [])}
            if labels[NAME] == "node" and "RINGFENCE_NODE_SIMULATE" not in environment:
                if container["resources"]["limits"].get("nvidia.com/gpu") != 1:
                    yield f"{name} asks for no GPU"
                if "graphics" not in environment.get("NVIDIA_DRIVER_CAPABILITIES", ""):
                    yield f"{name} would see no Vulkan driver: NVIDIA_DRIVER_CAPABILITIES wants graphics"


def models_are_those_that_are_pulled(objects):
    catalogue = json.loads((ROOT / "inference-node/src/main/resources/ringfence/catalogue.json").read_text())
    served = set()
    pulled = set()
    for _, labels, spec in pods(objects):
        for container in spec["containers"]:
            environment = {one["name"]: one.get("value", "") for one in container.get("env", [])}
            if "RINGFENCE_NODE_MODELS" in environment:
                served.add(environment["RINGFENCE_NODE_MODELS"])
            if labels[NAME] == "model-pull":
                entry = next(one for one in catalogue["models"] if one["name"] == container["args"][1])
                pulled.add(f"{environment['RINGFENCE_CACHE']}/models/{entry['file']}")
    if served != pulled:
        yield f"nodes serve {served}, and {pulled} is pulled"
    names = {pathlib.Path(path).stem for path in served}
    for one in objects:
        if one["kind"] == "ConfigMap" and "policy.yaml" in one["data"]:
            for upstream in yaml.safe_load(one["data"]["policy.yaml"]).get("upstreams", []):
                if not names & set(upstream["models"]):
                    yield f"the upstream {upstream['name']} has no model that nodes serve: nothing overflows to it"


def scalers_follow_what_is_measured(objects):
    rules = (ROOT / "deploy/prometheus/rules.yml").read_text()
    adapter = yaml.safe_load((KUBERNETES / "prometheus-adapter.yaml").read_text())
    offered = {rule["name"]["as"]: rule["seriesQuery"] for rule in adapter["rules"]["external"]}
    targets = {(one["kind"], one["metadata"]["name"]) for one in objects}
    for one in objects:
        if one["kind"] != "HorizontalPodAutoscaler":
            continue
        target = one["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) not in targets:
            yield f"autoscaler {one['metadata']['name']} scales what is not there"
        scaled = next((other for other in objects if (other["kind"], other["metadata"]["name"]) == (target["kind"], target["name"])), {"spec": {}})
        if "replicas" in scaled["spec"]:
            yield f"{target['name']} has a number of replicas and an autoscaler: each apply would fight it"
        for metric in one["spec"]["metrics"]:
            if metric["type"] == "External":
                series = offered.get(metric["external"]["metric"]["name"])
                if series is None or f"- record: {series}\n" not in rules:
                    yield f"autoscaler {one['metadata']['name']} follows {metric['external']['metric']['name']}, which nobody measures"


def cert_managers_fields_exist(objects):
    import jsonschema

    def wrong(schema, value, where):
        for error in jsonschema.Draft7Validator(schema).iter_errors(value):
            yield f"{where}: {'.'.join(map(str, error.path))} {error.message}"

    issuers = {one["metadata"]["name"] for one in objects if one["kind"] == "Issuer"}
    for one in objects:
        schema = FOREIGN.get((one["apiVersion"], one["kind"]))
        if schema:
            yield from wrong(schema, one["spec"], f"{one['kind']} {one['metadata']['name']}")
            name = one["spec"].get("issuerRef", {}).get("name")
            if name and name not in issuers:
                yield f"{one['kind']} {one['metadata']['name']} asks the issuer {name}, which is not there"
    for name, _, spec in pods(objects):
        for volume in spec.get("volumes", []):
            csi = volume.get("csi", {})
            if csi.get("driver") != "csi.cert-manager.io":
                continue
            attributes = {key.removeprefix("csi.cert-manager.io/"): value for key, value in csi["volumeAttributes"].items()}
            yield from wrong(CSI, attributes, f"{name}'s volume {volume['name']}")
            if set(attributes.get("key-usages", "digital signature").split(",")) - set(USAGE["enum"]):
                yield f"{name}'s volume {volume['name']} has usages that don't exist: {attributes['key-usages']}"
            if attributes.get("issuer-name") not in issuers:
                yield f"{name}'s volume {volume['name']} asks the issuer {attributes.get('issuer-name')}, which is not there"
            if csi.get("readOnly") is not True:
                yield f"{name}'s volume {volume['name']} has to be read-only: the driver refuses it otherwise"


RULES = (
    every_pod_is_denied_by_default,
    nodes_reach_nobody_but_routers,
    only_routers_reach_nodes,
    only_routers_and_pullers_reach_the_internet,
    upstreams_and_their_door_come_together,
    ports_are_listened_on,
    only_prometheus_reads_metrics,
    addresses_are_heard,
    images_are_pinned,
    pods_are_confined,
    servers_are_probed_and_budgeted,
    gpus_are_asked_for,
    models_are_those_that_are_pulled,
    scalers_follow_what_is_measured,
    cert_managers_fields_exist,
)


def broken(objects: list[dict]):
    """Manifests that break one rule each, with the rule that has to say so."""

    def changed(rule, kind, name, change):
        copied = copy.deepcopy(objects)
        for one in copied:
            if one["kind"] == kind and one["metadata"]["name"] == name:
                change(one)
                return rule, f"{kind} {name}", copied
        raise SystemExit(f"there is no {kind} {name} to break")

    def container(one):
        return one["spec"]["template"]["spec"]["containers"][0]

    def policy(name, change):
        return lambda rule: changed(rule, "NetworkPolicy", name, change)

    def node(change):
        return lambda rule: changed(rule, "StatefulSet", "node-site", change)

    anywhere = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"protocol": "TCP", "port": 443}]}
    yield policy("default-deny", lambda one: one["spec"].update(podSelector={"matchLabels": {NAME: "router"}}))(every_pod_is_denied_by_default)
    yield policy("default-deny", lambda one: one["spec"].update(policyTypes=["Ingress"]))(every_pod_is_denied_by_default)
    yield policy("node", lambda one: one["spec"]["egress"].append(anywhere))(nodes_reach_nobody_but_routers)
    yield policy("node", lambda one: one["spec"]["egress"].append({}))(nodes_reach_nobody_but_routers)
    yield policy("names", lambda one: one["spec"]["egress"][0].pop("to"))(nodes_reach_nobody_but_routers)
    yield policy("node", lambda one: one["spec"]["ingress"][0]["from"].append({"podSelector": {"matchLabels": {NAME: "gateway"}}}))(only_routers_reach_nodes)
    yield policy("node", lambda one: one["spec"]["ingress"][0].pop("from"))(only_routers_reach_nodes)
    yield policy("gateway", lambda one: one["spec"]["egress"].append(anywhere))(only_routers_and_pullers_reach_the_internet)
    yield policy("model-pull", lambda one: one["spec"].update(podSelector={}))(only_routers_and_pullers_reach_the_internet)
    yield policy("router-to-upstreams", lambda one: one["spec"]["egress"][0]["to"][0]["ipBlock"].pop("except"))(only_routers_and_pullers_reach_the_internet)
    yield policy("router-to-upstreams", lambda one: one["metadata"].update(name="another"))(upstreams_and_their_door_come_together)
    yield policy("router", lambda one: one["spec"]["ingress"][0]["ports"][0].update(port=7412))(ports_are_listened_on)
    yield policy("gateway", lambda one: one["spec"]["egress"][0]["ports"][0].update(port=7420))(ports_are_listened_on)
    yield changed(ports_are_listened_on, "Service", "nodes", lambda one: one["spec"]["ports"][0].update(targetPort="http"))
    yield policy("metrics-of-gateways", lambda one: one["spec"]["ingress"][0].pop("from"))(only_prometheus_reads_metrics)
    yield policy("metrics-of-routers", lambda one: one["spec"]["ingress"][0]["from"][0].pop("namespaceSelector"))(only_prometheus_reads_metrics)
    yield policy("gateway", lambda one: one["spec"]["ingress"][0]["ports"].append({"protocol": "TCP", "port": 7401}))(only_prometheus_reads_metrics)
    yield policy("metrics-of-nodes", lambda one: one["metadata"].update(name="x") or one["spec"].update(ingress=[]))(only_prometheus_reads_metrics)
    yield changed(only_prometheus_reads_metrics, "Service", "gateway", lambda one: one["spec"]["ports"][0].update(targetPort="health"))
    yield node(lambda one: next(v for v in container(one)["env"] if v["name"] == "RINGFENCE_NODE_ROUTERS").update(value="router-0.router:7410"))(addresses_are_heard)
    yield node(lambda one: container(one).update(image="ringfence/node:latest"))(images_are_pinned)
    yield node(lambda one: container(one).update(image="registry:5000/ringfence/node"))(images_are_pinned)
    yield node(lambda one: container(one)["securityContext"].update(readOnlyRootFilesystem=False))(pods_are_confined)
    yield node(lambda one: one["spec"]["template"]["spec"].update(hostNetwork=True))(pods_are_confined)
    yield node(lambda one: container(one)["env"].append({"name": "PARTNER_KEY", "value": "x"}))(pods_are_confined)
    yield node(lambda one: container(one)["readinessProbe"]["httpGet"].update(scheme="HTTP"))(servers_are_probed_and_budgeted)
    yield changed(servers_are_probed_and_budgeted, "PodDisruptionBudget", "router", lambda one: one["spec"]["selector"]["matchLabels"].update({NAME: "routers"}))
    yield node(lambda one: container(one)["resources"]["limits"].pop("nvidia.com/gpu"))(gpus_are_asked_for)
    yield changed(models_are_those_that_are_pulled, "Job", "model-pull", lambda one: container(one)["args"].__setitem__(1, "smollm2-135m-instruct"))
    yield node(lambda one: next(v for v in container(one)["env"] if v["name"] == "RINGFENCE_NODE_MODELS").update(value="/models/other.gguf"))(models_are_those_that_are_pulled)
    yield node(lambda one: one["spec"].update(replicas=3))(scalers_follow_what_is_measured)
    yield changed(
        scalers_follow_what_is_measured, "HorizontalPodAutoscaler", "node-site", lambda one: one["spec"]["metrics"][0]["external"]["metric"].update(name="queue")
    )
    yield changed(cert_managers_fields_exist, "Certificate", "gateway-https", lambda one: one["spec"].update(hosts=["gateway"]))
    yield changed(cert_managers_fields_exist, "Certificate", "gateway-https", lambda one: one["spec"]["usages"].append("server"))
    yield changed(cert_managers_fields_exist, "Certificate", "gateway-https", lambda one: one["spec"]["issuerRef"].update(name="nobody"))
    yield changed(cert_managers_fields_exist, "Issuer", "ringfence", lambda one: one["spec"]["ca"].update(secret="x"))
    yield node(lambda one: one["spec"]["template"]["spec"]["volumes"][0]["csi"]["volumeAttributes"].update({"csi.cert-manager.io/hosts": "x"}))(cert_managers_fields_exist)
    yield node(lambda one: one["spec"]["template"]["spec"]["volumes"][0]["csi"]["volumeAttributes"].update({"csi.cert-manager.io/key-usages": "client"}))(cert_managers_fields_exist)


def validate(objects: list[dict], overlay: str) -> int:
    import kubernetes_validate

    count = 0
    for one in objects:
        if (one["apiVersion"], one["kind"]) in FOREIGN:
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(one, version, strict=True)
            except Exception as wrong:  # its errors have no common class of their own
                sys.exit(f"{overlay}: {one['kind']} {one['metadata']['name']} is not as Kubernetes {version} wants it: {wrong}")
        count += 1
    return count


def main() -> None:
    total = 0
    for overlay in OVERLAYS:
        objects = rendered(overlay)
        total += validate(objects, overlay)
        wrong = [f"{rule.__name__}: {what}" for rule in RULES for what in rule(objects)]
        if wrong:
            sys.exit(f"overlay {overlay}:\n  " + "\n  ".join(wrong))
        if overlay == "overflow":
            cases = list(broken(objects))
            for rule, what, changed in cases:
                if not list(rule(changed)):
                    sys.exit(f"{rule.__name__} does not see a broken {what}")
            missed = set(RULES) - {rule for rule, _, _ in cases}
            if missed:
                sys.exit(f"never tried on what breaks them: {missed}")
    print(f"kubernetes: {total} objects of {len(OVERLAYS)} overlays are as {' and '.join(VERSIONS)} want them; {len(RULES)} rules hold, and see {len(cases)} manifests that break them")


if __name__ == "__main__":
    main()
