"""A real libvirtd with QEMU for tests: in namespaces of its own, on folders that are gone with it, emulating processors, so that neither systemd nor /dev/kvm is wanted.

Its socket is reachable from outside (`uri`), from where the programs under test connect; `inside` runs one in its network. Whatever becomes of the test, all processes end with
the namespace's first one, and that ends with the thread that made the bed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import xml.etree.ElementTree as xml
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from conftest import wait_for
from guest_image import guest_image

# The first process collects those that nobody waits for: a QEMU that has ended and is still there looks to libvirt as if it ran.
SET_UP = r"""
set -eu
for folder in /run /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/sasl2; do
    mkdir -p $folder
    mount -t tmpfs -o mode=755 tmpfs $folder
done
mkdir -p /run/libvirt /run/lock /var/lib/libvirt/small /var/lib/libvirt/images
mount -t tmpfs -o size=$1m tmpfs /var/lib/libvirt/small
mount --bind "$2" /var/lib/libvirt/images
# Of the network's cards libvirt reads here, too; the machine's control groups are then out of sight.
umount -R -l /sys
mount -t sysfs sysfs /sys
ip link set lo up
touch /run/libvirt/made
sleep infinity &
while :; do wait; done
"""

# Without control groups nothing of the machine's own is written to; libvirt then asks QEMU's threads for their time.
QEMU_SETTINGS = """user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
cgroup_controllers = []
"""

SETTINGS = """auth_unix_ro = "none"
auth_unix_rw = "{auth}"
unix_sock_ro_perms = "0777"
unix_sock_rw_perms = "0770"
log_outputs = "3:stderr"
{more}
"""

SASL = """mech_list: scram-sha-256
sasldb_path: /etc/libvirt/passwd.db
"""

NETWORK = """<network><name>default</name><forward mode='nat'/><bridge name='virbr0' stp='off' delay='0'/>
<ip address='192.168.122.1' netmask='255.255.255.0'><dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp></ip></network>"""

POOL = "<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>"

DOMAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory}</memory><vcpu>{processors}</vcpu>
<os><type arch='x86_64' machine='{machine}'>hvm</type><boot dev='hd'/></os><features><acpi/></features><on_poweroff>destroy</on_poweroff>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
<memballoon model='virtio'><stats period='1'/></memballoon>{devices}</devices></domain>"""

GUEST_DEVICES = """<interface type='network'><source network='{network}'/><model type='virtio'/></interface>
<serial type='file'><source path='{serial}'/></serial><console type='file'><source path='{serial}'/></console>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"""

PROGRAMS = {
    "libvirtd": "libvirt-daemon-system", "virsh": "libvirt-clients", "qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils", "dnsmasq": "dnsmasq-base",
    "iptables": "iptables", "ip": "iproute2", "saslpasswd2": "sasl2-bin",
}  # fmt: skip
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def reason_not_to() -> str | None:
    """Why there can be no bed here; None where there can."""
    if os.geteuid() != 0:
        return "only root can make the namespaces of a libvirtd"
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program, path=PATH) is None})
    if missing:
        return f"{', '.join(missing)} missing; scripts/bootstrap e2e installs them"
    return None if subprocess.run(["unshare", "-n", "-m", "-p", "-f", "--mount-proc", "true"], capture_output=True).returncode == 0 else "no namespaces can be made here"


