"""`martlet-manager provider` as a manager meets it: grpcio calls it with what grpc_tools makes of our .proto, and its metrics are scraped over HTTP after
each kind of operation really was done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import pytest
from conftest import DEBUG, REPOSITORY, Program, Start, environment_without_settings, fetch, free_port, wait_for
from exporting import lint_exceptions
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_peers import Identity
from listeners import Authority
from prometheus_client.parser import text_string_to_metric_families
from protos import generate

MANAGER = Path(os.environ.get("MARTLET_MANAGER", DEBUG / "martlet-manager"))
SIMULATED = {"provider_type": "simulated", "provider": "lab/sim"}


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModuleType]:
    assert MANAGER.exists(), f"{MANAGER} is missing; swift build --product martlet-manager makes it"
    return generate(tmp_path_factory.mktemp("protos"))


class Provider:
    """A simulated provider, and a manager's view of it."""

    def __init__(self, start: Start, folder: Path, messages: dict[str, ModuleType], *words: str, task_time: str = "300ms") -> None:
        self.start, self.folder, self.words, self.task_time = start, folder, words, task_time
        self.pb, self.grpc, self.tasks_pb, self.tasks_grpc = (messages[name] for name in ("provider", "provider_grpc", "tasks", "tasks_grpc"))
        self.socket = folder / "run/provider.sock"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.begin()

    def begin(self) -> None:
        self.program: Program = self.start(
            MANAGER, "provider", "simulated", "--provider.name", "lab/sim", "--provider.state-dir", self.folder / "state", "--grpc.socket", self.socket,
            "--web.listen-address", self.url.removeprefix("http://"), "--simulated.task-time", self.task_time, "--simulated.poll-interval", "20ms", *self.words)
        self.program.wait_until(self.url + "/ready")
        self.channel = grpc.insecure_channel(f"unix:{self.socket}", [("grpc.use_local_subchannel_pool", 1)])
        self.stub = self.grpc.ProviderStub(self.channel)
        self.tasks = self.tasks_grpc.TasksStub(self.channel)

    def machine(self, name: str, **more: Any) -> Any:
        return self.pb.CreateRequest(name=name, class_json='{"CPU":1,"MemoryMiB":512}', networks_json='[{"Name":"lan"}]', disks_json='[{"Name":"data","SizeGiB":2}]', **more)

    def end(self, answer: Any) -> Any:
        """The operation's end, when the answer names a task."""
        identifier = answer.task.id
        if not identifier:
            return None
        return wait_for(
            lambda: (lambda task: task if task.finished_unix_seconds else None)(self.tasks.Get(self.tasks_pb.GetTaskRequest(id=identifier), timeout=5)), 20, "the task ends")

    def samples(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        answer = fetch(self.url + "/metrics")
        assert answer.status == 200
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(answer.text) for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples().get((name, tuple(sorted(labels.items()))))


@pytest.fixture
def provider(start: Start, tmp_path: Path, messages: dict[str, ModuleType]) -> Provider:
    return Provider(start, tmp_path, messages)


def outcomes(provider: Provider, operation: str) -> dict[str, float | None]:
    return {outcome: provider.value("virtrigaud_vm_operations_total", operation=operation, outcome=outcome, **SIMULATED) for outcome in ("success", "failure", "error", "cancelled")}


def test_every_family_is_there_after_a_real_operation(provider: Provider) -> None:
    pb, stub, start = provider.pb, provider.stub, provider.samples()
    calls = {"provider_type": "simulated", "method": "Create", "code": "OK"}
    methods = {method.name for method in pb.DESCRIPTOR.services_by_name["Provider"].methods}
    assert {dict(labels)["method"] for (name, labels), value in start.items() if name == "virtrigaud_provider_rpc_requests_total" and value == 0} == methods
    info = next(dict(labels) for name, labels in start if name == "virtrigaud_build_info")
    assert info["component"] == "provider" and info["go_version"].startswith("swift") and set(info) == {"version", "git_sha", "go_version", "component"}

    created = stub.Create(provider.machine("web1"), timeout=10)
    assert provider.value("virtrigaud_provider_tasks_inflight", **SIMULATED) == 1
    assert provider.end(created).state == provider.tasks_pb.TASK_STATE_SUCCEEDED
    assert provider.value("virtrigaud_provider_tasks_inflight", **SIMULATED) == 0
    machine = created.id
    assert provider.value("virtrigaud_provider_rpc_requests_total", **calls) == 1
    assert provider.value("virtrigaud_provider_rpc_latency_seconds_count", provider_type="simulated", method="Create") == 1
    assert outcomes(provider, "Create") == {"success": 1, "failure": 0, "error": 0, "cancelled": 0}
    seconds = provider.value("virtrigaud_vm_operations_duration_seconds_sum", operation="Create", **SIMULATED)
    assert seconds is not None and 0.2 < seconds < 10
    assert provider.value("virtrigaud_vm_operations_duration_seconds_bucket", operation="Create", le="1800.0", **SIMULATED) == 1

    provider.end(stub.Power(pb.PowerRequest(id=machine, op=pb.POWER_OP_OFF), timeout=10))
    provider.end(stub.Power(pb.PowerRequest(id=machine, op=pb.POWER_OP_ON), timeout=10))
    assert provider.value("virtrigaud_ip_discovery_duration_seconds_count", provider_type="simulated") == 0
    wait_for(lambda: list(stub.Describe(pb.DescribeRequest(id=machine), timeout=10).ips), 15, "the machine has an address")
    stub.Describe(pb.DescribeRequest(id=machine), timeout=10)
    assert provider.value("virtrigaud_ip_discovery_duration_seconds_count", provider_type="simulated") == 1

    provider.end(stub.Reconfigure(pb.ReconfigureRequest(id=machine, desired_json='{"Class":{"CPU":2}}'), timeout=10))
    assert provider.value("virtrigaud_vm_reconfigure_total", provider_type="simulated", outcome="success") == 1
    snapshot = stub.SnapshotCreate(pb.SnapshotCreateRequest(vm_id=machine, name_hint="a"), timeout=10)
    provider.end(snapshot)
    provider.end(stub.SnapshotRevert(pb.SnapshotRevertRequest(vm_id=machine, snapshot_id=snapshot.snapshot_id), timeout=10))
    provider.end(stub.SnapshotDelete(pb.SnapshotDeleteRequest(vm_id=machine, snapshot_id=snapshot.snapshot_id), timeout=10))
    for action in ("create", "revert", "delete"):
        assert provider.value("virtrigaud_vm_snapshot_total", action=action, provider_type="simulated", outcome="success") == 1
    provider.end(stub.Power(pb.PowerRequest(id=machine, op=pb.POWER_OP_OFF), timeout=10))
    clones = [provider.end(stub.Clone(pb.CloneRequest(source_vm_id=machine, target_name=f"clone-{linked}", linked=linked), timeout=10)).state for linked in (False, True)]
    assert clones == [provider.tasks_pb.TASK_STATE_SUCCEEDED] * 2
    for linked in ("true", "false"):
        assert provider.value("virtrigaud_vm_clone_total", linked=linked, provider_type="simulated", outcome="success") == 1
    image = {"URL": "http://images.example/base.qcow2", "Format": "qcow2"}
    provider.end(stub.ImagePrepare(pb.ImagePrepareRequest(image_json=json.dumps(image), target_name="base"), timeout=10))
    assert provider.value("virtrigaud_vm_image_prepare_total", provider_type="simulated", outcome="success") == 1

    for request, call, code, reason in [
        (pb.PowerRequest(id="none", op=pb.POWER_OP_ON), stub.Power, "NOT_FOUND", "NotFound"),
        (pb.CreateRequest(name="x", class_json="{"), stub.Create, "INVALID_ARGUMENT", "InvalidRequest"),
    ]:
        before = provider.value("virtrigaud_errors_total", reason=reason, component="provider")
        with pytest.raises(grpc.RpcError) as failure:
            call(request, timeout=5)
        assert failure.value.code().name == code
        assert before is not None and provider.value("virtrigaud_errors_total", reason=reason, component="provider") == before + 1
        method = type(request).__name__.removesuffix("Request")
        assert provider.value("virtrigaud_provider_rpc_requests_total", provider_type="simulated", method=method, code=code) == 1
    with pytest.raises(grpc.RpcError):
        provider.channel.unary_unary("/provider.v1.Provider/MadeUp")(b"", timeout=5)
    assert provider.value("virtrigaud_provider_rpc_requests_total", provider_type="simulated", method="unknown", code="UNIMPLEMENTED") == 1
    assert provider.value("virtrigaud_provider_rpc_requests_total", provider_type="simulated", method="Tasks/Get", code="OK") is not None


def test_operations_are_counted_once_also_by_a_process_that_comes_after(provider: Provider) -> None:
    pb, stub = provider.pb, provider.stub
    provider.end(stub.Create(provider.machine("one"), timeout=10))
    second = stub.Create(provider.machine("two"), timeout=10)
    provider.program.process.send_signal(signal.SIGKILL)
    provider.program.process.wait(10)
    provider.channel.close()
    provider.begin()
    assert provider.end(second).state == provider.tasks_pb.TASK_STATE_SUCCEEDED
    assert outcomes(provider, "Create") == {"success": 2, "failure": 0, "error": 0, "cancelled": 0}
    assert provider.value("virtrigaud_vm_operations_duration_seconds_count", operation="Create", **SIMULATED) == 2
    assert sorted(machine.name for machine in provider.stub.ListVMs(pb.ListVMsRequest(), timeout=10).vms) == ["one", "two"]


def test_a_provider_that_is_told_to_stop_answers_what_is_under_way_and_leaves_tasks_to_the_next(start: Start, tmp_path: Path, messages: dict[str, ModuleType]) -> None:
    provider = Provider(start, tmp_path, messages, task_time="1500ms")
    watched = health_pb2_grpc.HealthStub(provider.channel).Watch(health_pb2.HealthCheckRequest(service="provider.v1.Provider"))
    assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
    created = provider.stub.Create(provider.machine("slow"), timeout=10)
    assert created.task.id
    began = time.monotonic()
    provider.program.process.terminate()
    assert next(watched).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert provider.program.process.wait(15) == 0
    assert time.monotonic() - began < 10
    assert not provider.socket.exists()
    provider.channel.close()
    provider.begin()
    assert provider.end(created).state == provider.tasks_pb.TASK_STATE_SUCCEEDED


def test_health_is_told_over_http_too(provider: Provider) -> None:
    for path in ("/health", "/ready", "/-/healthy", "/-/ready"):
        assert fetch(provider.url + path).status == 200, path
    page = fetch(provider.url + "/").text
    assert "provider simulated" in page and "/metrics" in page


def test_over_a_network_calls_come_with_certificates_on_both_sides(start: Start, tmp_path: Path, messages: dict[str, ModuleType]) -> None:
    authority = Authority(tmp_path, "ours")
    server, client = (Identity.of(authority.issue(name), authority.pem) for name in ("server", "client"))
    port = free_port()
    words = ["--grpc.listen-address", f"127.0.0.1:{port}", "--grpc.tls.cert-file", str(server.certificate), "--grpc.tls.key-file", str(server.key)]
    provider = Provider(start, tmp_path, messages, *words, "--grpc.tls.client-ca-file", str(server.authority))
    with grpc.secure_channel(f"127.0.0.1:{port}", client.channel_credentials()) as channel:
        assert provider.grpc.ProviderStub(channel).Validate(provider.pb.ValidateRequest(), timeout=10).ok
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError):
        provider.grpc.ProviderStub(channel).Validate(provider.pb.ValidateRequest(), timeout=3)
    expires = provider.value("martlet_grpc_certificate_not_after_timestamp_seconds")
    assert expires is not None and abs(expires - time.time() - 30 * 86400) < 7200
    assert provider.value("martlet_grpc_certificate_up_to_date") == 1
    server.key.write_text("nonsense")
    wait_for(lambda: provider.value("martlet_grpc_certificate_up_to_date") == 0, 6, "the metric says so")
    assert provider.value("virtrigaud_errors_total", reason="CertificateError", component="provider") == 1


