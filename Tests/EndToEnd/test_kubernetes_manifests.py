"""deploy/kubernetes/manager: rights for what the manager does and no more, nobody is root, rules as in prometheus/rules, and a kube-apiserver that takes all of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import DEBUG, REPOSITORY, Start, fetch, free_port, wait_for
from grpc_peers import Identity
from kube_apiserver import KubeAPIServer
from listeners import Authority

FOLDER = REPOSITORY / "deploy/kubernetes/manager"
CRDS = REPOSITORY / "deploy/kubernetes/crds"
GROUP = "infra.virtrigaud.io"
PROVIDER_PROGRAM = Path(os.environ.get("MARTLET_MANAGER", DEBUG / "martlet-manager"))
ACCOUNT_TOKEN = "token-of-the-manager"
ACCOUNT = "system:serviceaccount:martlet:martlet-manager"
JOBS = {job["job_name"]: job for job in yaml.safe_load((REPOSITORY / "prometheus/prometheus.yml").read_text())["scrape_configs"]}


def objects(name: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all((FOLDER / name).read_text()) if one]


ALL = [one for path in sorted(FOLDER.glob("*.yaml")) if path.name != "kustomization.yaml" for one in objects(path.name)]
DEPLOYMENTS = {one["metadata"]["name"]: one for one in ALL if one["kind"] == "Deployment"}


def kinds() -> dict[str, bool]:
    """By the plural of a kind, whether it has a status."""
    found = {}
    for path in CRDS.glob("*.yaml"):
        spec = yaml.safe_load(path.read_text())["spec"]
        found[spec["names"]["plural"]] = "status" in spec["versions"][0].get("subresources", {})
    return found


def rights() -> dict[tuple[str, str], set[str]]:
    """What the account may do in all namespaces, by group and resource."""
    found: dict[tuple[str, str], set[str]] = {}
    [role] = [one for one in ALL if one["kind"] == "ClusterRole"]
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                found.setdefault((group, resource), set()).update(rule["verbs"])
    return found


def test_the_account_may_do_what_the_manager_does_and_nothing_else() -> None:
    there = kinds()
    assert len(there) == 9
    mine = {resource: verbs for (group, resource), verbs in rights().items() if group == GROUP}
    assert {resource for resource in mine if "/" not in resource} == set(there)
    assert {resource.removesuffix("/status"): verbs for resource, verbs in mine.items() if "/" in resource} == {
        plural: {"update"} for plural, has_status in there.items() if has_status and "update" in mine[plural]}
    assert all({"get", "list", "watch"} <= verbs for resource, verbs in mine.items() if "/" not in resource)
    # Sets and clones make machines, and schedules make snapshots.
    assert all({"create", "delete"} <= mine[resource] for resource in ("virtualmachines", "vmsnapshots", "vmoperations"))
    assert {key: verbs for key, verbs in rights().items() if key[0] != GROUP} == {("", "secrets"): {"get", "list", "watch"}}
    assert not any("*" in (*key, *verbs) for key, verbs in rights().items())
    [role] = [one for one in ALL if one["kind"] == "Role"]
    assert role["rules"] == [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]}]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_nobody_is_root_and_nothing_is_written_but_to_volumes(name: str) -> None:
    pod = DEPLOYMENTS[name]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    [container] = pod["containers"]
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert "memory" in container["resources"]["limits"] and {probe["path"] for probe in (container["livenessProbe"]["httpGet"], container["readinessProbe"]["httpGet"])} == {"/health", "/ready"}
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod) and not any("hostPath" in volume for volume in pod["volumes"])
    # Who asks nothing of the cluster has no word for it.
    assert (pod.get("serviceAccountName") == "martlet-manager") == (name == "martlet-manager")
    assert name == "martlet-manager" or pod["automountServiceAccountToken"] is False


def test_services_and_monitors_find_whom_they_mean() -> None:
    services = {one["metadata"]["name"]: one for one in ALL if one["kind"] == "Service"}
    assert set(services) == set(DEPLOYMENTS)
    for name, service in services.items():
        labels = DEPLOYMENTS[name]["spec"]["template"]["metadata"]["labels"]
        [container] = DEPLOYMENTS[name]["spec"]["template"]["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert service["spec"]["selector"] == labels == service["metadata"]["labels"]
        assert {port["targetPort"]: port["port"] for port in service["spec"]["ports"]} == ports
        assert f"--web.listen-address=0.0.0.0:{ports['metrics']}" in container["args"]
    monitors = {one["metadata"]["name"]: one["spec"] for one in ALL if one["kind"] == "ServiceMonitor"}
    assert set(monitors) == {"virtrigaud-manager", "virtrigaud-providers"}
    for monitor in monitors.values():
        [endpoint] = monitor["endpoints"]
        [rename] = endpoint["relabelings"]
        job = JOBS[rename["replacement"]]
        assert rename["targetLabel"] == "job" and endpoint["metricRelabelings"][0]["regex"] == job["metric_relabel_configs"][0]["regex"]
        chosen = monitor["selector"]["matchLabels"].items()
        assert {name for name, one in services.items() if chosen <= one["metadata"]["labels"].items()} == {
            name for name in services if name.startswith(rename["replacement"].replace("virtrigaud", "martlet"))}


def test_the_rules_are_those_of_the_files(tmp_path: Path) -> None:
    told = subprocess.run([REPOSITORY / "scripts/make-prometheus-rule", "--check"], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    [rule] = objects("prometheusrule.yaml")
    groups = [group for name in ("recording", "alerts") for group in yaml.safe_load((REPOSITORY / f"prometheus/rules/{name}-manager.yml").read_text())["groups"]]
    assert rule["spec"]["groups"] == groups
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rule["spec"]))
    checked = subprocess.run(["promtool", "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_rules_read_nothing_that_other_files_record() -> None:
    """They are all that a cluster with the Operator has of ours."""
    import promql

    [rule] = objects("prometheusrule.yaml")
    rules = [rule for group in rule["spec"]["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    assert {name for rule in rules for name in promql.names(rule["expr"]) if ":" in name} <= recorded


def test_kustomize_takes_them() -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run(["kubectl", "kustomize", FOLDER], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    made = {(one["kind"], one["metadata"]["name"]) for one in yaml.safe_load_all(done.stdout)}
    named = {name for name in yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]}
    assert made == {(one["kind"], one["metadata"]["name"]) for name in named for one in objects(name)}
    # What wants the Operator, or another hypervisor, is chosen by who has it.
    assert {path.name for path in FOLDER.glob("*.yaml")} - named == {
        "kustomization.yaml", "provider-simulated.yaml", "provider-libvirt.yaml", "servicemonitors.yaml", "prometheusrule.yaml"}


def test_a_provider_starts_with_what_its_deployment_says(start: Start, tmp_path: Path) -> None:
    [container] = DEPLOYMENTS["martlet-provider-simulated"]["spec"]["template"]["spec"]["containers"]
    authority = Authority(tmp_path, "ours")
    identity = Identity.of(authority.issue("provider"), authority.pem)
    tls = tmp_path / "tls"
    tls.mkdir()
    for name, source in (("tls.crt", identity.certificate), ("tls.key", identity.key), ("ca.crt", identity.authority)):
        shutil.copy(source, tls / name)
    port = free_port()
    places = {"/etc/martlet/tls": tls, "/var/lib/martlet-provider": tmp_path / "state", "0.0.0.0:9443": f"127.0.0.1:{free_port()}", "0.0.0.0:8072": f"127.0.0.1:{port}"}
    words = list(container["args"])
    for place, here in places.items():
        assert any(place in word for word in words), place
        words = [word.replace(place, str(here)) for word in words]
    program = start(PROVIDER_PROGRAM, *words)
    program.wait_until(f"http://127.0.0.1:{port}/ready", 60)
    for probe in ("livenessProbe", "readinessProbe"):
        assert fetch(f"http://127.0.0.1:{port}{container[probe]['httpGet']['path']}").status == 200
    assert "martlet_grpc_certificate_not_after_timestamp_seconds" in fetch(f"http://127.0.0.1:{port}/metrics").text


def test_the_image_has_the_libraries_of_the_program() -> None:
    """And none besides: whose they are Debian says."""
    text = (REPOSITORY / "Dockerfile.manager").read_text()
    [line] = re.findall(r"^    (ca-certificates .*) \$RUNTIME_PACKAGES", text, re.MULTILINE)
    told = subprocess.run(["readelf", "-d", PROVIDER_PROGRAM], capture_output=True, text=True, check=True).stdout
    # Swift's own are linked in where it is built for others.
    needed = {name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", told) if not re.match(r"lib_?(swift|Foundation|dispatch|BlocksRuntime|Testing|XCTest)", name)}
    found = subprocess.run(["dpkg-query", "--search", *(f"*/{name}" for name in needed)], capture_output=True, text=True, check=True).stdout
    of = {place.split("/")[-1].strip(): package.split(":")[0] for package, place in (row.split(": ") for row in found.splitlines()) if place.startswith(("/lib/", "/usr/lib/"))}
    assert set(of) >= needed
    # The base has these two.
    assert {of[name] for name in needed} - {"libc6", "libgcc-s1"} == set(line.split()) - {"ca-certificates"}
    assert "USER 65532:65532" in text and "HEALTHCHECK" not in text


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeAPIServer]:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    server = KubeAPIServer(tmp_path_factory.mktemp("cluster"))
    with (server.folder / "tokens.csv").open("a") as tokens:
        tokens.write(f"{ACCOUNT_TOKEN},{ACCOUNT},3\n")
    try:
        server.start()
        yield server
    finally:
        server.stop()


# What Debian's kube-apiserver, of 1.20, does not know.
LATER = {"PodDisruptionBudget": "policy/v1 is of 1.21", "ServiceMonitor": "the Operator's", "PrometheusRule": "the Operator's"}


@pytest.mark.e2e
def test_a_cluster_takes_all_of_it_and_lets_the_account_do_what_it_must(cluster: KubeAPIServer) -> None:
    cluster.kubectl("apply", "-f", str(CRDS))
    for one in ALL:
        # The namespace comes first.
        if one["kind"] == "Namespace":
            cluster.kubectl("apply", "-f", "-", given=yaml.safe_dump(one))
    for one in ALL:
        if one["kind"] not in LATER:
            cluster.kubectl("apply", "-f", "-", given=yaml.safe_dump(one))

    # The object of the page is one that the definitions take, and loses nothing by it.
    [written] = re.findall(r"^```yaml\n(.*?)^```", (FOLDER / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    cluster.kubectl("apply", "-f", "-", given=written)
    spec = yaml.safe_load(written)["spec"]
    kept = json.loads(cluster.kubectl("-n", "martlet", "get", "provider", "simulated", "-o", "json"))["spec"]
    assert {key: kept[key] for key in ("type", "endpoint")} == {key: spec[key] for key in ("type", "endpoint")}
    assert spec["runtime"]["service"]["tls"].items() <= kept["runtime"]["service"]["tls"].items()

    def can(verb: str, resource: str, namespace: str) -> bool:
        words = ["auth", "can-i", verb, resource, "--as", ACCOUNT, "-n", namespace]
        done = subprocess.run(["kubectl", "--kubeconfig", cluster.kubeconfig(), *words], capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() in ("yes", "no"), done.stderr
        return done.stdout.strip() == "yes"

    for plural, has_status in kinds().items():
        assert can("watch", f"{plural}.{GROUP}", "default")
        writes = plural not in ("vmclasses", "vmnetworkattachments")
        assert can("update", f"{plural}.{GROUP}", "default") is writes
        if has_status:
            assert can("update", f"{plural}.{GROUP}/status", "default") is writes, plural
    assert can("create", f"vmoperations.{GROUP}", "default") and can("delete", f"virtualmachines.{GROUP}", "default")
    assert can("list", "secrets", "default") and can("update", "leases.coordination.k8s.io", "martlet")
    for verb, resource, namespace in [
        ("update", "secrets", "martlet"), ("create", "pods", "martlet"), ("update", "leases.coordination.k8s.io", "default"), ("delete", f"providers.{GROUP}", "default"),
        ("create", "clusterroles.rbac.authorization.k8s.io", "default"), ("create", "serviceaccounts/token", "martlet"),
    ]:
        assert not can(verb, resource, namespace), (verb, resource)


@pytest.mark.e2e
def test_its_rights_are_enough(cluster: KubeAPIServer, start: Start, tmp_path: Path) -> None:
    """The manager as the account of rbac.yaml leads, reads all kinds, writes its journal, and is refused nothing."""
    cluster.kubectl("apply", "-f", str(CRDS))
    for name in ("namespace.yaml", "rbac.yaml"):
        cluster.kubectl("apply", "-f", str(FOLDER / name))
    socket, provider, manager = tmp_path / "provider.sock", free_port(), free_port()
    start(PROVIDER_PROGRAM, "provider", "simulated", "--provider.state-dir", tmp_path / "provider", "--grpc.socket", socket, "--web.listen-address", f"127.0.0.1:{provider}",
          "--simulated.task-time", "200ms").wait_until(f"http://127.0.0.1:{provider}/ready", 60)
    (tmp_path / "manager.yml").write_text(yaml.safe_dump({"manager": {"store": "kubernetes", "kubeconfig": str(cluster.kubeconfig("manager", {"token": ACCOUNT_TOKEN})), "lease_namespace": "martlet"}}))
    program = start(
        PROVIDER_PROGRAM, "serve", "--config.file", tmp_path / "manager.yml", "--manager.state-dir", tmp_path / "manager", "--web.listen-address", f"127.0.0.1:{manager}")
    program.wait_until(f"http://127.0.0.1:{manager}/ready", 60)
    wait_for(lambda: "virtrigaud_leader 1" in fetch(f"http://127.0.0.1:{manager}/metrics").text, 60, "that it leads")
    world = [
        {"apiVersion": f"{GROUP}/v1beta1", "kind": "Provider", "metadata": {"name": "sim", "namespace": "default"}, "spec": {"type": "simulated", "endpoint": f"unix://{socket}"}},
        {"apiVersion": f"{GROUP}/v1beta1", "kind": "VMImage", "metadata": {"name": "debian", "namespace": "default"},
         "spec": {"source": {"http": {"url": "https://images.example.org/debian.qcow2"}}, "prepare": {"onMissing": "Import"}}},
        {"apiVersion": f"{GROUP}/v1beta1", "kind": "VMClass", "metadata": {"name": "small", "namespace": "default"}, "spec": {"cpu": 1, "memory": "1Gi"}},
        {"apiVersion": f"{GROUP}/v1beta1", "kind": "VirtualMachine", "metadata": {"name": "web1", "namespace": "default"},
         "spec": {"providerRef": {"name": "sim"}, "classRef": {"name": "small"}, "imageRef": {"name": "debian"}}},
    ]
    cluster.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(world))
    ended = re.compile(r'^virtrigaud_vm_operations_total\{operation="ImagePrepare",[^}]*outcome="success"\} [1-9]', re.MULTILINE)
    wait_for(lambda: ended.search(fetch(f"http://127.0.0.1:{manager}/metrics").text), 60, "an operation that ended, in the journal")
    # Each kind is watched, so a right that is missing is told over and over.
    assert "orbidden" not in program.output, program.output[-3000:]


def test_the_page_names_every_file() -> None:
    page = (FOLDER / "README.md").read_text()
    assert {path.name for path in FOLDER.glob("*.yaml")} <= set(re.findall(r"[\w-]+\.yaml", page))