class LibvirtBed:
    """Made in the thread that outlives it, mostly by `with`. `folder` keeps disks of the pool "default" and the daemon's log.

    With `password` the socket wants the name "martlet" and that password (SASL, SCRAM). `small_megabytes` is the size of the pool "small".
    """

    def __init__(self, folder: Path, password: str | None = None, small_megabytes: int = 64, settings: str = "") -> None:
        self.folder = folder
        self.password = password
        self.images = folder / "images"
        self.images.mkdir(parents=True)
        self.log = folder / "libvirtd.log"
        self.daemon: subprocess.Popen[bytes] | None = None
        with (folder / "namespace.log").open("wb") as output:
            self.namespace = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "-n", "-m", "-p", "-f", "--mount-proc", "--kill-child", "sh", "-c", SET_UP, "bed", str(small_megabytes), self.images],
                stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env={"PATH": PATH},
            )
        self.first = 0
        try:
            wait_for(self._made, 20, f"a namespace: {(folder / 'namespace.log').read_text()}")
            self._write("etc/libvirt/qemu.conf", QEMU_SETTINGS)
            self._write("etc/libvirt/libvirtd.conf", SETTINGS.format(auth="none" if password is None else "sasl", more=settings))
            if password is not None:
                self._write("etc/sasl2/libvirt.conf", SASL)
                subprocess.run(self.inside("saslpasswd2", "-p", "-a", "libvirt", "-f", "/etc/libvirt/passwd.db", "martlet"), input=password.encode(), check=True)
            self.start()
            self._define("net", "default", NETWORK)
            for name, path in {"default": self.images, "small": "/var/lib/libvirt/small"}.items():
                self._define("pool", name, POOL.format(name=name, path=path))
        except BaseException:
            self.stop()
            raise

    def _made(self) -> bool:
        assert self.namespace.poll() is None, (self.folder / "namespace.log").read_text()
        children = Path(f"/proc/{self.namespace.pid}/task/{self.namespace.pid}/children").read_text().split()
        self.first = int(children[0]) if children else 0
        return self.first != 0 and (self.root / "run/libvirt/made").exists() and os.readlink(f"/proc/{self.first}/ns/mnt") != os.readlink("/proc/self/ns/mnt")

    def __enter__(self) -> LibvirtBed:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    # The daemon

    def start(self) -> None:
        """Starts the daemon, and waits until it answers."""
        assert self.daemon is None, "it runs"
        with self.log.open("ab") as output:
            self.daemon = subprocess.Popen(self.inside("libvirtd"), stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        wait_for(self._answers, 30, f"libvirtd: {self.said()}")

    def _answers(self) -> bool:
        assert self.daemon and self.daemon.poll() is None, f"libvirtd ended: {self.said()}"
        return subprocess.run(["virsh", "-r", "-c", self.read_only_uri, "list"], capture_output=True, timeout=30).returncode == 0

    @property
    def daemon_process(self) -> int:
        """The daemon's number outside; `paused` stops it."""
        assert self.daemon, "it does not run"
        return int(Path(f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children").read_text().split()[0])

    @contextlib.contextmanager
    def hung(self) -> Iterator[None]:
        """The daemon answers nobody."""
        assert self.daemon, "it does not run"
        try:
            with paused(self.daemon_process):
                yield
        finally:
            # Who stands outside for it stops when it does, and would never hear of its end.
            os.kill(self.daemon.pid, signal.SIGCONT)

    def stop_daemon(self, number: int = signal.SIGTERM) -> None:
        """Ends the daemon; guests run on. SIGKILL is a crash."""
        if self.daemon is None:
            return
        os.kill(self.daemon_process, number)
        self.daemon.wait(60)
        self.daemon = None

    def restart(self, number: int = signal.SIGTERM) -> None:
        self.stop_daemon(number)
        self.start()

    def stop(self) -> None:
        """Ends everything: of a process namespace nobody outlives the first one."""
        if self.first:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.first, signal.SIGKILL)
        else:
            self.namespace.kill()
        self.namespace.wait(60)
        if self.daemon is not None:
            self.daemon.wait(60)
            self.daemon = None
        shutil.rmtree(self.images, ignore_errors=True)

    def said(self, lines: int = 40) -> str:
        """The end of what the daemon wrote to its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    # Ways in

    @property
    def root(self) -> Path:
        """The bed's files, seen from outside, as `root / "var/lib/libvirt/small"`."""
        return Path(f"/proc/{self.first}/root")

    @property
    def socket(self) -> Path:
        """Stays where it is when the daemon restarts."""
        return self.root / "run/libvirt/libvirt-sock"

    @property
    def uri(self) -> str:
        return f"qemu+unix:///system?socket={self.socket}"

    @property
    def read_only_uri(self) -> str:
        """May look and change nothing."""
        return f"{self.uri}-ro"

    def inside(self, *command: str | Path) -> list[str]:
        """The command line of a program in the bed, where it has its own network, files and processes."""
        return ["nsenter", "-t", str(self.first), "-m", "-n", "-p", "--", "env", "-i", f"PATH={PATH}", *map(str, command)]

    def auth_file(self, password: str, user: str = "martlet") -> Path:
        """What libvirt's clients read credentials from (LIBVIRT_AUTH_FILE, or `&authfile=` in the URI)."""
        path = self.folder / f"auth-{hashlib.sha256(f'{user} {password}'.encode()).hexdigest()[:8]}.conf"
        path.touch(mode=0o600)
        path.write_text(f"[credentials-bed]\nauthname={user}\npassword={password}\n[auth-libvirt-default]\ncredentials=bed\n")
        return path

    def try_virsh(self, *words: str | Path, password: str | None = None, timeout: float = 120, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """virsh, as it ends. `password` is another one than the right one."""
        password = password or self.password
        environment = {"PATH": PATH, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"} | ({"LIBVIRT_AUTH_FILE": str(self.auth_file(password))} if password else {})
        return subprocess.run(
            ["virsh", "--quiet", "-c", self.uri, *map(str, words)], capture_output=True, text=True, timeout=timeout, env=environment, input=stdin or "", start_new_session=True)

    def virsh(self, *words: str | Path, timeout: float = 120) -> str:
        """What virsh answers; fails when it does."""
        done = self.try_virsh(*words, timeout=timeout)
        assert done.returncode == 0, f"virsh {words}: {done.stderr}\nlibvirtd: {self.said(10)}"
        return done.stdout.strip()

    # What is in it

    def _define(self, kind: str, name: str, text: str) -> None:
        self.virsh(f"{kind}-define", self._xml(f"{kind}-{name}", text))
        self.virsh(f"{kind}-start", name)
        self.virsh(f"{kind}-autostart", name)

    def _xml(self, name: str, text: str) -> Path:
        path = self.folder / f"{name}.xml"
        path.write_text(text)
        return path

    def _write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text)

    def disk(self, name: str, size: str = "1M", backing: Path | None = None) -> Path:
        """A new qcow2 in the pool "default"."""
        path = self.images / f"{name}.qcow2"
        below = ["-b", backing, "-F", "qcow2"] if backing else []
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *below, path, size], check=True, capture_output=True)
        return path

    def define(self, name: str, disk: Path | str, memory: int = 16, processors: int = 1, devices: str = "", machine: str = "pc", start: bool = True) -> str:
        """A domain with a disk, and with more devices in libvirt's words; `memory` is in MiB."""
        text = DOMAIN.format(name=name, disk=disk, memory=memory, processors=processors, devices=devices, machine=machine)
        self.virsh("define", self._xml(f"domain-{name}", text))
        if start:
            self.virsh("start", name)
        return name

    def many(self, count: int, prefix: str = "small") -> list[str]:
        """As many running domains of 16 MB with a disk of their own that has nothing to boot."""

        def one(number: int) -> str:
            name = f"{prefix}-{number:02}"
            return self.define(name, self.disk(name))

        with ThreadPoolExecutor(4) as several:
            return list(several.map(one, range(1, count + 1)))

    def guest(self, name: str, devices: str = "", memory: int = 96, network: str = "default", start: bool = True) -> str:
        """A domain with the system of `guest_image`, a card, a serial line (`serial`) and the guest agent's channel."""
        disk = self.images / f"{name}.qcow2"
        shutil.copyfile(guest_image(), disk)
        more = GUEST_DEVICES.format(network=network, serial=self._serial(name))
        return self.define(name, disk, memory, devices=more + devices, start=start)

    def _serial(self, name: str) -> Path:
        return self.folder / f"{name}.serial"

    def serial(self, name: str) -> list[str]:
        """What a guest told on its serial line, without `guest: `."""
        path = self._serial(name)
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return [line.removeprefix("guest: ") for line in lines if line.startswith("guest: ")]

    def address(self, name: str, seconds: float = 120, source: str = "lease") -> str:
        """The guest's first IPv4 address, as soon as libvirt knows of it; `source` may be lease, which outlives the guest, agent or arp."""

        def found() -> str | None:
            words = self.try_virsh("domifaddr", name, "--source", source).stdout.split()
            addresses = [word.split("/")[0] for word in words if word.count(".") == 3 and not word.startswith("127.")]
            return addresses[0] if addresses else None

        return str(wait_for(found, seconds, f"an address of {name}, which told {self.serial(name)}"))

    def state(self, name: str) -> str:
        return self.virsh("domstate", name)

    def fill(self, pool: str = "small", leave: int = 0) -> Path:
        """Fills the pool "small" but for so many bytes, with a file that is returned."""
        assert pool == "small", "the other one lies on the machine's disk"
        folder = self.root / "var/lib/libvirt/small"
        free = os.statvfs(folder)
        path = folder / "filling"
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - leave)
        self.virsh("pool-refresh", pool)
        return path

    # Processes

    def processes(self) -> dict[int, str]:
        """All processes of the bed by their numbers outside, with their command lines."""
        own = os.readlink(f"/proc/{self.first}/ns/pid")
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(folder / "ns/pid") == own:
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return found

    def qemu(self, name: str) -> int:
        """The number of a domain's QEMU, outside."""
        found = [number for number, line in self.processes().items() if f"-name guest={name}," in line]
        assert len(found) == 1, f"QEMUs of {name}: {found}"
        return found[0]

    def monitor(self, name: str, *words: str) -> str:
        """A command of QEMU's own monitor, past libvirt."""
        return self.virsh("qemu-monitor-command", name, "--hmp", " ".join(words))

    def description(self, name: str) -> xml.Element:
        """A domain as libvirt describes it now."""
        return xml.fromstring(self.virsh("dumpxml", name))


@contextlib.contextmanager
def paused(*processes: int) -> Iterator[None]:
    """The processes stand still (SIGSTOP), as hung ones do."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def left(marks: Sequence[str]) -> list[str]:
    """Processes of this machine whose command line has one of the marks, which mostly are folders."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if int(folder.name) != os.getpid() and any(mark in line for mark in marks):
                found.append(f"{folder.name} {line}")
    return found
