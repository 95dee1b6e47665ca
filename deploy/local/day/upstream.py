"""An endpoint of somebody else's, which speaks OpenAI's API: takes its time, streams words, and writes down every byte that it hears."""

import asyncio
import json
import pathlib
import random

FIRST_SECONDS, EACH_SECONDS = 0.25, 0.015
_WORDS = "harbour feather blanket journey thunder mountain river letter garden winter".split()


class Upstream:
    """Serves on loopback in this process. Its pace goes out in steps of some tokens, to cost less than what is being shown."""

    STEP = 2

    def __init__(self, heard: pathlib.Path, watch) -> None:
        """`watch(bytes)` hears each request whole."""
        self.heard = open(heard, "ab")
        self.watch = watch
        self.requests = 0
        self.server = None

    async def start(self, port: int) -> None:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", port, backlog=256)

    def close(self) -> None:
        if self.server:
            self.server.close()
        self.heard.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self.one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])}
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        self.heard.write(head + body)
        self.heard.flush()
        self.watch(head + body)
        if head.startswith(b"GET"):
            self.send(writer, "application/json", json.dumps({"object": "list", "data": [{"id": "big", "object": "model"}]}).encode())
            await writer.drain()
            return True
        self.requests += 1
        asked = json.loads(body)
        await asyncio.sleep(FIRST_SECONDS)
        count = asked.get("max_tokens") or asked.get("max_completion_tokens") or 16
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        words = random.Random(self.requests)
        for at in range(0, count, self.STEP):
            for _ in range(min(self.STEP, count - at)):
                self.event(writer, {"choices": [{"index": 0, "delta": {"content": " " + words.choice(_WORDS)}, "finish_reason": None}]})
            await writer.drain()
            await asyncio.sleep(EACH_SECONDS * self.STEP)
        usage = {"prompt_tokens": len(body) // 5, "completion_tokens": count, "total_tokens": len(body) // 5 + count}
        self.event(writer, {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]})
        self.event(writer, {"choices": [], "usage": usage})
        self.chunk(writer, b"data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    def event(self, writer: asyncio.StreamWriter, event: dict) -> None:
        self.chunk(writer, b"data: " + json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "big", **event}).encode() + b"\n\n")

    @staticmethod
    def chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    @staticmethod
    def send(writer: asyncio.StreamWriter, kind: str, body: bytes) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