def test_what_promtool_says_of_the_names_is_what_is_known(provider: Provider) -> None:
    done = subprocess.run(["promtool", "check", "metrics"], input=fetch(provider.url + "/metrics").text, capture_output=True, text=True, timeout=30)
    # A simulated hypervisor has no libvirt: what is said of its metrics is in the test of that.
    said = {line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()}
    assert said <= set(lint_exceptions("martlet-manager")), done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--grpc.listen-address", "127.0.0.1:0"], "over a network both sides show a certificate"),
        (["--grpc.socket", ""], "nobody could call this provider"),
        (["--grpc.socket", "relative.sock"], "absolute path"),
        (["--simulated.kind", "other"], "one of local, upid, moref"),
        (["--web.listen-address", "nowhere"], "is not HOST:PORT"),
        (["--no-such"], "unknown flag"),
    ])
def test_what_cannot_be_used_is_said_before_anything_is_opened(tmp_path: Path, messages: dict[str, ModuleType], words: list[str], message: str) -> None:
    done = subprocess.run(
        [MANAGER, "provider", "simulated", "--provider.state-dir", tmp_path / "state", *words], capture_output=True, text=True, timeout=20, cwd=tmp_path,
        env=environment_without_settings())
    assert done.returncode in (1, 2) and message in done.stderr, done.stderr
    assert done.stderr.startswith("martlet-manager: ") and not (tmp_path / "state").exists()


