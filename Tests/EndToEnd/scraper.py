"""A well-behaved scraper as a program of its own, so that no attack in the test's process slows it.

Scrapes on a fresh connection each time and, beside that, on one that it keeps; prints a line of JSON for each scrape; ends when its input does.
"""

from __future__ import annotations

import argparse
import http.client
import json
import ssl
import sys
import threading
import time
import urllib.parse

PROOF = b'martlet_scrape_collector_success{collector="proxmox"} 1'


class Scraper:
    """One way to scrape: with a connection for each scrape, or with one for all."""

    def __init__(self, url: str, keeps: bool, headers: dict[str, str], context: ssl.SSLContext | None) -> None:
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.path = parts.hostname or "", parts.port or 0, parts.path
        self.keeps, self.headers, self.context = keeps, headers, context
        self.connection: http.client.HTTPConnection | None = None

    def connect(self) -> http.client.HTTPConnection:
        if self.context is not None:
            return http.client.HTTPSConnection(self.host, self.port, timeout=120, context=self.context)
        return http.client.HTTPConnection(self.host, self.port, timeout=120)

    def ask(self, connection: http.client.HTTPConnection) -> tuple[int, bytes]:
        connection.request("GET", self.path, headers=self.headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def scrape(self) -> dict[str, object]:
        began, opened, status, body, error = time.monotonic(), False, 0, b"", ""
        try:
            if self.connection is not None:
                try:
                    status, body = self.ask(self.connection)
                except (ConnectionError, http.client.RemoteDisconnected):
                    # The server ended a connection that had nothing to do: every client opens another then.
                    self.connection.close()
                    self.connection = None
            if self.connection is None:
                opened = True
                self.connection = self.connect()
                status, body = self.ask(self.connection)
            if not self.keeps:
                self.connection.close()
                self.connection = None
        except (OSError, http.client.HTTPException) as problem:
            error = f"{type(problem).__name__}: {problem}"
            self.connection = None
        seconds = time.monotonic() - began
        text = "" if status in (0, 200) else body[:200].decode(errors="replace")
        return {
            "keeps": self.keeps, "opened": opened, "status": status, "whole": PROOF in body, "seconds": seconds, "bytes": len(body),
            "error": error or text,
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--authority", help="PEM file of the certificate authority to trust")
    parser.add_argument("--authorization", help="the header of that name")
    parser.add_argument("--pause", type=float, default=0.25)
    settings = parser.parse_args()
    headers = {"Accept-Encoding": "identity"} | ({"Authorization": settings.authorization} if settings.authorization else {})
    context = ssl.create_default_context(cafile=settings.authority) if settings.authority else None
    over, lock = threading.Event(), threading.Lock()

    def work(keeps: bool) -> None:
        scraper = Scraper(settings.url, keeps, headers, context)
        while not over.is_set():
            row = json.dumps(scraper.scrape())
            with lock:
                print(row, flush=True)
            over.wait(settings.pause)

    threads = [threading.Thread(target=work, args=(keeps,)) for keeps in (False, True)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
