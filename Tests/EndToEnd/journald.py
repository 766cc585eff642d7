"""A journal of our own: Debian's systemd-journald, run by hand for a namespace."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
from pathlib import Path

from conftest import Program, Start, wait_for

JOURNALD = Path("/lib/systemd/systemd-journald")
COUNT = itertools.count()


class Journal:
    """What is written to it is kept in a folder of its own, below /var/log/journal or /run/log/journal, until `close`."""

    def __init__(self, start: Start) -> None:
        self.namespace = f"martlet{os.getpid()}x{next(COUNT)}"
        self.start = start
        self.folder = Path(f"/run/systemd/journal.{self.namespace}")
        # Those of a whole day's tests would be refused by its own limit otherwise.
        self.configuration = Path(f"/etc/systemd/journald@{self.namespace}.conf")
        self.configuration.parent.mkdir(exist_ok=True)
        self.configuration.write_text("[Journal]\nRateLimitIntervalSec=0\nForwardToSyslog=no\nForwardToWall=no\nSyncIntervalSec=1s\n")
        self.program: Program | None = None
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.run()

    def run(self) -> None:
        self.program = self.start(JOURNALD, self.namespace)
        wait_for((self.folder / "socket").exists, 10, "journald")

    def stop(self) -> None:
        assert self.program
        self.program.stop()
        (self.folder / "socket").unlink(missing_ok=True)

    def write(self, message: str | bytes, **fields: str) -> None:
        """One entry, by journald's own protocol."""
        entry = b""
        for name, value in {"MESSAGE": message, **fields}.items():
            data = value if isinstance(value, bytes) else value.encode()
            entry += name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
        self.socket.sendto(entry, str(self.folder / "socket"))

    def write_large(self, message: bytes) -> None:
        """One that a datagram has no room for: in a file of memory, as sd_journal_send does it."""
        file = os.memfd_create("entry", os.MFD_ALLOW_SEALING)
        os.write(file, b"MESSAGE\n" + len(message).to_bytes(8, "little") + message + b"\n")
        import fcntl

        fcntl.fcntl(file, 1033, 0x1 | 0x2 | 0x4 | 0x8)
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        connected.connect(str(self.folder / "socket"))
        socket.send_fds(connected, [b""], [file])
        connected.close()
        os.close(file)

    def messages(self) -> list[str]:
        """What journald has, as its own program tells it."""
        done = subprocess.run(
            ["journalctl", f"--namespace={self.namespace}", "--output=cat", "--all", "--no-pager"], capture_output=True, text=True, timeout=60)
        return done.stdout.splitlines()

    def close(self) -> None:
        self.socket.close()
        if self.program:
            self.program.stop()
        self.configuration.unlink(missing_ok=True)
        for parent in (Path("/var/log/journal"), Path("/run/log/journal")):
            for folder in parent.glob(f"*.{self.namespace}"):
                shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def reason_not_to() -> str | None:
    """Why there can be no journal here; None where there can."""
    if os.geteuid() != 0:
        return "only root can run journald"
    if not JOURNALD.exists() or shutil.which("journalctl") is None:
        return "systemd-journald is missing; scripts/bootstrap test installs it"
    return None
