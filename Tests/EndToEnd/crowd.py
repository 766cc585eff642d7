"""Thousands of connections that do no good, as a program of its own: with its own limit of open files, and as fast as one process can.

Goes on until its input ends, but not longer than it may. Prints a line of JSON at the end: how many connections were made, how many of them the
server had ended, how many were there at the same time.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import select
import socket
import struct
import sys
import threading
from contextlib import suppress

REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
# Linux: the port is chosen when it is known where to, so that two connections to different ports may share it.
IP_BIND_ADDRESS_NO_PORT = 24


def connect(port: int, source: int, receives: int = 0, seconds: float = 10) -> socket.socket:
    """A connection from 127.0.0.<source>, with a receive buffer as small as the kernel allows if `receives` says so."""
    client = socket.socket()
    try:
        client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        if receives:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        client.settimeout(seconds)
        client.bind((f"127.0.0.{source}", 0))
        client.connect(("127.0.0.1", port))
    except BaseException:
        client.close()
        raise
    return client


def reset(client: socket.socket) -> None:
    """Ends it with RST in place of FIN."""
    with suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


class Idlers:
    """So many connections that want nothing, or one answer and then nothing; who is ended comes again, until the time is over."""

    def __init__(self, port: int, count: int, sources: list[int], asks: bool) -> None:
        self.port, self.count, self.asks = port, count, asks
        self.sources = itertools.cycle(sources)
        self.poll = select.epoll()
        self.open: dict[int, socket.socket] = {}
        self.made = self.ended = self.failed = self.most = 0

    def run(self, over: threading.Event) -> None:
        while not over.is_set():
            for _ in range(200):
                if len(self.open) >= self.count:
                    break
                self.add()
            self.most = max(self.most, len(self.open))
            for number, event in self.poll.poll(0 if len(self.open) < self.count else 0.05, 1000):
                self.look(number, event)
        for client in self.open.values():
            client.close()

    def add(self) -> None:
        client = socket.socket()
        client.setblocking(False)
        try:
            client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            client.bind((f"127.0.0.{next(self.sources)}", 0))
            client.connect_ex(("127.0.0.1", self.port))
        except OSError:
            self.failed += 1
            client.close()
            return
        self.made += 1
        self.open[client.fileno()] = client
        self.poll.register(client.fileno(), select.EPOLLIN | select.EPOLLRDHUP | (select.EPOLLOUT if self.asks else 0))

    def look(self, number: int, event: int) -> None:
        client = self.open[number]
        if event & select.EPOLLOUT and not event & (select.EPOLLHUP | select.EPOLLERR):
            with suppress(OSError):
                client.send(REQUEST)
            self.poll.modify(number, select.EPOLLIN | select.EPOLLRDHUP)
        if event & select.EPOLLIN:
            with suppress(OSError):
                client.recv(4096)
        if event & (select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP):
            self.poll.unregister(number)
            del self.open[number]
            client.close()
            self.ended += 1


def churn(port: int, sources: list[int], over: threading.Event) -> int:
    """Connects and closes, as fast as it can; returns how often."""
    made = 0
    while not over.is_set():
        with suppress(OSError):
            connect(port, sources[made % len(sources)]).close()
        made += 1
    return made


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("manner", choices=["idle", "ask", "churn"])
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("seconds", type=float, help="the longest that it may take")
    parser.add_argument("--sources", default="2-21", help="last bytes of the addresses to come from")
    settings = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    first, last = map(int, settings.sources.split("-"))
    sources = list(range(first, last + 1))
    over = threading.Event()
    threading.Thread(target=lambda: (os.read(0, 1), over.set()), daemon=True).start()
    limit = threading.Timer(settings.seconds, over.set)
    limit.daemon = True
    limit.start()
    if settings.manner == "churn":
        json.dump({"made": churn(settings.port, sources, over)}, sys.stdout)
        return
    idlers = Idlers(settings.port, settings.count, sources, settings.manner == "ask")
    idlers.run(over)
    json.dump({"made": idlers.made, "ended": idlers.ended, "failed": idlers.failed, "most": idlers.most}, sys.stdout)


if __name__ == "__main__":
    main()
