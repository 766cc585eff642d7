"""Our gRPC server beside Python's grpcio, called by the same client, and our protocol buffers beside Python's on the same messages."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import RELEASE, REPOSITORY, cpu_seconds, resident_bytes, table

# Behind this folder, as both have modules of the same names.
sys.path.append(str(REPOSITORY / "Tests/EndToEnd"))

CALLS = 20_000
MESSAGES = 400
ROUNDS = 3
SERVER = """
import sys, time
from concurrent import futures
import grpc
class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda message, _: message)
server = grpc.server(futures.ThreadPoolExecutor(16), [Echo()])
server.add_insecure_port("unix:" + sys.argv[1])
server.start()
print("ready", flush=True)
server.wait_for_termination()
"""


def calls(folder: Path) -> None:
    from grpc_peers import Client, Peer

    path = {"martlet": folder / "ours.sock", "grpcio": folder / "theirs.sock"}
    ours = Peer("serve", "--unix", path["martlet"])
    theirs = subprocess.Popen([sys.executable, "-c", SERVER, path["grpcio"]], stdout=subprocess.PIPE)
    assert theirs.stdout and theirs.stdout.readline() == b"ready\n"
    pids = {"martlet": ours.process.pid, "grpcio": theirs.pid}
    clients = {name: Client("--unix", path[name]) for name in path}
    rows = []
    try:
        for parallel, size in ((1, 100), (16, 100), (16, 100_000)):
            count = CALLS if parallel > 1 and size < 1000 else CALLS // 5
            rates: dict[str, list[float]] = {name: [] for name in path}
            costs: dict[str, list[float]] = {name: [] for name in path}
            # The first round opens connections.
            for turn in range(ROUNDS + 1):
                for name, client in clients.items():
                    began, before = time.monotonic(), cpu_seconds(pids[name])
                    ends = client.call("Echo", size=size, count=count, parallel=parallel, seconds=60)
                    assert ends.get("OK") == count, ends
                    if turn:
                        rates[name].append(count / (time.monotonic() - began))
                        costs[name].append((cpu_seconds(pids[name]) - before) / count)
            rate, cost = ({name: statistics.median(values) for name, values in each.items()} for each in (rates, costs))
            what = f"{size:,} bytes, {parallel} at a time"
            rows.append([f"calls a second, {what}", f"{rate['martlet']:,.0f}", f"{rate['grpcio']:,.0f}", f"{rate['martlet'] / rate['grpcio']:.1f}"])
            rows.append([f"server's CPU µs a call, {what}", f"{1e6 * cost['martlet']:.0f}", f"{1e6 * cost['grpcio']:.0f}", f"1/{cost['grpcio'] / cost['martlet']:.1f}"])
        memory = {name: resident_bytes(pid, "VmHWM") / 1e6 for name, pid in pids.items()}
        rows.append(["memory at most", f"{memory['martlet']:.0f} MB", f"{memory['grpcio']:.0f} MB", f"1/{memory['grpcio'] / memory['martlet']:.1f}"])
    finally:
        for client in clients.values():
            client.close()
        ours.close()
        theirs.kill()
        theirs.wait()
    print(f"gRPC: an echo over a Unix socket, called by our client; {CALLS:,} calls, median of {ROUNDS} rounds in turn")
    table(["figure", "martlet", "grpcio", "ratio"], rows)


def codec(folder: Path) -> None:
    from protos import Maker, generate

    modules = generate(folder)
    maker = Maker(1)
    lists = modules["provider"].ListVMsResponse()
    for number in range(100):
        lists.vms.add(id=f"{number:08x}-0000-4000-8000-000000000000", name=f"web-{number}", power_state="On", ips=["192.168.122.7"], cpu=2, memory_mib=4096,
                      disks=[{"id": "vda", "path": f"/var/lib/libvirt/images/web-{number}.qcow2", "format": "qcow2"}], networks=[{"name": "default", "mac": "52:54:00:00:00:01"}])
    rows = []
    for title, messages in [
        ("a list of 100 machines", [lists] * MESSAGES),
        ("a create", [modules["provider"].CreateRequest(name="web", class_json='{"CPU":2,"MemoryMiB":4096}', user_data=b"#cloud-config\n" * 20, tags=["a", "b"])] * (50 * MESSAGES)),
        ("random, of all fields", [maker.message(modules["awkward"].Scalars) for _ in range(5 * MESSAGES)]),
    ]:
        kind, data = type(messages[0]), [message.SerializeToString(deterministic=True) for message in messages]
        frames = b"".join(b"%s %d\n%s" % (kind.DESCRIPTOR.full_name.encode(), len(each), each) for each in data)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append((echoed(frames) - echoed(b"")) / len(data))
            began = time.process_time()
            for each in data:
                kind.FromString(each).SerializeToString(deterministic=True)
            theirs.append((time.process_time() - began) / len(data))
        mine, other = statistics.median(ours), statistics.median(theirs)
        rows.append([f"{title}, {sum(map(len, data)) // len(data):,} bytes", f"{1e6 * mine:.1f}", f"{1e6 * other:.1f}", f"{other / mine:.2f}"])
    print(f"Protocol buffers: a message read and written again, CPU µs, median of {ROUNDS}; ours with its way through pipes")
    table(["message", "martlet", "Python's (upb)", "ratio"], rows)


def echoed(frames: bytes) -> float:
    """CPU seconds of reading and writing all of them again."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([RELEASE / "protobuf-echo"], input=frames, stdout=subprocess.PIPE, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout[:4] == (b"yes " if frames else b""), "the first of them was refused"
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def grpc_calls() -> None:
    missing = [name for name in ("rpc-peer", "protobuf-echo") if not (RELEASE / name).exists()]
    if missing:
        return print(f"gRPC: not measured, {' and '.join(missing)} missing; make bench builds them\n")
    os.environ["RPC_PEER"] = str(RELEASE / "rpc-peer")
    with tempfile.TemporaryDirectory() as folder:
        calls(Path(folder))
        codec(Path(folder))


if __name__ == "__main__":
    grpc_calls()