@pytest.mark.parametrize(("words", "page"), [(["metrics", "--format", "markdown"], "manager-metrics.md"), (["settings"], "manager-settings.md")])
def test_pages_that_are_made_from_the_program_are_up_to_date(messages: dict[str, ModuleType], words: list[str], page: str) -> None:
    done = subprocess.run([MANAGER, *words], capture_output=True, text=True, timeout=20, check=True, env=environment_without_settings())
    assert done.stdout == (REPOSITORY / "docs" / page).read_text(), "run: make docs"


def test_a_libvirt_tells_its_connections_and_domains(start: Start, tmp_path: Path, messages: dict[str, ModuleType]) -> None:
    """libvirt's own driver for tests: one domain that runs, in the process that asks."""
    url = f"http://127.0.0.1:{free_port()}"
    socket = tmp_path / "libvirt.sock"
    program = start(
        MANAGER, "provider", "libvirt", "--libvirt.uri", "test:///default", "--provider.state-dir", tmp_path / "state", "--grpc.socket", socket,
        "--web.listen-address", url.removeprefix("http://"))
    program.wait_until(url + "/ready")
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        pb = messages["provider"]
        stub = messages["provider_grpc"].ProviderStub(channel)
        machines = stub.ListVMs(pb.ListVMsRequest(), timeout=20).vms
    text = wait_for(lambda: text if "virtrigaud_libvirt_domains{" in (text := fetch(url + "/metrics").text) else None, 20, "domains are counted")
    samples = {sample.name: sample for family in text_string_to_metric_families(text) for sample in family.samples if "libvirt" in sample.name}
    assert samples["virtrigaud_libvirt_connections_total"].value >= 1
    host = samples["virtrigaud_libvirt_connections_total"].labels["host"]
    assert host
    assert len(machines) == 1
    for name in ("virtrigaud_libvirt_domains_total", "virtrigaud_libvirt_domains"):
        states = {
            sample.labels["state"]: sample.value for family in text_string_to_metric_families(text) for sample in family.samples
            if sample.name == name and sample.labels["host"] == host
        }
        assert states == dict.fromkeys(("nostate", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended"), 0) | {"running": 1}
    page = (REPOSITORY / "docs" / "manager-metrics.md").read_text()
    families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    assert "martlet_scrape_series_limit" in families and not [name for name in families if f"| `{name}` |" not in page]
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    assert sorted((done.stdout + done.stderr).split("\n")) == ["", *lint_exceptions("martlet-manager")]
