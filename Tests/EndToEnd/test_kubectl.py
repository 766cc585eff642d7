"""kubectl, Python's client and martlet-manager's own commands against the manager's API."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from conftest import free_port, wait_for
from kubectls import DEBIANS, GROUP, MANAGER, VERSION, Answer, Bed, machine, machines, secret, size, text

NEWER = shutil.which("kubectl")
NAMESPACES = itertools.count(1)


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    bed = Bed(tmp_path_factory.mktemp("api"))
    yield bed
    bed.close()


class Kubectl:
    """One kubectl in a namespace of its own."""

    def __init__(self, bed: Bed, program: str) -> None:
        self.bed, self.program = bed, program
        self.namespace = f"n{next(NAMESPACES)}"

    def __call__(self, *words: str, given: str | None = None, status: int = 0) -> Answer:
        answer = self.bed.run(self.program, "-n", self.namespace, *words, given=given)
        assert answer.status == status, f"kubectl {' '.join(words)}: {answer}"
        return answer

    def apply(self, *objects: dict[str, Any]) -> Answer:
        return self("apply", "-f", "-", given=text(*objects))


# The one of the machine may be much newer: it asks in other ways.
@pytest.fixture(params=[str(DEBIANS), pytest.param(NEWER, marks=[pytest.mark.e2e, pytest.mark.skipif(NEWER is None, reason="no other kubectl here")])], ids=["debian", "installed"])
def kubectl(request: pytest.FixtureRequest, bed: Bed) -> Kubectl:
    return Kubectl(bed, request.param)


def test_applies_again_and_again(kubectl: Kubectl) -> None:
    objects = [secret("creds", user="root"), size("small"), machine("web1"), machines("set1")]
    assert kubectl.apply(*objects).out.count("created") == 4
    assert kubectl.apply(*objects[1:]).out.count("unchanged") == 3
    objects[1]["spec"]["cpu"] = 4
    assert "small configured" in kubectl.apply(*objects[1:]).out
    assert kubectl("get", "vmclass", "small", "-o", "jsonpath={.spec.cpu} {.spec.firmware}").out == "4 BIOS"
    # kubectl knows Secrets, and sends patches of another kind for them.
    kubectl.apply(secret("creds", user="admin"))
    assert kubectl("get", "secret", "creds", "-o", "jsonpath={.data.user}").out == "YWRtaW4="
    objects[2]["metadata"]["labels"] = {"app": "a"}
    kubectl.apply(objects[2])
    del objects[2]["metadata"]["labels"]
    kubectl.apply(objects[2])
    assert "app" not in kubectl("get", "vm", "web1", "--show-labels").out


def test_shows_tables(kubectl: Kubectl, bed: Bed) -> None:
    kubectl.apply(machine("web1"), machine("web2", labels={"tier": "db"}))
    bed.merge(bed.path("virtualmachines", kubectl.namespace, "web1") + "/status", {"status": {"phase": "Running", "powerState": "On", "ips": ["192.0.2.7", "2001:db8::7"]}})
    lines = kubectl("get", "vm").out.splitlines()
    assert lines[0].split() == ["NAME", "POWER", "PHASE", "READY", "PROVIDER", "IPS", "AGE"]
    assert re.match(r"web1 +On +Running +kvm +192.0.2.7,2001:db8::7 +\d+s$", lines[1]), lines[1]
    assert "CLASS" in kubectl("get", "vm", "-o", "wide").out
    assert kubectl("get", "vm", "-l", "tier in (db, cache)", "-o", "name").out == f"virtualmachine.{GROUP}/web2\n"
    assert kubectl("get", "vm", "--field-selector", "metadata.name=web1", "-o", "name").out == f"virtualmachine.{GROUP}/web1\n"
    assert kubectl("get", "vm", "web1", "-o", "yaml").out.startswith("apiVersion:")
    everywhere = kubectl("get", "vm", "-A").out
    assert everywhere.startswith("NAMESPACE") and kubectl.namespace in everywhere
    assert kubectl.namespace in kubectl("get", "namespaces").out
    assert "web2" in kubectl("get", "vm,vmclass").out
    assert "Power State:" in kubectl("describe", "vm", "web1").out


def test_tells_what_there_is(kubectl: Kubectl) -> None:
    resources = kubectl("api-resources", "--no-headers").out
    assert len(resources.splitlines()) == 11 and "virtualmachines" in resources
    assert kubectl("api-versions").out.split() == [f"{GROUP}/{VERSION}", "v1"]
    assert "v1.20.0+martlet" in kubectl("version").out
    explained = kubectl("explain", "virtualmachine.spec.providerRef").out
    assert "VirtualMachine" in explained and "namespace" in explained and "-required-" in explained
    assert "creationTimestamp" in kubectl("explain", "vm.metadata").out
    assert kubectl("get", "--raw", "/readyz").out == "ok"


def test_follows_changes(kubectl: Kubectl, bed: Bed) -> None:
    kubectl.apply(machine("web1"))
    with bed.follow(kubectl.program, "-n", kubectl.namespace, "get", "vm", "-w", "--output-watch-events") as watch:
        watch.until(lambda line: line.startswith("ADDED") and "web1" in line)
        bed.merge(bed.path("virtualmachines", kubectl.namespace, "web1") + "/status", {"status": {"phase": "Provisioning"}})
        watch.until(lambda line: line.startswith("MODIFIED") and "Provisioning" in line)
        kubectl.apply(machine("web2"))
        watch.until(lambda line: line.startswith("ADDED") and "web2" in line)
        kubectl("delete", "vm", "web1")
        watch.until(lambda line: line.startswith("DELETED") and "web1" in line)


def test_waits_for_conditions(kubectl: Kubectl, bed: Bed) -> None:
    kubectl.apply(machine("web1"))
    with bed.follow(kubectl.program, "-n", kubectl.namespace, "wait", "vm/web1", "--for=condition=Ready", "--timeout=30s") as wait:
        condition = {"type": "Ready", "status": "True", "reason": "ReconcileSuccess", "message": "", "lastTransitionTime": "2026-11-23T00:00:00Z"}
        bed.merge(bed.path("virtualmachines", kubectl.namespace, "web1") + "/status", {"status": {"conditions": [condition]}})
        wait.until(lambda line: "condition met" in line)
    assert "timed out" in kubectl("wait", "vm/web1", "--for=condition=Error", "--timeout=1s", status=1).err


def test_patches(kubectl: Kubectl) -> None:
    kubectl.apply(machine("web1"))
    power = ("get", "vm", "web1", "-o", "jsonpath={.spec.powerState}")
    kubectl("patch", "vm", "web1", "--type=merge", "-p", '{"spec":{"powerState":"Off"}}')
    assert kubectl(*power).out == "Off"
    kubectl("patch", "vm", "web1", "--type=json", "-p", '[{"op":"test","path":"/spec/powerState","value":"Off"},{"op":"replace","path":"/spec/powerState","value":"On"}]')
    assert kubectl(*power).out == "On"
    assert "test failed" in kubectl("patch", "vm", "web1", "--type=json", "-p", '[{"op":"test","path":"/spec/powerState","value":"Off"}]', status=1).err
    assert "--type=merge" in kubectl("patch", "vm", "web1", "-p", '{"spec":{"powerState":"Off"}}', status=1).err
    kubectl("label", "vm", "web1", "tier=db")
    kubectl("annotate", "vm", "web1", "note=hello there")
    told = kubectl("get", "vm", "web1", "-o", "json").json["metadata"]
    assert told["labels"] == {"tier": "db"} and told["annotations"]["note"] == "hello there"
    kubectl("label", "vm", "web1", "tier-")
    assert "labels" not in kubectl("get", "vm", "web1", "-o", "json").json["metadata"]


def test_replaces_what_was_edited(kubectl: Kubectl) -> None:
    kubectl.apply(size("small"))
    edited = kubectl("get", "vmclass", "small", "-o", "yaml").out.replace("cpu: 2", "cpu: 6")
    kubectl("replace", "-f", "-", given=edited)
    assert kubectl("get", "vmclass", "small", "-o", "jsonpath={.spec.cpu}").out == "6"
    assert "the object has been modified" in (stale := kubectl("replace", "-f", "-", given=edited, status=1).err) or "Conflict" in stale


def test_deletes_and_waits(kubectl: Kubectl, bed: Bed) -> None:
    kubectl.apply(machine("web1", finalizers=[f"virtualmachine.{GROUP}/finalizer"]), machine("web2"))
    path = bed.path("virtualmachines", kubectl.namespace, "web1")
    kubectl("delete", "vm", "web1", "--wait=false")
    assert bed.ask("GET", path).json()["metadata"]["deletionTimestamp"]
    with bed.follow(kubectl.program, "-n", kubectl.namespace, "delete", "vm", "web1", "--timeout=30s") as delete:
        delete.until(lambda line: "deleted" in line)
        bed.merge(path, {"metadata": {"finalizers": None}})
        assert delete.process.wait(20) == 0
    assert bed.ask("GET", path).status_code == 404
    kubectl("delete", "vm", "--all")
    assert "No resources found" in kubectl("get", "vm").err
    assert "NotFound" in kubectl("delete", "vm", "web1", status=1).err


def test_scales_sets(kubectl: Kubectl) -> None:
    kubectl.apply(machines("web", 1))
    kubectl("scale", "vmset", "web", "--replicas=3")
    assert kubectl("get", "vmset", "web", "-o", "jsonpath={.spec.replicas}").out == "3"
    kubectl("scale", "vmset", "web", "--current-replicas=3", "--replicas=5")
    assert kubectl("get", "vmset", "web", "-o", "jsonpath={.spec.replicas}").out == "5"


def test_prunes(kubectl: Kubectl) -> None:
    label = {"stack": kubectl.namespace}
    kubectl.apply(size("a", labels=label), size("b", labels=label), size("c"))
    words = ["apply", "--prune", "-l", f"stack={kubectl.namespace}", *(f"--prune-{'whitelist' if kubectl.program == str(DEBIANS) else 'allowlist'}={GROUP}/{VERSION}/VMClass",), "-f", "-"]
    assert "b pruned" in kubectl(*words, given=text(size("a", labels=label))).out
    assert kubectl("get", "vmclass", "-o", "name").out.split() == [f"vmclass.{GROUP}/a", f"vmclass.{GROUP}/c"]


@pytest.mark.parametrize(("change", "said"), [
    ({"powerState": "Perhaps"}, "spec.powerState"), ({"disks": [{"name": "a", "sizeGiB": 0}]}, "spec.disks[0].sizeGiB"), ({"providerRef": {}}, "spec.providerRef.name")])
def test_says_what_is_wrong(kubectl: Kubectl, change: dict[str, Any], said: str) -> None:
    wrong = machine("web1")
    wrong["spec"] |= change
    answer = kubectl("apply", "--validate=false", "-f", "-", given=text(wrong), status=1)
    assert said in answer.err and "is invalid" in answer.err


def test_says_what_it_does_not_know(kubectl: Kubectl) -> None:
    wrong = machine("web1")
    wrong["spec"]["colour"] = "red"
    assert "colour" in kubectl("apply", "-f", "-", given=text(wrong), status=1).err
    kubectl("apply", "--validate=false", "-f", "-", given=text(wrong))
    assert "colour" not in kubectl("get", "vm", "web1", "-o", "jsonpath={.spec}").out
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
    assert "Pod" in kubectl("apply", "--validate=false", "-f", "-", given=text(pod), status=1).err
    assert "namespaces" in kubectl("create", "namespace", "x", status=1).err


def test_changes_that_are_not_allowed(kubectl: Kubectl) -> None:
    kubectl.apply({**secret("fixed", user="root"), "immutable": True})
    assert "data" in kubectl("patch", "secret", "fixed", "-p", '{"data":{"user":"eA=="}}', status=1).err


def test_shows_differences_and_refuses_server_side_apply(kubectl: Kubectl) -> None:
    kubectl.apply(size("small"))
    assert kubectl("diff", "-f", "-", given=text(size("small"))).out == ""
    assert "+  cpu: 4" in kubectl("diff", "-f", "-", given=text(size("small", cpu=4)), status=1).out
    assert kubectl("get", "vmclass", "small", "-o", "jsonpath={.spec.cpu}").out == "2"
    assert "created (server dry run)" in kubectl("apply", "--dry-run=server", "-f", "-", given=text(size("other"))).out
    assert "NotFound" in kubectl("get", "vmclass", "other", status=1).err
    answer = kubectl("apply", "--server-side", "-f", "-", given=text(size("small")), status=1)
    assert "server-side apply is not supported here" in answer.err


def test_asks_for_a_token(bed: Bed, tmp_path: Path) -> None:
    assert requests.get(bed.url + "/apis", verify=bed.authority, timeout=10).status_code == 401
    assert bed.ask("GET", "/apis", token="x" * len(bed.token)).json()["reason"] == "Unauthorized"
    assert requests.get(bed.url + "/healthz", verify=bed.authority, timeout=10).text == "ok"
    wrong = tmp_path / "kubeconfig"
    wrong.write_text(bed.kubeconfig.read_text().replace(bed.token, "wrong"))
    answer = bed.run(DEBIANS, "--kubeconfig", str(wrong), "get", "vm")
    assert answer.status == 1 and "Unauthorized" in answer.err
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(bed.url + "/healthz", timeout=10)


def test_certificates_are_good_to_openssl(bed: Bed) -> None:
    done = subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", bed.authority, str(bed.folder / "api/server.crt")],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    context = ssl.create_default_context(cafile=bed.authority)
    assert context.check_hostname


def test_bodies_may_be_yaml(bed: Bed) -> None:
    path = bed.path("vmclasses", "yaml")
    made = bed.ask("POST", path, text(size("small")), "application/yaml")
    assert made.status_code == 201, made.text
    told = bed.ask("GET", f"{path}/small", Accept="application/yaml")
    assert told.headers["Content-Type"] == "application/yaml" and "cpu: 2" in told.text
    assert bed.ask("POST", path, "a: [", "application/yaml").status_code == 400


def test_what_comes_from_outside_is_bounded(bed: Bed) -> None:
    path = bed.path("vmclasses", "bounds")
    assert bed.ask("POST", path, b"x" * 2_000_000).status_code == 413
    assert bed.ask("POST", path, "[" * 5000 + "]" * 5000).status_code == 413
    assert bed.ask("POST", path, "{" * 100_000).status_code in (400, 413)
    assert bed.ask("GET", path + "?labelSelector=" + "a," * 15_000).status_code in (400, 414)
    for body in ["null", "1", "[]", '"x"', '{"metadata":1}', '{"metadata":{"labels":[]}}', "{}", "\x00", '{"apiVersion":{}}']:
        for method, type in [("POST", "application/json"), ("PATCH", "application/merge-patch+json"), ("PATCH", "application/json-patch+json"), ("DELETE", "application/json")]:
            target = path if method == "POST" else f"{path}/x"
            assert 400 <= bed.ask(method, target, body, type).status_code < 500, (method, body)
    assert bed.ask("GET", "/healthz").text == "ok"


@pytest.mark.e2e
def test_watches_end_and_give_their_places_back(tmp_path: Path) -> None:
    bed = Bed(tmp_path, "1000", "3")
    try:
        path = bed.path("virtualmachines", "default") + "?watch=1"
        ended = bed.ask("GET", f"{path}&timeoutSeconds=1")
        assert ended.status_code == 200 and ended.text == ""
        held = []
        for _ in range(3):
            held.append(requests.get(bed.url + path, headers={"Authorization": f"Bearer {bed.token}"}, verify=bed.authority, stream=True, timeout=30))
            assert held[-1].status_code == 200
        refused = bed.ask("GET", path)
        assert refused.status_code == 429 and refused.headers["Retry-After"] == "1"
        # Whoever goes without a word is noticed.
        for answer in held:
            answer.close()
        wait_for(lambda: bed.ask("GET", f"{path}&timeoutSeconds=1").status_code == 200, 20, "a place for a watch")
    finally:
        bed.close()


def test_pythons_client_lists_and_watches(bed: Bed) -> None:
    kubernetes = pytest.importorskip("kubernetes")
    api = kubernetes.client.CustomObjectsApi(kubernetes.config.new_client_from_config(str(bed.kubeconfig)))
    place = (GROUP, VERSION, "python", "virtualmachines")
    made = api.create_namespaced_custom_object(*place, machine("web1"))
    assert made["metadata"]["uid"]
    listed = api.list_namespaced_custom_object(*place)
    assert [item["metadata"]["name"] for item in listed["items"]] == ["web1"]
    events: list[tuple[str, str]] = []
    begun = threading.Event()

    def watch() -> None:
        version = listed["metadata"]["resourceVersion"]
        begun.set()
        for event in kubernetes.watch.Watch().stream(api.list_namespaced_custom_object, *place, resource_version=version, timeout_seconds=20):
            events.append((event["type"], event["object"]["metadata"]["name"]))
            if event["type"] == "DELETED":
                return

    thread = threading.Thread(target=watch)
    thread.start()
    begun.wait(5)
    api.patch_namespaced_custom_object(*place, "web1", {"spec": {"powerState": "Off"}})
    api.delete_namespaced_custom_object(*place, "web1")
    thread.join(30)
    assert events == [("MODIFIED", "web1"), ("DELETED", "web1")]
    with pytest.raises(kubernetes.client.ApiException) as gone:
        api.get_namespaced_custom_object(*place, "web1")
    assert gone.value.status == 404


# martlet-manager's own commands.


@pytest.fixture
def ours(bed: Bed) -> Kubectl:
    return Kubectl(bed, str(MANAGER))


def run(ours: Kubectl, command: str, *words: str, given: str | None = None, status: int = 0) -> Answer:
    answer = ours.bed.run(ours.program, command, "-n", ours.namespace, *words, given=given)
    assert answer.status == status, f"{command} {' '.join(words)}: {answer}"
    return answer


def test_our_commands_and_kubectl_go_together(ours: Kubectl, bed: Bed) -> None:
    kubectl = Kubectl(bed, str(DEBIANS))
    kubectl.namespace = ours.namespace
    objects = [size("small"), machine("web1", labels={"app": "a"})]
    assert run(ours, "apply", "-f", "-", given=text(*objects)).out.count("created") == 2
    assert kubectl.apply(*objects).out.count("unchanged") == 2
    assert run(ours, "apply", "-f", "-", given=text(*objects)).out.count("unchanged") == 2
    objects[1]["spec"]["powerState"] = "Off"
    kubectl.apply(objects[1])
    assert run(ours, "apply", "-f", "-", given=text(*objects)).out.count("unchanged") == 2
    for form in ["yaml", "json"]:
        assert run(ours, "get", "vm", "web1", "-o", form).out.strip().splitlines() != []
    assert run(ours, "get", "vm", "web1", "-o", "json").json == kubectl("get", "vm", "web1", "-o", "json").json
    assert yaml.safe_load(run(ours, "get", "vm", "-o", "yaml").out)["items"] == [run(ours, "get", "vm/web1", "-o", "json").json]
    for form in [[], ["-o", "wide"]]:
        # A second may pass between the two.
        first, second = (re.sub(r"\b\d+s\b", "AGE", said.out).split() for said in (run(ours, "get", "vm", *form), kubectl("get", "vm", *form)))
        assert first == second
    assert "powerState: \"Off\"" in run(ours, "describe", "vm", "web1").out


def test_our_commands_follow_and_delete(ours: Kubectl, bed: Bed, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text(size("small"), machine("web1", finalizers=["example.com/x"])))
    run(ours, "apply", "-f", str(tmp_path))
    with bed.follow(ours.program, "get", "vm", "-n", ours.namespace, "-w") as watch:
        watch.until(lambda line: line.startswith("web1"))
        bed.merge(bed.path("virtualmachines", ours.namespace, "web1") + "/status", {"status": {"phase": "Provisioning"}})
        watch.until(lambda line: "Provisioning" in line)
    late = run(ours, "delete", "vm", "web1", "--timeout", "0", status=1)
    assert "web1 deleted" in late.out and "example.com/x" in late.err
    bed.merge(bed.path("virtualmachines", ours.namespace, "web1"), {"metadata": {"finalizers": None}})
    assert run(ours, "delete", "-f", str(tmp_path), status=1).out == f"vmclass.{GROUP}/small deleted\n"


def test_our_commands_say_what_is_wrong(ours: Kubectl, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text(size("small")) + "---\n" + text(size("bad", cpu=0)))
    answer = run(ours, "apply", "-f", str(file), status=1)
    assert "small created" in answer.out and f"{file}:9: " in answer.err and "spec.cpu" in answer.err
    file.write_text("a: 1\n b: 2\n")
    assert f"{file}:2:" in run(ours, "apply", "-f", str(file), status=1).err
    assert "pods" in run(ours, "get", "pods", status=2).err
    file.write_text(text(size("small")))
    assert "--selector" in run(ours, "apply", "--prune", "-f", str(file), status=2).err
    assert "no virtualmachines in namespace" in run(ours, "get", "vm").err
    assert "lists of kinds take no names" in run(ours, "get", "provider,vm/web1", status=2).err


def test_our_commands_say_where_a_manager_is_to_be_found(tmp_path: Path) -> None:
    def get(**more: str) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | more
        return subprocess.run([MANAGER, "get", "vm"], env=env, capture_output=True, text=True, timeout=60, check=False).stderr

    assert "start martlet-manager serve; its kubeconfig is STATE/kubeconfig" in get()
    file = tmp_path / "config"
    cluster = {"name": "a", "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}
    contexts = [{"name": "a", "context": {"cluster": "a", "user": "a"}}]
    file.write_text(yaml.safe_dump({"current-context": "a", "clusters": [cluster], "contexts": contexts, "users": [{"name": "a", "user": {}}]}))
    assert "is martlet-manager serve running there?" in get(KUBECONFIG=str(file))


def test_our_commands_prune(ours: Kubectl) -> None:
    label = {"stack": ours.namespace}
    run(ours, "apply", "-f", "-", given=text(size("a", labels=label), size("b", labels=label), size("c")))
    pruning = ("apply", "--prune", "-l", f"stack={ours.namespace}", "-f", "-")
    assert "b pruned (dry run)" in run(ours, *pruning, "--dry-run", given=text(size("a", labels=label))).out
    assert "b pruned" in run(ours, *pruning, given=text(size("a", labels=label))).out
    assert run(ours, "get", "vmclass", "-o", "name").out.split() == [f"vmclass.{GROUP}/a", f"vmclass.{GROUP}/c"]
