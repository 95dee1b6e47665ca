"""Taps on many links in one loop without threads, to be run in a process of its own: in the process of the clients each token would wait
at each link for Python's one lock."""

import selectors
import socket

from stack import Heard


class Side:
    """One end of a tapped connection. While what it should send does not fit, nothing is read from the other end."""

    def __init__(self, connection: socket.socket, link: str, watch) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self.heard = Heard(link, watch)
        self.unsent = b""
        self.wanted = 0
        self.other: "Side" = self


class Taps:
    """Each listens on a port of its own and speaks to another; `watch(link, bytes)` hears both directions, at the latest when
    [Heard.look_at_all] is called."""

    def __init__(self, watch) -> None:
        self.watch = watch
        self.servers: list[tuple[socket.socket, str, int]] = []

    def listen(self, link: str, target: int) -> int:
        server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.servers.append((server, link, target))
        return server.getsockname()[1]

    def serve(self) -> None:
        self.selector = selectors.DefaultSelector()
        for server, link, target in self.servers:
            self.selector.register(server, selectors.EVENT_READ, (link, target))
        while True:
            for key, events in self.selector.select():
                if not isinstance(key.data, Side):
                    self.accept(key.fileobj, *key.data)
                    continue
                if events & selectors.EVENT_WRITE:
                    self.send(key.data)
                if events & selectors.EVENT_READ:
                    self.receive(key.data)

    def accept(self, server: socket.socket, link: str, target: int) -> None:
        client, _ = server.accept()
        try:
            far = socket.create_connection(("127.0.0.1", target), timeout=5)
        except OSError:
            client.close()
            return
        sides = [Side(client, link, self.watch), Side(far, link, self.watch)]
        sides[0].other, sides[1].other = sides[1], sides[0]
        for side in sides:
            self.await_more(side)

    def receive(self, side: Side) -> None:
        # In this very turn the other end may have ended both, or left something that does not fit.
        if side.connection.fileno() < 0 or side.other.unsent:
            return
        try:
            data = side.connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.end(side)
            return
        side.heard.add(data)
        side.other.unsent = data
        self.send(side.other)

    def send(self, side: Side) -> None:
        if side.connection.fileno() < 0:
            return
        try:
            side.unsent = side.unsent[side.connection.send(side.unsent):]
        except BlockingIOError:
            pass
        except OSError:
            self.end(side)
            return
        self.await_more(side)
        self.await_more(side.other)

    def await_more(self, side: Side) -> None:
        wanted = (0 if side.other.unsent else selectors.EVENT_READ) | (selectors.EVENT_WRITE if side.unsent else 0)
        if wanted == side.wanted:
            return
        if not wanted:
            self.selector.unregister(side.connection)
        elif side.wanted:
            self.selector.modify(side.connection, wanted, side)
        else:
            self.selector.register(side.connection, wanted, side)
        side.wanted = wanted

    def end(self, side: Side) -> None:
        for one in (side, side.other):
            one.heard.end()
            if one.connection.fileno() >= 0:
                if one.wanted:
                    self.selector.unregister(one.connection)
                one.connection.close()
