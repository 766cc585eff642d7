"""A terminal that a program is used at, as a person would: tmux, with a server of its own."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from conftest import environment_without_settings

COLUMNS, ROWS = 100, 60


class Terminal:
    """A shell in a window of tmux; `close` ends the server, and so all that runs in it."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.socket = folder / f"tmux-{secrets.token_hex(4)}"
        self.environment = environment_without_settings() | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"} | dict(environment or {})
        self.environment.pop("TMUX", None)
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(folder), "env PS1='$ ' /bin/sh")
        self._tmux("set-option", "-g", "history-limit", "5000")
        self.wait_for("$")

    def _tmux(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", "-S", str(self.socket), *words], capture_output=True, text=True, check=True, timeout=20, env=self.environment
        ).stdout

    def run(self, *words: str | Path) -> None:
        self.type(shlex.join(map(str, words)))

    def type(self, text: str, enter: bool = True) -> None:
        """Types a line."""
        self._tmux("send-keys", "-l", "--", text)
        if enter:
            self.press("Enter")

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def paste(self, text: str) -> None:
        """What a terminal does with a clipboard of several lines."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer")

    @property
    def screen(self) -> str:
        """What can be seen, and what has scrolled away above it; lines that the window broke stay broken."""
        return "\n".join(line.rstrip() for line in self._tmux("capture-pane", "-p", "-S", "-").splitlines()).rstrip("\n") + "\n"

    @property
    def lines_as_printed(self) -> str:
        """The same with lines whole that the window broke, as one copies them."""
        return self._tmux("capture-pane", "-J", "-p", "-S", "-")

    def wait_for(self, text: str, seconds: float = 30, times: int = 1) -> str:
        """The screen once the text stands on it so many times."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            screen = self.screen
            if screen.count(text) >= times:
                return screen
            time.sleep(0.05)
        pytest.fail(f"not within {seconds} s on the screen: {text!r} ({times} times)\n{self.screen}")

    def answer(self, question: str, text: str, times: int = 1) -> None:
        """Waits until it is asked, for the so manyth time, and types."""
        self.wait_for(question, times=times)
        self.type(text)

    @property
    def tty(self) -> str:
        return self._tmux("display-message", "-p", "#{pane_tty}").strip()

    @property
    def is_echoing(self) -> bool:
        """Whether the terminal of the window shows what is typed."""
        return " echo " in subprocess.run(["stty", "-a", "-F", self.tty], capture_output=True, text=True, check=True).stdout

    def close(self) -> None:
        subprocess.run(["tmux", "-S", str(self.socket), "kill-server"], capture_output=True, timeout=20, env=os.environ, check=False)
