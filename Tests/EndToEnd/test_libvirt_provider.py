"""The libvirt provider on a real libvirtd with real guests: the live half of its unit tests, with a bed that does to the hypervisor what they ask for."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY
from guest_image import checksum, guest_image
from guest_image import reason_not_to as reason_without_image
from libvirt_bed import LibvirtBed, reason_not_to

REASON = reason_not_to() or reason_without_image() or (None if shutil.which("swift") else "there is no Swift toolchain")
pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.skipif(REASON is not None, reason=str(REASON))]
PASSWORD = "c0rrect horse"


class Images(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; below /redirect/ it sends elsewhere, below /away/ to another address, /stalls/ never comes to an end, /large/ says that it is larger than any
    disk, /endless/ says nothing of its size and has none, and /private/ wants a token. Below /made/ is what `made` made.
    """

    made = Path()

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        kind, _, name = self.path[1:].partition("/")
        if kind == "redirect":
            self.send_response(302)
            self.send_header("Location", f"/{name}")
            self.end_headers()
        elif kind == "away":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.2:{self.server.server_port}/{name}")  # type: ignore[attr-defined]
            self.end_headers()
        elif kind in ("large", "endless"):
            self.send_response(200)
            if kind == "large":
                self.send_header("Content-Length", str(1 << 42))
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(bytes(1 << 20))
        elif kind == "private" and self.headers["Authorization"] != "Bearer one":
            self.send_error(401)
        elif kind in ("private", "made"):
            content = (Path(self.directory) if kind == "private" else self.made).joinpath(name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        elif kind == "stalls":
            content = (Path(self.directory) / name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
                time.sleep(600)
        else:
            super().do_GET()


class Hand:
    """Does to the bed what is written into `do`, and says in `done` when it is done."""

    def __init__(self, bed: LibvirtBed, folder: Path) -> None:
        self.bed, self.folder, self.is_over = bed, folder, False
        folder.mkdir()
        self.actions: dict[str, Callable[[str], None]] = {
            "restart": lambda _: bed.restart(), "crash": lambda _: bed.restart(signal.SIGKILL), "down": lambda _: bed.stop_daemon(), "up": lambda _: bed.start(),
            "pause": lambda name: os.kill(bed.qemu(name), signal.SIGSTOP), "resume": lambda name: os.kill(bed.qemu(name), signal.SIGCONT),
        }  # fmt: skip

    def work(self) -> None:
        """To be called by the thread that made the bed."""
        wish = self.folder / "do"
        with contextlib.suppress(FileNotFoundError):
            action, _, name = wish.read_text().partition(" ")
            wish.unlink()
            try:
                self.actions[action](name)
                said = "ok"
            except Exception as error:  # noqa: BLE001 the test hears of it
                said = repr(error)
            (self.folder / "done.new").write_text(said)
            (self.folder / "done.new").rename(self.folder / "done")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images that stand upon a file of the host, and one of another format."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "secret").write_bytes(b"what only the host may read\n" * 4096)

    def make(name: str, kind: str, *words: str) -> None:
        subprocess.run(["qemu-img", "create", "-q", "-f", kind, *words, folder / name, "1M"], check=True, capture_output=True)

    make("qed.img", "qed", "-b", str(folder / "secret"), "-F", "raw")
    make("overlay.img", "qcow2", "-b", str(folder / "secret"), "-F", "raw")
    make("outside.img", "qcow2", "-o", f"data_file={folder / 'data'}")
    make("vdi.img", "vdi")
    Images.made = folder
    return folder


@pytest.fixture(scope="module")
def images(made: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Images, directory=str(guest_image().parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{guest_image().name}"
    server.shutdown()


@pytest.fixture(scope="module")
def built() -> list[str]:
    """The command line of the provider's tests."""
    command = ["swift", "{}", "--scratch-path", str(REPOSITORY / ".build" / "live")]
    environment = os.environ | {"MARTLET_ONLY": "LibvirtProvider"}
    subprocess.run([command[0], "build", *command[2:], "--build-tests"], cwd=REPOSITORY, env=environment, check=True, timeout=900)
    return [command[0], "test", *command[2:], "--skip-build", "--no-parallel"]


def live(built: list[str], bed: LibvirtBed, images: str, suite: str, more: dict[str, str] | None = None) -> str:
    hand = Hand(bed, bed.folder / "hand")
    environment = os.environ | {
        "MARTLET_ONLY": "LibvirtProvider", "MARTLET_TEST_LIBVIRT_URI": bed.uri, "MARTLET_TEST_IMAGE_URL": images, "MARTLET_TEST_IMAGE_SHA256": checksum(guest_image()),
        "MARTLET_TEST_SMALL_FOLDER": str(bed.root / "var/lib/libvirt/small"), "MARTLET_TEST_HAND": str(hand.folder), "MARTLET_TEST_MADE_FOLDER": str(Images.made),
    } | (more or {})  # fmt: skip
    with (bed.folder / "tests.log").open("wb") as log, subprocess.Popen([*built, "--filter", f"LibvirtProviderTests.{suite}"], cwd=REPOSITORY, env=environment, stdout=log, stderr=subprocess.STDOUT) as tests:
        end = time.monotonic() + 1200
        while tests.poll() is None and time.monotonic() < end:
            hand.work()
            time.sleep(0.02)
        tests.kill()
    said = (bed.folder / "tests.log").read_text(errors="replace")
    assert tests.returncode == 0 and "Test run with 0 tests" not in said, f"{said[-8000:]}\nlibvirtd: {bed.said()}"
    return said


@pytest.mark.parametrize("suite", ["LiveProviderTests", "LiveImageTests", "LiveConformanceTests", "LiveTroubleTests"])
def test_the_provider_on_a_hypervisor(tmp_path: Path, built: list[str], images: str, suite: str) -> None:
    with LibvirtBed(tmp_path / "bed") as bed:
        live(built, bed, images, suite)


def test_credentials(tmp_path: Path, built: list[str], images: str) -> None:
    with LibvirtBed(tmp_path / "bed", password=PASSWORD) as bed:
        live(built, bed, images, "LiveCredentialTests", {"MARTLET_TEST_PASSWORD": PASSWORD})


def test_what_guests_and_people_do_to_disks(tmp_path: Path, built: list[str], images: str) -> None:
    with LibvirtBed(tmp_path / "bed") as bed:
        live(built, bed, images, "LiveDiskTests")
