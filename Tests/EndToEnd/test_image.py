"""The Dockerfile, built for real on a Debian of debootstrap, and the program in the image: not root, on a root that cannot be written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY

TAG = "localhost/martlet:test"
# What the toolchain needs of Debian and its own image would bring; the packages of martlet are left to the Dockerfile.
TOOLCHAIN = "binutils g++ libc6-dev libcurl4 libedit2 libncurses6 libsqlite3-0 libxml2"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.alone,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can build in chroot isolation"),
    pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is missing; scripts/bootstrap e2e installs it"),
]


class Builder:
    """Buildah with a store of its own."""

    def __init__(self, store: Path) -> None:
        self.words = ["buildah", "--root", str(store / "root"), "--runroot", str(store / "run"), "--storage-driver", "vfs"]

    def run(self, *arguments: str | Path, seconds: float = 300, stdin: str | None = None) -> str:
        done = subprocess.run([*self.words, *map(str, arguments)], capture_output=True, text=True, timeout=seconds, input=stdin)
        assert done.returncode == 0, f"buildah {arguments[0]}: {done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout.strip()

    def build(self, name: str, file: Path, context: Path, *arguments: str, seconds: float = 600) -> None:
        # The format of Docker, as that of OCI knows no HEALTHCHECK.
        self.run("bud", "--isolation", "chroot", "--format", "docker", "--tag", name, "--file", file, *arguments, context, seconds=seconds)


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    folder = tmp_path_factory.mktemp("image")
    builder = Builder(folder)
    base = folder / "debian"
    subprocess.run(
        ["debootstrap", "--variant=minbase", "bookworm", str(base), "http://deb.debian.org/debian"], check=True, capture_output=True, timeout=600)
    container = builder.run("from", "scratch")
    builder.run("add", "--quiet", container, base, "/")
    builder.run("config", "--cmd", "/bin/bash", container)
    builder.run("commit", "--quiet", "--rm", container, "localhost/bookworm:test")
    shutil.rmtree(base)
    swift = Path(os.path.realpath(shutil.which("swift") or "")).parents[2]
    file = folder / "Toolchain.Dockerfile"
    file.write_text(
        "FROM localhost/bookworm:test\n"
        f"RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends {TOOLCHAIN}\n"
        f"ENV PATH={swift}/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n")
    builder.build("localhost/swift:test", file, folder)
    builder.build(
        TAG, REPOSITORY / "Dockerfile", REPOSITORY, "--build-arg", "BUILD_IMAGE=localhost/swift:test", "--build-arg",
        "RUNTIME_IMAGE=localhost/bookworm:test", "--volume", f"{swift}:{swift}:ro", seconds=3000)
    try:
        yield builder
    finally:
        subprocess.run([*builder.words, "rm", "--all"], capture_output=True, timeout=120)
        subprocess.run([*builder.words, "rmi", "--all", "--force"], capture_output=True, timeout=120)


# Runs in namespaces of its own: nothing can be written but /tmp, and the user is the image's, with no way to become another.
INSIDE = r"""
set -eu
root=$1; user=$2; shift 2
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
ip link set lo up
inside() { chroot --userspec="$user" "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"; }
bounded() { chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin $VARIABLES \
    setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"; }
VARIABLES= bounded martlet simulate proxmox --plain-http --guests 5 >"$LOG.simulator" 2>&1 &
VARIABLES="PROXMOX_HOST=http://127.0.0.1:18006 PROXMOX_TOKEN_NAME=monitor@pve!martlet PROXMOX_TOKEN_VALUE=SECRET" \
    bounded "$@" >"$LOG" 2>&1 &
for attempt in $(seq 100); do
    if inside martlet health http://127.0.0.1:9221/ready >/dev/null 2>&1; then break; fi
    sleep 0.2
done
echo "health: $(inside $HEALTHCHECK)"
echo "ready: $(inside martlet health http://127.0.0.1:9221/ready)"
inside touch /written 2>/dev/null && echo "root: written" || echo "root: read-only"
for file in /proc/[0-9]*/status; do
    if grep -q '^Name:.martlet' "$file"; then grep -E '^(Uid|CapBnd|NoNewPrivs):' "$file" | tr '\n\t' '  '; echo; fi
done
inside martlet health http://127.0.0.1:9222/health 2>&1 || echo "closed port: $?"
inside martlet --version
"""


def test_the_image_holds_what_it_says(builder: Builder) -> None:
    image = json.loads(builder.run("inspect", "--type", "image", TAG))["Docker"]
    settings = image["config"]
    assert settings["User"] == "65532:65532"
    assert settings["Entrypoint"] == ["/usr/local/bin/martlet"]
    assert settings["Healthcheck"]["Test"] == ["CMD", "/usr/local/bin/martlet", "health", "http://127.0.0.1:9221/health"]
    labels = settings["Labels"]
    assert {"org.opencontainers.image." + key for key in ("title", "licenses", "source", "version")} <= set(labels)
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_the_program_answers_as_nobody_on_a_root_that_cannot_be_written(builder: Builder, tmp_path: Path) -> None:
    settings = json.loads(builder.run("inspect", "--type", "image", TAG))["Docker"]["config"]
    container = builder.run("from", TAG)
    root = Path(builder.run("mount", container))
    program = root / "usr/local/bin/martlet"
    used = int(subprocess.run(["du", "-sxm", str(root)], capture_output=True, text=True, check=True).stdout.split()[0])
    print(f"image: {used} MB unpacked, of which the program {program.stat().st_size / 1e6:.1f} MB")
    assert {(root / "var/lib/martlet" / name).stat().st_uid for name in ("files", "secret", "world")} == {65532}
    # Nothing of the build came along; what was mounted for it leaves an empty folder.
    assert not any((root / name).exists() for name in ("martlet", "usr/bin/g++", "usr/include/microhttpd.h"))
    assert not list((root / "opt").rglob("*swift*/*"))
    missing = subprocess.run(["chroot", str(root), "ldd", "/usr/local/bin/martlet"], capture_output=True, text=True, check=True).stdout
    assert "not found" not in missing and "libswift" not in missing, missing
    try:
        done = subprocess.run(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", INSIDE, "inside", str(root), settings["User"],
             *settings["Entrypoint"], *settings["Cmd"]],
            capture_output=True, text=True, timeout=120,
            env=os.environ | {"LOG": str(tmp_path / "log"), "HEALTHCHECK": " ".join(settings["Healthcheck"]["Test"][1:])})
    finally:
        builder.run("umount", container)
        builder.run("rm", container)
    log = (tmp_path / "log").read_text()
    lines = done.stdout.splitlines()
    assert "health: http://127.0.0.1:9221/health: martlet is alive." in lines, (done.stdout, done.stderr, log)
    assert any(line.startswith("ready: http://127.0.0.1:9221/ready: ") for line in lines), (lines, log)
    assert "root: read-only" in lines
    assert "closed port: 1" in lines
    processes = [line.split() for line in lines if line.startswith("Uid:")]
    assert len(processes) == 2, lines
    for words in processes:
        assert words[1:5] == ["65532"] * 4 and words[words.index("NoNewPrivs:") + 1] == "1" and words[words.index("CapBnd:") + 1] == "0" * 16
