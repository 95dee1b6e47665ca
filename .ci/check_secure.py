#!/usr/bin/env python3
"""Asks a stack that `deploy/local/up --secure` started for what it must not give: check_secure.py GATEWAY_PORT SECURE_FOLDER CERTIFICATES_FOLDER.

The third folder holds certificates of the same authority: node-datacenter-node-9."""

import socket
import ssl
import struct
import sys
import urllib.error
import urllib.request

LIMIT = 20
failed = 0


def check(name: str, holds: bool, detail: object = "") -> None:
    global failed
    print(f"{'ok     ' if holds else 'FAILED '} {name} {'' if holds else repr(detail)}")
    failed += not holds


def field(number: int, value: int | str | bytes) -> bytes:
    """A protobuf field; numbers below 128."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    data = value.encode() if isinstance(value, str) else value
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def grpc(path: str, message: bytes) -> bytes:
    """One call with one message, which ends it, as it stands on the wire: HTTP/2 with literal headers."""
    headers = b""
    for name, value in [(":method", "POST"), (":scheme", "https"), (":path", path), (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers")]:
        headers += b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    data = b"\0" + struct.pack(">I", len(message)) + message
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, headers) + frame(0, 1, 1, data)


def said(port: int, request: bytes, context: ssl.SSLContext | None, until: bytes = b"grpc-status") -> bytes:
    """What comes back until the end, or until trailers."""
    heard = b""
    try:
        with socket.create_connection(("127.0.0.1", port), LIMIT) as bare:
            with context.wrap_socket(bare, server_hostname="127.0.0.1") if context else bare as link:
                link.settimeout(LIMIT)
                link.sendall(request)
                while until not in heard:
                    more = link.recv(65536)
                    if not more:
                        break
                    heard += more
    except (ssl.SSLError, ConnectionError, TimeoutError) as refused:
        return heard + str(refused).encode()
    return heard


def trust(folder: str, certificate: str | None = None, where: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=folder + "/authority.pem")
    context.set_alpn_protocols(["h2"])
    if certificate:
        context.load_cert_chain(f"{where or folder}/{certificate}.pem", f"{where or folder}/{certificate}.key")
    return context


def status(url: str, context: ssl.SSLContext | None, key: str | None = None) -> object:
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + key} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=LIMIT, context=context) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code
    except (OSError, ValueError) as refused:
        return str(refused)


def main() -> int:
    port, secure, others = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    router, node = port + 1, port + 3
    key = open(secure + "/client.key").read().strip()
    models = f"https://127.0.0.1:{port}/v1/models"
    https = ssl.create_default_context(cafile=secure + "/authority.pem")
    check("HTTPS answers with the key", status(models, https, key) == 200, status(models, https, key))
    check("HTTPS without a key is 401", status(models, https) == 401, status(models, https))
    check("HTTPS with a wrong key is 401", status(models, https, "rf-wrong") == 401)
    check("a client that does not know the authority turns away", "CERTIFICATE_VERIFY_FAILED" in str(status(models, ssl.create_default_context(), key)))
    plain = status(models.replace("https", "http"), None, key)
    check("plain HTTP gets no answer", not isinstance(plain, int), plain)

    registration = field(1, "node-9") + field(2, "x") + field(3, 2) + field(4, "127.0.0.1:1")
    report = grpc("/ringfence.v1.Fleet/Report", field(1, 1) + field(2, registration))
    ask = grpc("/ringfence.v1.Routing/ListModels", b"")
    count = grpc("/ringfence.v1.Generation/CountTokens", b"")
    for name, at in (("router", router), ("node", node)):
        bare = said(at, report, None)
        check(f"plaintext is not heard by the {name}", b"grpc-status" not in bare, bare)
        anonymous = said(at, ask, trust(secure))
        check(f"nobody without a certificate is heard by the {name}", b"certificate" in anonymous.lower() and b"grpc-status" not in anonymous, anonymous)
        old = trust(secure, "gateway-gateway")
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        answer = said(at, ask, old)
        check(f"TLS 1.2 is not spoken by the {name}", b"grpc-status" not in answer, answer)

    answer = said(router, report, trust(secure, "node-datacenter-node-9", others))
    check("a node of another zone is refused", b"but the certificate proves node/datacenter/node-9" in answer, answer)
    answer = said(router, report, trust(secure, "node-site-node-1"))
    check("a node under another's name is refused", b"but the certificate proves node/site/node-1" in answer, answer)
    answer = said(router, report, trust(secure, "gateway-gateway"))
    check("a gateway can't register as a node", b"the certificate proves gateway/gateway; Report is for node" in answer, answer)
    answer = said(router, ask, trust(secure, "node-site-node-1"))
    check("a node can't ask as a gateway", b"ListModels is for gateway" in answer, answer)
    answer = said(node, count, trust(secure, "gateway-gateway"))
    check("a gateway can't go round the router", b"CountTokens is for router" in answer, answer)
    answer = said(node, count, trust(secure, "router-router"))
    check("the router is let in", b"grpc-status" in answer and b" is for " not in answer, answer)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
