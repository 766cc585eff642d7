"""`martlet init` as a person uses it, at a terminal, and without one.

`screens/init.txt` is what the straight way looks like. Renew it with `RECORD=1 pytest Tests/EndToEnd/test_init.py`, and look at it.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import re
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import access
import pytest
from conftest import MARTLET, Start, environment_without_settings, fetch, free_port, run, wait_for
from replay import Replay
from terminal import COLUMNS, Terminal
from test_simulators import fetch_insecure

SCREEN = Path(__file__).parent / "screens/init.txt"
SECRET = "5f0e9a52-1d0b-4a57-9d33-0c0a7a1f6a10"
TOKEN = f"monitor@pve!martlet={SECRET}"
TABLE = f"""┌──────────────┬──────────────────────────────────────┐
│ key          │ value                                │
╞══════════════╪══════════════════════════════════════╡
│ full-tokenid │ monitor@pve!martlet                  │
├──────────────┼──────────────────────────────────────┤
│ info         │ {{"privsep":"1"}}                      │
├──────────────┼──────────────────────────────────────┤
│ value        │ {SECRET} │
└──────────────┴──────────────────────────────────────┘
"""


class Cluster:
    """A simulated cluster, with its certificate."""

    def __init__(self, port: int, certificate: Path) -> None:
        self.port, self.certificate = port, certificate
        self.address = f"127.0.0.1:{port}"

    @property
    def fingerprint(self) -> str:
        words = ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", str(self.certificate)]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip().split("=")[1]

    def play(self, scenario: str) -> None:
        request = urllib.request.Request(f"https://{self.address}/api/v1/scenario", data=scenario.encode(), method="PUT")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        urllib.request.urlopen(request, context=context, timeout=20).close()


def simulate(start: Start, world: Path) -> Cluster:
    port = free_port()
    start("simulate", "proxmox", "--listen", f"127.0.0.1:{port}", "--token", TOKEN, "--world", world, "--latency", "0s", "--guests", "12")
    wait_for(lambda: (world / "lab.pem").exists(), 10, "certificate")
    wait_for(lambda: fetch_insecure(f"https://127.0.0.1:{port}/api/v1/scenario"), 10, "listening")
    return Cluster(port, world / "lab.pem")


@pytest.fixture(scope="module")
def cluster(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return simulate(start_for_all, tmp_path_factory.mktemp("world"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a path of one length, as it stands on screens."""
    path = Path(tempfile.mkdtemp(prefix="init-", dir="/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    """One at which `martlet` is on the PATH; whatever a test did, the secret was never seen on it."""
    home = folder / "home"
    home.mkdir()
    terminal = Terminal(folder, {"HOME": str(home), "PATH": f"{MARTLET.parent}:{os.environ['PATH']}"})
    try:
        yield terminal
        assert SECRET not in terminal.screen
    finally:
        terminal.close()


def written(folder: Path) -> list[str]:
    """The files below the folder that are not the test's own."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and not path.is_socket() and "home" not in path.parts)


def begin(terminal: Terminal, cluster: Cluster, *flags: str) -> None:
    """Up to the question for the token."""
    terminal.run("martlet", "init", *flags)
    terminal.answer("Address of a Proxmox VE node", cluster.address)
    terminal.answer("1, 2 or 3:", "1")
    terminal.answer("token for martlet already?", "yes")
    terminal.wait_for("Token:")


def finish(terminal: Terminal, folder: Path) -> None:
    """From the token that was let in to the files."""
    terminal.answer("File for the token", str(folder / "secrets/token"))
    terminal.answer("Another cluster?", "no")
    terminal.answer("Write?", "yes")
    terminal.wait_for("What to run next:")
    terminal.wait_for("which guests and nodes to scrape")


def serves_metrics(start: Start, folder: Path, *flags: str | Path) -> str:
    port = free_port()
    program = start("exporter", *flags, "--web.listen-address", f"127.0.0.1:{port}", "--exporter.role", "central", cwd=folder)
    program.wait_until(f"http://127.0.0.1:{port}/ready")
    return fetch(f"http://127.0.0.1:{port}/metrics").text


def normal(screen: str, folder: Path, cluster: Cluster) -> str:
    """The screen without what differs from run to run."""
    text = screen.replace(str(folder), "/tmp/FOLDER").replace(cluster.address, "127.0.0.1:PORT")
    text = re.sub(r"(?:[0-9A-F]{2}:){15}[0-9A-F]{2}", ":".join(["XX"] * 16), text)
    text = re.sub(r"\d{4}-\d\d-\d\d", "YYYY-MM-DD", text)
    # Root's place, or that of anybody else, and beside the token of somebody who uses martlet on this machine.
    return re.sub(r"\[/(etc|tmp/FOLDER/home/\.config)/martlet/token(-\d+)?\]", "[/etc/martlet/token]", text)


def test_the_straight_way_leads_to_an_exporter_with_data(terminal: Terminal, cluster: Cluster, folder: Path, start: Start) -> None:
    terminal.run("martlet", "init")
    terminal.answer("Address of a Proxmox VE node", cluster.address)
    terminal.answer("1, 2 or 3:", "1")
    terminal.answer("token for martlet already?", "no")
    terminal.answer("Is it Proxmox VE 8 or 9?", "")
    terminal.wait_for("Token:")
    assert not terminal.is_echoing
    terminal.type(TOKEN)
    terminal.wait_for("it may see all")
    finish(terminal, folder)
    assert terminal.is_echoing

    screen = normal(terminal.screen, folder, cluster).removesuffix("$\n")
    assert max(map(len, screen.splitlines())) < COLUMNS, "a line reaches the window's edge, where it would be broken"
    if os.environ.get("RECORD") == "1":
        SCREEN.parent.mkdir(exist_ok=True)
        SCREEN.write_text(screen)
    assert screen == SCREEN.read_text()

    assert written(folder) == ["martlet.yml", "secrets/token"]
    assert stat.S_IMODE((folder / "secrets/token").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    assert (folder / "secrets/token").read_text() == TOKEN + "\n"
    text = (folder / "martlet.yml").read_text()
    assert SECRET not in text and cluster.fingerprint in text
    metrics = serves_metrics(start, folder, "--config.file", folder / "martlet.yml")
    assert len(re.findall(r"^pve_node_up\{.*\} 1$", metrics, re.M)) == 4
    assert len(re.findall(r"^pve_vm_status\{.*\}", metrics, re.M)) > 0


def test_a_table_of_pveum_may_be_pasted(terminal: Terminal, cluster: Cluster, folder: Path) -> None:
    begin(terminal, cluster)
    terminal.paste(TABLE)
    terminal.wait_for("it may see all")
    finish(terminal, folder)
    assert (folder / "secrets/token").read_text() == TOKEN + "\n"
    # Nothing of the table has answered another question.
    assert "│" not in terminal.screen and "└" not in terminal.screen


def test_the_name_and_then_the_secret(terminal: Terminal, cluster: Cluster, folder: Path) -> None:
    begin(terminal, cluster)
    terminal.type("monitor@pve!martlet")
    terminal.wait_for("Secret of")
    assert not terminal.is_echoing
    terminal.type(SECRET)
    terminal.wait_for("it may see all")
    finish(terminal, folder)
    assert (folder / "secrets/token").read_text() == TOKEN + "\n"


def test_a_secret_alone_gets_the_name_that_is_meant(terminal: Terminal, cluster: Cluster, folder: Path) -> None:
    begin(terminal, cluster)
    terminal.type(SECRET)
    terminal.answer("Token ID (USER@REALM!NAME) [monitor@pve!martlet]:", "")
    terminal.wait_for("it may see all")
    finish(terminal, folder)


@pytest.mark.e2e
@pytest.mark.parametrize("mark", [" ", ":"])
def test_a_token_that_is_not_quite_written_is_read_and_not_shown(terminal: Terminal, cluster: Cluster, folder: Path, mark: str) -> None:
    begin(terminal, cluster)
    assert "the command above" not in terminal.screen
    terminal.type(f"monitor@pve!martlet{SECRET}")
    terminal.wait_for("No token could be read from that")
    terminal.wait_for("Token:", times=2)
    terminal.type(f"monitor@pve!martlet{mark}{SECRET}")
    terminal.wait_for("it may see all")
    finish(terminal, folder)
    assert (folder / "secrets/token").read_text() == TOKEN + "\n"


def test_a_name_that_is_none_does_not_lose_the_secret(terminal: Terminal, cluster: Cluster, folder: Path) -> None:
    begin(terminal, cluster)
    terminal.type(SECRET)
    terminal.answer("Token ID (USER@REALM!NAME)", "monitor@pve!")
    terminal.answer("Token ID (USER@REALM!NAME)", "martlet", times=2)
    terminal.wait_for("it may see all")
    finish(terminal, folder)
    assert (folder / "secrets/token").read_text() == TOKEN + "\n"


def test_errors_fit_the_window(terminal: Terminal, cluster: Cluster) -> None:
    terminal.run("martlet", "init", "--yes", "--endpoint", cluster.address)
    screen = terminal.wait_for("as --ca-file")
    lines = [line for line in screen.splitlines() if not line.startswith("$")]
    assert len(lines) > 2 and max(map(len, lines)) <= COLUMNS and not any(line.startswith(" ") for line in lines)


@pytest.mark.e2e
def test_a_wrong_secret_is_said_and_asked_again(terminal: Terminal, cluster: Cluster, folder: Path) -> None:
    begin(terminal, cluster)
    terminal.type("monitor@pve!martlet=wrong")
    terminal.wait_for("The node refuses the token")
    terminal.wait_for("Token:", times=2)
    assert not terminal.is_echoing
    terminal.type(TOKEN)
    terminal.wait_for("it may see all")
    finish(terminal, folder)
    assert (folder / "secrets/token").read_text() == TOKEN + "\n"


class _Page(http.server.BaseHTTPRequestHandler):
    text = "<html>Welcome to a router</html>"

    def do_GET(self) -> None:
        is_start = self.path == "/"
        self.send_response(200 if is_start else 404)
        body = self.text.encode() if is_start else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def web_server(text: str) -> Iterator[str]:
    """HTTP that is not that of the API, or only its start page."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Page", (_Page,), {"text": text}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_wrong_addresses_are_said_and_asked_again(terminal: Terminal, cluster: Cluster, folder: Path) -> None:
    question = "Address of a Proxmox VE node"
    terminal.run("martlet", "init")
    terminal.answer(question, "martlet.invalid")
    terminal.wait_for("No address is known for martlet.invalid.\n")
    terminal.answer(question, "pve1/path", times=2)
    terminal.wait_for("is not a Proxmox address")
    terminal.answer(question, f"127.0.0.1:{free_port()}", times=3)
    terminal.wait_for("Connection refused")
    with web_server(_Page.text) as other, socket.create_server(("127.0.0.1", 0)) as closing:
        terminal.answer(question, other, times=4)
        terminal.wait_for(f"What answers on {other} speaks no TLS; Proxmox VE's port is 8006.")
        terminal.answer(question, f"http://{other}", times=5)
        terminal.answer("Use http all the same?", "yes")
        terminal.wait_for("is not Proxmox VE")
        # Somebody who takes the connection and ends it.
        threading.Thread(target=lambda: closing.accept()[0].close(), daemon=True).start()
        terminal.answer(question, f"127.0.0.1:{closing.getsockname()[1]}", times=6)
        terminal.wait_for(question, times=7)
        terminal.wait_for(f"What answers on 127.0.0.1:{closing.getsockname()[1]} speaks no TLS; Proxmox VE's port is 8006.")
        # At once, with nothing typed.
        terminal.type("")
        terminal.wait_for("Please type the address of a node.")
    terminal.type(cluster.address)
    terminal.wait_for("SHA-256")
    assert written(folder) == []


def test_the_start_page_tells_which_commands_are_right(terminal: Terminal) -> None:
    page = '<title>pve1 - Proxmox Virtual Environment</title><script src="/pve2/js/pvemanagerlib.js?ver=8.4.1"></script>'
    with web_server(page) as node:
        terminal.run("martlet", "init")
        terminal.answer("Address of a Proxmox VE node", f"http://{node}")
        terminal.answer("Use http all the same?", "yes")
        terminal.wait_for("Proxmox VE 8 answers there.")
        terminal.answer("token for martlet already?", "no")
        screen = terminal.wait_for("Token:")
    assert "Is it Proxmox VE 8 or 9?" not in screen
    assert "VM.GuestAgent.Audit" not in screen and "VM.Monitor" not in screen


def test_a_certificate_that_is_not_trusted_ends_it(terminal: Terminal, cluster: Cluster, folder: Path) -> None:
    terminal.run("martlet", "init")
    terminal.answer("Address of a Proxmox VE node", cluster.address)
    screen = terminal.wait_for("1, 2 or 3:")
    assert cluster.fingerprint in re.sub(r":\n +", ":", screen)
    assert 'subject  "pve1"' in screen
    terminal.type("4")
    terminal.wait_for("Please type 1, 2 or 3.")
    terminal.answer("1, 2 or 3:", "3", times=2)
    terminal.wait_for("is not trusted, and nothing was written")
    assert written(folder) == []


def test_the_authority_may_be_trusted(terminal: Terminal, cluster: Cluster, folder: Path, start: Start) -> None:
    shutil.copy(cluster.certificate, folder / "pve-root-ca.pem")
    terminal.run("martlet", "init")
    terminal.answer("Address of a Proxmox VE node", cluster.address)
    terminal.answer("1, 2 or 3:", "2")
    terminal.answer("The file [pve-root-ca.pem]:", "missing.pem")
    terminal.wait_for("cannot read")
    terminal.answer("1, 2 or 3:", "2", times=2)
    terminal.answer("The file [pve-root-ca.pem]:", "", times=2)
    terminal.answer("token for martlet already?", "yes")
    terminal.answer("Token:", TOKEN)
    finish(terminal, folder)
    assert f"ca_file: {folder}/pve-root-ca.pem" in (folder / "martlet.yml").read_text()
    assert "pve_node_up{" in serves_metrics(start, folder)


def test_rights_that_lack_are_named_and_tested_again(terminal: Terminal, folder: Path, start: Start) -> None:
    cluster = simulate(start, folder / "home/world")
    cluster.play("rights-lost")
    begin(terminal, cluster)
    terminal.type(TOKEN)
    screen = terminal.wait_for("Test again?")
    assert "VM.Audit on /vms" in screen and "Sys.Audit on /nodes" in screen
    assert "pveum acl modify / --tokens 'monitor@pve!martlet' --roles Martlet" in screen
    assert max(map(len, screen.splitlines())) < COLUMNS
    terminal.type("")
    again = terminal.wait_for("Still missing: ")
    assert again.count("These commands give them") == 1
    terminal.wait_for("Test again?", times=2)
    cluster.play("normal")
    terminal.type("")
    terminal.wait_for("it may see all")
    finish(terminal, folder)


@pytest.mark.e2e
def test_rights_that_lack_may_go_on_lacking(terminal: Terminal, folder: Path, start: Start) -> None:
    cluster = simulate(start, folder / "home/world")
    cluster.play("rights-lost")
    begin(terminal, cluster)
    terminal.type(TOKEN)
    terminal.answer("Test again?", "no")
    finish(terminal, folder)
    assert written(folder) == ["martlet.yml", "secrets/token"]


@pytest.mark.e2e
def test_ctrl_c_in_the_secret_leaves_nothing_and_a_sane_terminal(terminal: Terminal, cluster: Cluster, folder: Path) -> None:
    begin(terminal, cluster)
    assert not terminal.is_echoing
    terminal.type(SECRET[:10], enter=False)
    terminal.press("C-c")
    terminal.wait_for("stopped; nothing was written")
    wait_for(lambda: terminal.is_echoing, 5, "the echo is back")
    terminal.type("echo status $?")
    terminal.wait_for("status 130")
    # It can be seen as it is typed, and the half secret is no command.
    assert "$ echo status $?" in terminal.screen and SECRET[:10] not in terminal.screen
    assert written(folder) == []


@pytest.mark.parametrize("name", ["TERM", "HUP"])
def test_signals_leave_nothing_and_a_sane_terminal(terminal: Terminal, cluster: Cluster, folder: Path, name: str) -> None:
    terminal.type("trap '' HUP; (trap - HUP; exec martlet init); echo status $?")
    terminal.answer("Address of a Proxmox VE node", cluster.address)
    terminal.answer("1, 2 or 3:", "1")
    terminal.answer("token for martlet already?", "yes")
    terminal.wait_for("Token:")
    children = subprocess.run(["ps", "-o", "pid=,args=", "--tty", terminal.tty], capture_output=True, text=True, check=True).stdout
    process = next(int(line.split()[0]) for line in children.splitlines() if line.split()[1:3] == ["martlet", "init"])
    subprocess.run(["kill", f"-{name}", str(process)], check=True)
    terminal.wait_for("nothing was written")
    wait_for(lambda: terminal.is_echoing, 5, "the echo is back")
    assert written(folder) == []


def test_the_end_of_the_input_leaves_nothing(terminal: Terminal, cluster: Cluster, folder: Path) -> None:
    begin(terminal, cluster)
    terminal.press("C-d")
    terminal.wait_for("the input has ended, and nothing was written")
    wait_for(lambda: terminal.is_echoing, 5, "the echo is back")
    assert written(folder) == []


def test_a_configuration_that_is_there_stays_as_it_is(terminal: Terminal, cluster: Cluster, folder: Path, start: Start) -> None:
    (folder / "martlet.yml").write_text("log:\n  level: warn\n")
    begin(terminal, cluster)
    assert "martlet.yml is there already, with 0 clusters." in terminal.screen
    terminal.type(TOKEN)
    finish(terminal, folder)
    assert (folder / "martlet.yml").read_text() == "log:\n  level: warn\n"
    # The lines on the screen are what makes it work.
    screen = terminal.lines_as_printed
    lines = re.search(r"^proxmox:\n.*?token_file: \S+$", screen, re.M | re.S)
    assert lines
    (folder / "martlet.yml").write_text("log:\n  level: warn\n" + lines.group() + "\n")
    assert "pve_node_up{" in serves_metrics(start, folder)


def test_forced_it_is_kept_under_another_name(terminal: Terminal, cluster: Cluster, folder: Path) -> None:
    (folder / "martlet.yml").write_text("log:\n  level: warn\n")
    begin(terminal, cluster, "--force")
    terminal.type(TOKEN)
    finish(terminal, folder)
    assert (folder / "martlet.yml.1").read_text() == "log:\n  level: warn\n"
    assert cluster.address in (folder / "martlet.yml").read_text()


# MARK: without a terminal


def test_flags_answer_where_nobody_is(cluster: Cluster, folder: Path, start: Start) -> None:
    flags = ["--yes", "--endpoint", cluster.address, "--fingerprint", cluster.fingerprint, "--token-file", folder / "secrets/token"]
    outcome = run("init", *flags, env={"PROXMOX_TOKEN_VALUE": SECRET}, cwd=folder)
    assert outcome.returncode == 0, outcome.stderr
    assert SECRET not in outcome.stdout + outcome.stderr
    assert (folder / "secrets/token").read_text() == TOKEN + "\n"
    assert stat.S_IMODE((folder / "secrets/token").stat().st_mode) == 0o600
    # It is not on the PATH, and so called as it was.
    assert f"  {MARTLET} doctor\n" in outcome.stdout
    assert "pve_node_up{" in serves_metrics(start, folder)

    before = (folder / "martlet.yml").read_text()
    again = run("init", *flags, cwd=folder)
    assert again.returncode == 1 and "--force" in again.stderr
    assert (folder / "martlet.yml").read_text() == before
    # The token is read from its file now, and not written again.
    forced = run("init", *flags, "--force", cwd=folder)
    assert forced.returncode == 0, forced.stderr
    assert written(folder) == ["martlet.yml", "martlet.yml.1", "secrets/token"]


@pytest.mark.e2e
def test_what_flags_leave_open_is_an_error_that_names_the_flag(cluster: Cluster, folder: Path) -> None:
    def says(words: str, *flags: str | Path, status: int = 1, **environment: str) -> None:
        outcome = run("init", "--config.file", folder / "martlet.yml", *flags, env=environment, stdin="", cwd=folder)
        assert outcome.returncode == status
        assert words in outcome.stderr and outcome.stderr.count("\n") == 1
        assert SECRET not in outcome.stdout + outcome.stderr
        assert written(folder) == []

    endpoint = ["--endpoint", cluster.address]
    believed = [*endpoint, "--fingerprint", cluster.fingerprint]
    says("--endpoint HOST", status=2)
    says("--endpoint HOST", "--non-interactive", status=2)
    says(f"its SHA-256 is {cluster.fingerprint}", *endpoint)
    says("--token-file FILE, or set PROXMOX_TOKEN_VALUE", *believed, status=2)
    says("refuses the token", *believed, PROXMOX_TOKEN_VALUE="wrong")
    says("martlet: --fingerprint: ", *endpoint, "--fingerprint", "00:11")
    says("is no SHA-256", *endpoint, "--fingerprint", "AB")
    says("no.pem", *endpoint, "--ca-file", "no.pem")
    says("martlet: --ca-file: /etc/hosts holds no PEM certificate", *endpoint, "--ca-file", "/etc/hosts")
    found, zeros = cluster.fingerprint, ":".join(["00"] * 32)
    says(f"{cluster.address}: SHA-256 is {found}, expected {zeros}. A renewed certificate", *endpoint, "--fingerprint", "00" * 32)
    says("exclude each other", *believed, "--ca-file", "no.pem", status=2)
    says("--fingerprint", *endpoint, "--fingerprint", "00" * 32, PROXMOX_TOKEN_VALUE=SECRET)
    says("unknown flag --token", *believed, "--token", TOKEN.replace(SECRET, "x"), status=2)


def test_a_secret_beside_a_file_with_another_is_an_error(cluster: Cluster, folder: Path) -> None:
    (folder / "token").write_text(TOKEN.replace("5f", "00") + "\n")
    flags = ["--yes", "--endpoint", cluster.address, "--fingerprint", cluster.fingerprint, "--token-file", folder / "token"]
    outcome = run("init", *flags, env={"PROXMOX_TOKEN_VALUE": SECRET}, cwd=folder)
    assert outcome.returncode == 1 and outcome.stderr.startswith(f"martlet: PROXMOX_TOKEN_VALUE is not the secret in {folder}/token")
    assert SECRET not in outcome.stderr and written(folder) == ["token"]


def test_a_token_that_sees_nothing_is_written_and_said(folder: Path, start: Start) -> None:
    cluster = access.Cluster(start)
    # With privileges of its own, of which it has none.
    secret = cluster.log_in().access.users("monitor@pve").token("blind").post(privsep=1)["value"]
    pem = ssl.get_server_certificate(("127.0.0.1", cluster.port))
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    flags = ["--yes", "--endpoint", f"127.0.0.1:{cluster.port}", "--fingerprint", digest, "--token-name", "blind"]
    outcome = run("init", *flags, "--token-file", folder / "token", env={"PROXMOX_TOKEN_VALUE": secret}, cwd=folder)
    assert outcome.returncode == 3, outcome.stderr
    assert outcome.stdout.endswith("\nWritten, but the token sees nothing yet\n")
    assert "  pveum role add Martlet --privs" in outcome.stdout and "pveum acl modify / --tokens" in outcome.stdout


def test_the_help_says_where_the_token_goes_and_what_the_status_is() -> None:
    text = " ".join(run("init", "--help").stdout.split())
    assert "/etc/martlet/token, of other users than root ~/.config/martlet/token" in text and "3 when they are and the token sees nothing" in text


def test_files_that_cannot_be_written_leave_nothing(cluster: Cluster, folder: Path) -> None:
    (folder / "file").write_text("")
    flags = ["--yes", "--endpoint", cluster.address, "--fingerprint", cluster.fingerprint, "--token-file", folder / "secrets/token"]
    outcome = run("init", *flags, "--config.file", folder / "file/martlet.yml", env={"PROXMOX_TOKEN_VALUE": SECRET}, cwd=folder)
    assert outcome.returncode == 1 and "cannot" in outcome.stderr
    assert written(folder) == ["file"]


PVEUM = """#!{python}
import json, shlex, sys
sys.path.insert(0, {folder!r})
import pveum, urllib3
from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException
urllib3.disable_warnings()
api = ProxmoxAPI("127.0.0.1", port={port}, user="root@pam", password={password!r}, verify_ssl=False, timeout=20)
try:
    answer = pveum.run(api, shlex.join(["pveum", *sys.argv[1:]]))
except ResourceException as error:
    sys.exit(str(error))
if "token" in sys.argv and "add" in sys.argv:
    print(json.dumps(answer))
"""


@pytest.mark.parametrize("release", access.RELEASES_IN_TURN)
def test_the_commands_make_an_account_that_suffices_and_may_be_run_again(folder: Path, start: Start, release: str) -> None:
    cluster = access.Cluster(start, "--release", release, token="somebody@pve!else")
    words = {"python": sys.executable, "folder": str(Path(__file__).parent), "port": cluster.port, "password": access.ROOT_PASSWORD}
    (folder / "pveum").write_text(PVEUM.format(**words))
    (folder / "pveum").chmod(0o755)
    environment = environment_without_settings() | {"PATH": f"{folder}:{os.environ['PATH']}"}
    script = run("init", "--print-commands", "--pve-version", release[0]).stdout

    def play() -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh"], input=script, capture_output=True, text=True, env=environment, timeout=60, check=False)

    first = play()
    assert (first.returncode, first.stderr.count("\n")) == (0, 0), first.stderr
    token = json.loads(first.stdout)
    assert token["full-tokenid"] == "monitor@pve!martlet"
    pem = ssl.get_server_certificate(("127.0.0.1", cluster.port))
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    flags = ["--yes", "--endpoint", f"127.0.0.1:{cluster.port}", "--fingerprint", digest, "--token-file", folder / "token"]
    outcome = run("init", *flags, env={"PROXMOX_TOKEN_VALUE": token["value"]}, cwd=folder)
    assert outcome.returncode == 0, outcome.stderr
    text = " ".join(outcome.stdout.split())
    assert "it may see all that martlet asks for" in text
    assert ("Left out with intent: VM.Monitor" in text) == (release == "8.4")

    # A role that lacks something is mended, and the token stays as it is.
    cluster.log_in().access.roles("Martlet").put(privs="Sys.Audit")
    lacking = run("init", *flags, "--force", cwd=folder)
    assert lacking.returncode == 0 and "VM.Audit on /vms" in lacking.stdout
    second = play()
    assert second.returncode == 0 and second.stdout == ""
    assert "already exists" in second.stderr and "pveum user token remove monitor@pve martlet" in second.stderr
    again = run("init", *flags, "--force", cwd=folder)
    assert again.returncode == 0 and "it may see all that martlet asks for" in " ".join(again.stdout.split())


def test_the_commands_are_those_of_the_version_and_the_names() -> None:
    nine, eight = run("init", "--print-commands").stdout, run("init", "--print-commands", "--pve-version", "8").stdout
    assert "VM.GuestAgent.Audit" in nine and "VM.GuestAgent.Audit" not in eight and "VM.Monitor" not in eight
    assert run("init", "--print-commands", "--pve-version", "7").returncode == 2
    other = run("init", "--print-commands", "--user", "o'neil@pam", "--token-name", "look").stdout
    assert "pveum user token add 'o'\\''neil@pam' look --privsep 1" in other
    assert run("init", "--print-commands", "--user", "monitor").returncode == 2
    secret = run("init", "--print-commands", "--token-name", "look=abc")
    assert secret.returncode == 2 and "abc" not in secret.stderr
    assert all(len(line) <= COLUMNS for line in (nine + eight).splitlines())


# MARK: other nodes


def certificate(folder: Path, name: str) -> Path:
    """A certificate of its own with its key, as each node has one."""
    key, text = folder / f"{name}.key", folder / f"{name}.crt"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    subprocess.run([*words, "-keyout", str(key), "-out", str(text)], check=True, capture_output=True)
    whole = folder / f"{name}.pem"
    whole.write_text(key.read_text() + text.read_text())
    return whole


@contextmanager
def also_at(host: str, port: int, target: int) -> Iterator[None]:
    """Passes what comes to another loopback address on to a port of 127.0.0.1."""

    def carry(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def listen(listener: socket.socket) -> None:
        while True:
            try:
                here, _ = listener.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", target))
            for pair in ((here, there), (there, here)):
                threading.Thread(target=carry, args=pair, daemon=True).start()

    with socket.create_server((host, port)) as listener:
        threading.Thread(target=listen, args=(listener,), daemon=True).start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def test_other_nodes_are_asked_too_with_the_certificates_that_the_cluster_tells(terminal: Terminal, folder: Path, start: Start) -> None:
    home = folder / "home"
    first, second, stranger = (Cluster(0, certificate(home, name)) for name in ("pve1", "pve2", "stranger"))
    nodes = [
        {"type": "node", "id": f"node/pve{number}", "name": f"pve{number}", "nodeid": number, "online": 1, "local": int(number == 1), "ip": f"127.0.0.{number}"}
        for number in (1, 2, 3)
    ]
    rows = {
        "/api2/json/cluster/status": [{"type": "cluster", "id": "cluster", "name": "lab\n  x: y", "nodes": 3, "version": 3, "quorate": 1}, *nodes],
        **{
            f"/api2/json/nodes/{name}/certificates/info": [{"filename": "pve-ssl.pem", "fingerprint": other.fingerprint}]
            for name, other in (("pve2", second), ("pve3", second))
        },
    }
    with (
        Replay.from_recordings_and(rows, token=TOKEN, certificate=first.certificate) as one,
        Replay.from_recordings_and(rows, token=TOKEN, certificate=second.certificate) as two,
        Replay.from_recordings_and(rows, token=TOKEN, certificate=stranger.certificate) as three,
        also_at("127.0.0.2", one.port, two.port),
        # Somebody at the third node's place who has not its certificate.
        also_at("127.0.0.3", one.port, three.port),
    ):
        begin(terminal, Cluster(one.port, first.certificate))
        terminal.type(TOKEN)
        screen = terminal.wait_for("Ask these when the first does not answer?")
        assert f"  https://127.0.0.2:{one.port}\n" in screen and f"127.0.0.3:{one.port}" not in screen
        terminal.type("")
        finish(terminal, folder)
        text = (folder / "martlet.yml").read_text()
        assert "x: y" not in text.replace(r"lab\x0A  x: y", ""), "a cluster's name is no part of the settings"
        assert first.fingerprint in text and second.fingerprint in text and stranger.fingerprint not in text
        # The first is gone, and the second tells.
        one.stop()
        assert "pve_node_up{" in serves_metrics(start, folder)
        assert not three.unexpected and all(path in ("/", "/api2/json/version") for path in three.counted())
