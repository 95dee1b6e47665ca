"""A tap on the link between two processes: a TCP proxy that hands on what it hears and gives a copy to whoever watches."""

import socket
import threading


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
