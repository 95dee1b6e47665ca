"""What asks the gateway, over plain sockets so that hundreds of streams cost little: answers with their times, JSON, and the fleet as the page sees it."""

import asyncio
import dataclasses
import json
import time


class Refused(Exception):
    """The gateway said no."""

    def __init__(self, status: int, retry_after: float, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status, self.retry_after = status, retry_after


@dataclasses.dataclass
class Answer:
    """One being read."""

    text: str = ""
    identity: str = ""
    zone: str = ""
    node: str = ""
    # Nodes after the first one, with the time of each move.
    moves: list[tuple[float, str]] = dataclasses.field(default_factory=list)
    chunks: int = 0
    finish: str = ""
    first: float | None = None
    last: float = 0.0
    gaps: list[float] = dataclasses.field(default_factory=list)
    done: bool = False

    def take(self, choice: dict) -> None:
        said = choice["delta"].get("content")
        self.finish = choice.get("finish_reason") or self.finish
        if said:
            now = time.monotonic()
            if self.first is None:
                self.first = now
            else:
                self.gaps.append(now - self.last)
            self.last = now
            self.text += said
            self.chunks += 1


def _placement(text: str) -> dict[str, str]:
    return dict(field.strip().split("=", 1) for field in text.split(";") if "=" in field)


class Gateway:
    def __init__(self, port: int) -> None:
        self.port = port

    async def _open(self, method: str, path: str, headers: dict, body: bytes = b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        writer.write((head + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode() + body)
        await writer.drain()
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in answer[1:] if line)}
        return int(answer[0].split()[1]), fields, reader, writer

    @staticmethod
    async def _pieces(fields: dict, reader: asyncio.StreamReader):
        """The body as it comes; raises when it is cut off."""
        if fields.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline() or b"x", 16):
                yield (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        elif "content-length" in fields:
            yield await reader.readexactly(int(fields["content-length"]))
        else:
            while data := await reader.read(65536):
                yield data

    async def json(self, path: str, key: str, body: dict | None = None) -> tuple[int, dict]:
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        status, fields, reader, writer = await self._open("GET" if body is None else "POST", path, headers, data)
        try:
            return status, json.loads(b"".join([piece async for piece in self._pieces(fields, reader)]))
        finally:
            writer.close()

    async def ask(self, headers: dict, body: dict, answer: Answer) -> None:
        """Reads an answer to its end into `answer`, which others may look at meanwhile. Raises [Refused], or OSError and
        ValueError when it breaks off."""
        status, fields, reader, writer = await self._open("POST", "/v1/chat/completions", headers, json.dumps(body).encode())
        try:
            if status != 200:
                text = b"".join([piece async for piece in self._pieces(fields, reader)]).decode(errors="replace")
                raise Refused(status, float(fields.get("retry-after", 0)), text)
            answer.zone, answer.node = fields.get("ringfence-zone", ""), fields.get("ringfence-node", "")
            rest = b""
            async for piece in self._pieces(fields, reader):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._line(line.strip(), answer)
            if not answer.done or not answer.finish:
                raise ValueError("the answer broke off")
        except asyncio.IncompleteReadError as cut:
            raise ValueError("the answer was cut off") from cut
        finally:
            writer.close()

    @staticmethod
    def _line(line: bytes, answer: Answer) -> None:
        if line == b"data: [DONE]":
            answer.done = True
        elif line.startswith(b"data: "):
            event = json.loads(line[6:])
            if "error" in event:
                raise ValueError(f"the answer ended with an error: {event['error']}")
            answer.identity = event["id"]
            for choice in event["choices"]:
                answer.take(choice)
        elif line.startswith(b": ringfence-placement"):
            placed = _placement(line.decode().split("ringfence-placement", 1)[1])
            if placed.get("node", answer.node) != answer.node:
                answer.moves.append((time.monotonic(), placed["node"]))
                answer.node = placed["node"]
                answer.zone = placed.get("zone", answer.zone)

    async def fleet(self, key: str):
        """The page's views of the fleet, one a second, for as long as anybody takes them."""
        while True:
            try:
                status, fields, reader, writer = await self._open("GET", "/page/api/fleet?interval=500", {"Authorization": f"Bearer {key}"})
                try:
                    if status != 200:
                        raise OSError(f"the fleet can't be watched: {status}")
                    rest = b""
                    async for piece in self._pieces(fields, reader):
                        *lines, rest = (rest + piece).split(b"\n")
                        for line in lines:
                            if line.startswith(b"data: ") and (view := json.loads(line[6:]).get("view")):
                                yield view
                finally:
                    writer.close()
            except (OSError, ValueError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.5)
