"""docker-compose.yml and its overlays: what each container may do, where its image is from, who reaches whom, and that it all fits together."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose import BASE, FILES, OVERLAYS, example, load, merge, Override, plain, project, Reset, used_variables
from conftest import MARTLET, REPOSITORY, run

PROFILES = {"gpu", "logs"}
REQUIRED = {"prometheus", "grafana", "alertmanager", "pve-exporter", "nvidia-gpu-exporter", "discovery-service"}
# Who must reach what is outside, and what.
OUTSIDE = {
    "prometheus": "exporters", "alertmanager": "webhooks", "pve-exporter": "the API", "discovery-service": "the API", "llm-exporter": "servers of language models"}
PROGRAM = "/usr/local/bin/martlet"
OURS = "martlet:0.1.0"
# Given by others of this machine.
OF_THE_MACHINE = {"/var/log/journal", "/etc/machine-id"}
# Which opens all that the engine may do, so only with the file that gives it.
SOCKET = "/var/run/docker.sock"
MODELS = ("llm", "llm-engine")
ENGINES = ("engine", "llm-engine")

kinds = pytest.mark.parametrize("kind", OVERLAYS)


def services(kind: str) -> dict[str, dict[str, Any]]:
    return project(kind)["services"]


def lasting(kind: str) -> dict[str, dict[str, Any]]:
    """Those that do not end by themselves."""
    return {name: service for name, service in services(kind).items() if service["restart"] != "no"}


def seconds(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([sm])", text).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


def published(service: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [tuple(port.rsplit(":", 2)) for port in service.get("ports") or []]  # type: ignore[misc]


def flag(service: dict[str, Any], name: str) -> str:
    (word,) = [word for word in service["command"] if word.startswith(f"--{name}=")]
    return word.split("=", 1)[1]


def test_reading_merges_as_compose_does() -> None:
    old = {"command": ["a"], "ports": ["1:1"], "volumes": ["./a:/x:ro", "b:/y"], "networks": ["n"], "environment": {"A": "1"}}
    new = {"command": ["b"], "ports": ["2:2"], "volumes": ["./c:/x:ro"], "networks": {"m": {}}, "environment": {"B": "2"}}
    assert merge(old, new) == {
        "command": ["b"], "ports": ["1:1", "2:2"], "volumes": ["b:/y", "./c:/x:ro"], "networks": {"n": None, "m": {}}, "environment": {"A": "1", "B": "2"}}
    assert merge(old, {"ports": Override(["3:3"]), "volumes": Reset(None)}) == {name: old[name] for name in ("command", "networks", "environment")} | {"ports": ["3:3"]}


# 1: the files themselves.
@pytest.mark.parametrize("name", FILES)
def test_files_have_no_version_and_known_keys(name: str) -> None:
    document = load(name)
    assert "version" not in document
    assert {key for key in document if not key.startswith("x-")} <= {"name", "services", "networks", "volumes", "secrets"}


@kinds
def test_services_networks_and_profiles_are_there(kind: str) -> None:
    merged = project(kind)
    assert REQUIRED <= set(merged["services"]) and merged["name"] == ("martlet-llm" if kind in MODELS else "martlet")
    assert "monitoring" in merged["networks"]
    assert {profile for service in merged["services"].values() for profile in service.get("profiles") or []} <= PROFILES
    for service in merged["services"].values():
        for other in service.get("depends_on") or {}:
            assert other in merged["services"]
    if kind == "mock":
        assert {"simulated-proxmox", "simulated-hosts", "simulated-webhook"} <= set(merged["services"])
    assert ("llm-exporter" in merged["services"]) == (kind in MODELS)
    # There nothing has to be asked for.
    assert kind not in MODELS or not [name for name in ("loki", "alloy") if merged["services"][name].get("profiles")]


# 2: images.
@kinds
def test_images_are_pinned_and_can_be_pinned_harder(kind: str) -> None:
    for name, service in services(kind).items():
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"]), f"{name}: {service['image']}"
        variable = next(variable for variable, value in example().items() if value == service["image"])
        exact = f"{service['image']}@sha256:{'0' * 64}"
        assert project(kind, {variable: exact})["services"][name]["image"] == exact, f"{name}: {variable}"
    standards = dict(re.findall(r"^ARG (\w+)=(.+)$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE))
    assert set(standards) == {"BUILD_IMAGE", "RUNTIME_IMAGE"}
    assert services(kind)["pve-exporter"]["image"] == OURS
    for name, service in services(kind).items():
        # One without would be looked for in a registry, where there is none.
        assert service.get("build") == ({"context": ".", "args": standards} if service["image"] == OURS else None), name


# 3 and 4: what a container may do.
@kinds
def test_containers_may_do_little(kind: str) -> None:
    for name, service in services(kind).items():
        uid = service["user"].split(":")[0]
        assert uid.isdigit() and int(uid) > 0, f"{name} is {service['user']}"
        assert uid == {"prometheus": "65534", "alertmanager": "65534", "grafana": "472", "loki": "10001", "alloy": "473", "nvidia-gpu-exporter": "65533", "llm-exporter": "65531"}.get(name, "65532")
        assert service["read_only"] is True and service["init"] is True, name
        assert any(place.startswith("/tmp:") for place in service["tmpfs"]), name
        assert all(re.search(r"[:,]size=\d+m\b", place) for place in service["tmpfs"]), f"{name}: memory without an end"
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"], name
        assert 0 < service["pids_limit"] <= 512 and re.fullmatch(r"\d+[mg]", service["mem_limit"]) and service["cpus"] > 0, name
        assert seconds(service["stop_grace_period"]) >= (60 if name in ("prometheus", "loki") else 10), name
        assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}, name
        assert service["restart"] in ("unless-stopped", "no"), name
        assert not {"privileged", "cap_add", "pid", "ipc", "devices", "userns_mode", "container_name"} & set(service), name
        assert ("docker.sock" in str(service)) == (name == "alloy" and kind in ENGINES), name
        # Names of this machine are for who asks servers on it.
        assert service.get("extra_hosts") == (["host.docker.internal:host-gateway"] if name == "llm-exporter" else None), name


@kinds
def test_who_has_no_token_cannot_take_one(kind: str) -> None:
    """Processes of one user read each other's environment and files where they see each other, and /proc of the host shows them all."""
    all_services = services(kind)
    gpu = all_services["nvidia-gpu-exporter"]
    assert not gpu.get("secrets") and not gpu["env_file"] and not gpu.get("volumes") and "--path.root" not in str(gpu["command"])
    assert [name for name, service in all_services.items() if service["user"] == gpu["user"]] == ["nvidia-gpu-exporter"]
    for name in set(all_services) & {"llm-exporter"}:
        models = all_services[name]
        assert models["secrets"] == ["llm_token"] and not models.get("env_file") and not models.get("environment")
        assert [volume.split(":")[1] for volume in models["volumes"]] == ["/etc/martlet"]
        assert [other for other, service in all_services.items() if service["user"] == models["user"]] == [name]
    assert not any(volume.split(":")[0] in ("/", "/proc", "/sys", "/run", "/etc") for service in all_services.values() for volume in service.get("volumes") or [])


# 5: who reaches whom.
@kinds
def test_only_those_reach_outside_who_must(kind: str) -> None:
    networks = project(kind)["networks"]
    for name in ("monitoring", "backend"):
        assert networks[name]["internal"] is True and networks[name]["enable_ipv6"] is False, name
        # Or the machine would be reached at its own address there. `gateway_mode_ipv4: isolated` would be refused by Docker 27.
        assert networks[name]["driver_opts"] == {"com.docker.network.bridge.inhibit_ipv4": "true"}, name
    assert networks["edge"]["driver_opts"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    for name, service in services(kind).items():
        if "network_mode" in service:
            assert service["network_mode"] in ("none", "service:prometheus") and not service.get("ports"), name
            continue
        assert set(service["networks"]) <= set(networks), name
        assert ("egress" in service["networks"]) == (name in OUTSIDE), name
        # Of two networks that lead out, Docker takes the one whose name comes first as the way out, and edge is none.
        assert not {"egress", "edge"} <= set(service["networks"]), name
        if service.get("ports"):
            assert {"egress", "edge"} & set(service["networks"]), f"{name}: nothing can be published on an internal network"
    assert set(services(kind)["grafana"]["networks"]) == {"monitoring", "backend", "edge"}


@kinds
def test_ports_are_published_on_loopback_each_once(kind: str) -> None:
    all_published = [port for service in services(kind).values() for port in published(service)]
    assert all_published and {address for address, _, _ in all_published} == {"127.0.0.1"}
    numbers = [number for _, number, _ in all_published]
    assert len(numbers) == len(set(numbers))
    # Nodes send their syslog to one address, people open Grafana on another, and neither opens Prometheus.
    for variable, wanted in {
        "SYSLOG_BIND_ADDR": {"alloy"} if published(services(kind)["alloy"]) else set(), "GRAFANA_BIND_ADDR": {"grafana"},
        "BIND_ADDR": {name for name, service in services(kind).items() if published(service)} - {"alloy", "grafana"}}.items():
        elsewhere = project(kind, {variable: "192.0.2.7"})["services"]
        assert {name for name, service in elsewhere.items() for address, _, _ in published(service) if address == "192.0.2.7"} == wanted


def table_of_ports() -> list[tuple[set[str], str, str]]:
    """The rows of deployment.md: the usual ports, that of the profile llm, and the service."""
    rows = re.findall(r"^\| ([\d, ]+) \| (\d+) \| ([^|]+) \|", (REPOSITORY / "docs/deployment.md").read_text(), re.MULTILINE)
    return [({number.strip() for number in usual.split(",")}, models, service.strip()) for usual, models, service in rows]


# What the table calls them.
SERVICES = {
    "grafana": "dashboards, in Compose Grafana", "prometheus": "Prometheus", "alertmanager": "Alertmanager", "discovery-service": "discovery", "pve-exporter": "exporter",
    "llm-exporter": "exporter", "loki": "Loki", "nvidia-gpu-exporter": "exporter beside cards (`--exporter.role gpu`)"}


def test_ports_are_those_of_the_table() -> None:
    table = table_of_ports()
    assert len(table) > 8 and len({models for _, models, _ in table}) == len(table)
    assert all(23000 <= int(models) <= 23004 or 8081 <= int(models) <= 8099 for _, models, _ in table)
    for kind in ("base", *MODELS):
        for name, service in services(kind).items():
            for _, number, inside in published(service):
                if name == "alloy":
                    assert (number, inside) == ("1514", "1514")
                    continue
                [(usual, models, _)] = [row for row in table if row[2] == SERVICES[name]]
                assert number == models if kind in MODELS else number in usual, name
                # Inside nothing is different, but for the exporter that is there in one of them only.
                assert inside == models if name == "llm-exporter" else inside in usual, name
    base = {name: number for name, service in services("base").items() for _, number, _ in published(service)}
    assert base == {
        "grafana": "3000", "prometheus": "9090", "alertmanager": "9093", "discovery-service": "8000", "pve-exporter": "9221",
        "nvidia-gpu-exporter": "9835", "alloy": "1514"}
    llm = {name: number for name, service in services("llm").items() for _, number, _ in published(service)}
    assert llm == {
        "grafana": "23000", "prometheus": "23001", "loki": "23002", "alertmanager": "23003", "discovery-service": "23004", "llm-exporter": "8081",
        "nvidia-gpu-exporter": "8083"}


# 6: secrets.
@kinds
def test_secrets_are_files(kind: str) -> None:
    merged = project(kind)
    assert all(set(secret) == {"file"} for secret in merged["secrets"].values())
    used = {secret for service in merged["services"].values() for secret in service.get("secrets") or []}
    assert used == set(merged["secrets"])
    environment = merged["services"]["grafana"]["environment"]
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"].startswith("/var/lib/martlet/secret/")
    for name, service in merged["services"].items():
        for key, value in (service.get("environment") or {}).items():
            is_secret = re.search(r"PASSWORD|TOKEN|SECRET|KEY", key) and not key.endswith("_FILE")
            # Of the simulated cluster, which is not there.
            assert not is_secret or (kind == "mock" and value == "monitor@pve!martlet=SIMULATED"), f"{name}: {key}"


def test_nothing_in_the_repository_is_a_secret() -> None:
    assert [name for name, value in example().items() if value and re.search(r"PASSWORD|TOKEN(?!S)|SECRET", name)] == [
        "SECRET_PROXMOX_TOKEN", "SECRET_PROXMOX_CA", "SECRET_PVE_TOKEN_VALUE", "SECRET_WEBHOOK_URL", "SECRET_DEADMAN_URL",
        "SECRET_MAIL_PASSWORD", "SECRET_LLM_TOKEN"]
    assert {value for name, value in example().items() if name.startswith("SECRET_")} == {"/dev/null"}
    modules = yaml.safe_load((REPOSITORY / "pve-exporter/pve.yml").read_text())
    assert not {"password", "token_value"} & set(modules["default"])
    ignored = subprocess.run(["git", "check-ignore", ".env", "secrets/proxmox-token"], cwd=REPOSITORY, capture_output=True, text=True)
    assert ignored.stdout.split() == [".env", "secrets/proxmox-token"]


def test_the_modules_of_the_example_are_taken(tmp_path: Path) -> None:
    """By the exporter, with the files that containers would see; only then does it look for an address to listen on."""
    for name, content in (("pve_token_value", "00000000-0000-0000-0000-000000000000\n"), ("proxmox_ca", "")):
        (tmp_path / name).write_text(content)
    authority = REPOSITORY / "Tests/EndToEnd/recordings"
    assert authority.exists()
    text = (REPOSITORY / "pve-exporter/pve.yml").read_text()
    assert text.count("/run/secrets/") == 2
    (tmp_path / "pve.yml").write_text(text.replace("/run/secrets/pve_token_value", str(tmp_path / "pve_token_value")).replace("  ca_file: /run/secrets/proxmox_ca\n", ""))
    answer = run("exporter", "--pve.config-file", tmp_path / "pve.yml", "--web.listen-address", "192.0.2.1:9221", cwd=tmp_path)
    assert "no network interface of this machine has this address" in answer.stderr


# 7: health.
@kinds
def test_every_container_is_asked_how_it_is(kind: str) -> None:
    for name, service in lasting(kind).items():
        check = service["healthcheck"]
        assert check["test"][0] == "CMD" and check["retries"] == 3 and seconds(check["timeout"]) <= 5, name
        assert seconds(check["interval"]) <= 30 and 10 <= seconds(check["start_period"]) <= 60, name
        if service["image"] == OURS:
            program, command, url = check["test"][1:]
            assert (program, command) == (PROGRAM, "health"), name
            listening = next((word for word in service["command"] if "listen" in word and "address" in word or word.startswith("--listen=")), "")
            assert re.search(r":(\d+)/", url.split("//")[1])[1] == (listening.rsplit(":")[-1] or "18100"), name  # type: ignore[index]
            # It is a command of ours with words that it takes, and nobody listens here.
            answer = run("health", "--timeout", "1s", re.sub(r":\d+/", ":1/", url, count=1))
            assert (answer.returncode, answer.stdout) == (1, "") and "127.0.0.1" in answer.stderr, answer
    for name, service in services(kind).items():
        for other, condition in (service.get("depends_on") or {}).items():
            assert other != "configuration" or condition == {"condition": "service_completed_successfully"}
            assert condition["condition"] != "service_healthy" or "healthcheck" in services(kind)[other], name


def test_the_image_is_asked_where_it_listens() -> None:
    text = (REPOSITORY / "Dockerfile").read_text()
    assert 'CMD ["/usr/local/bin/martlet", "health", "http://127.0.0.1:9221/health"]' in text
    assert 'CMD ["exporter", "--web.listen-address", "0.0.0.0:9221"]' in text and "EXPOSE 9221" in text
    assert "USER 65532:65532" in text and 'ENTRYPOINT ["/usr/local/bin/martlet"]' in text
    assert not re.search(r"amd64|arm64|x86_64|aarch64", re.sub(r"^#.*$", "", text, flags=re.MULTILINE)), "of one architecture"


@kinds
def test_our_commands_are_taken(kind: str) -> None:
    for name, service in services(kind).items():
        if service["image"] == OURS:
            answer = run(*service["command"], "--help")
            assert answer.returncode == 0 and answer.stdout.startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")), f"{name}: {answer.stderr}"


# 8 to 10: Prometheus, Loki, Grafana.
@kinds
def test_prometheus_keeps_thirty_days_and_can_be_reloaded(kind: str) -> None:
    prometheus = services(kind)["prometheus"]
    assert flag(prometheus, "storage.tsdb.retention.time") == "30d" and flag(prometheus, "storage.tsdb.retention.size").endswith("GB")
    assert "--web.enable-lifecycle" in prometheus["command"] and int(flag(prometheus, "query.max-samples")) < 50_000_000
    assert "--web.enable-admin-api" not in prometheus["command"]
    assert flag(project(kind, {"PROMETHEUS_RETENTION": "90d"})["services"]["prometheus"], "storage.tsdb.retention.time") == "90d"
    # Overlays repeat the command, as Compose exchanges it whole.
    own = {"web.external-url"} if kind in MODELS else set()
    for name in ("prometheus", "alertmanager"):
        base = {word for word in services("base")[name]["command"] if word.split("=")[0][2:] not in own}
        assert base <= set(services(kind)[name]["command"]), name


def test_loki_forgets() -> None:
    loki = yaml.safe_load((REPOSITORY / "loki/loki.yml").read_text())
    assert loki["limits_config"]["retention_period"] == "720h"
    assert loki["compactor"]["retention_enabled"] is True and loki["compactor"]["delete_request_store"] == "filesystem"
    assert {(config["store"], config["schema"]) for config in loki["schema_config"]["configs"]} == {("tsdb", "v13")}
    assert loki["analytics"]["reporting_enabled"] is False
    # Without a password nobody may delete, and nobody may fill the disk in a day.
    limits = loki["limits_config"]
    assert limits["deletion_mode"] == "disabled"
    assert limits["ingestion_rate_mb"] <= 0.5 and limits["max_global_streams_per_user"] <= 2000
    # Of all, and of one stream: a push of Alloy's, 1 MB, gets through at once.
    assert limits["ingestion_burst_size_mb"] <= 4 and (limits["per_stream_rate_limit"], limits["per_stream_rate_limit_burst"]) == ("128KB", "2MB")
    # Without a password, so on an internal network only; with the LLM overlay also on loopback.
    assert set(services("base")["loki"]["networks"]) == {"backend"} and not services("base")["loki"].get("ports")
    assert set(services("llm")["loki"]["networks"]) == {"backend", "edge"}


def test_alloy_is_whole() -> None:
    """Each file, and what one refers to in the other, as both are read together where containers are."""
    files = {path.name: path.read_text() for path in (REPOSITORY / "alloy").glob("*.alloy")}
    assert set(files) == {"config.alloy", "containers.alloy"}
    texts = {name: re.sub(r"//.*$", "", re.sub(r'"(\\.|[^"\\])*"', '""', text), flags=re.MULTILINE) for name, text in files.items()}
    components = {
        name: {f"{kind}.{label}" for kind, label in re.findall(r'^([a-z.]+) "(\w+)" \{', text, re.MULTILINE)} for name, text in files.items()}
    for name, text in texts.items():
        assert text.count("{") == text.count("}") and text.count("[") == text.count("]") and text.count('"') % 2 == 0
        there = components["config.alloy"] | components[name]
        references = re.findall(r"= \[?((?:loki|discovery)(?:\.\w+)+)\.(?:receiver|rules|output|targets)", text)
        assert references and [reference for reference in references if reference not in there] == [], name
        assert "promtail" not in text
    assert not components["config.alloy"] & components["containers.alloy"]


def test_lines_and_metrics_of_a_machine_have_the_same_names() -> None:
    """Cluster and node come from the same variables, and nothing else gives a line these labels."""
    for kind in MODELS:
        named = project(kind, {"LOGS_CLUSTER": "lab", "LOGS_NODE": "gpu1"})["services"]
        assert named["alloy"]["environment"] == {"LOGS_CLUSTER": "lab", "LOGS_NODE": "gpu1"}
        assert (flag(named["configuration"], "llm-exporter.cluster"), flag(named["configuration"], "llm-exporter.node")) == ("lab", "gpu1")
    for kind in OVERLAYS:
        assert services(kind)["alloy"]["environment"] == {"LOGS_CLUSTER": "", "LOGS_NODE": ""}
    journal = (REPOSITORY / "alloy/config.alloy").read_text()
    assert re.search(r'replacement\s+= sys.env\("LOGS_CLUSTER"\)', journal)
    # An empty one is none.
    assert re.search(r'source_labels = \["__journal__hostname"\]\s+target_label  = "node"\s+replacement   = coalesce\(sys.env\("LOGS_NODE"\), "\$1"\)', journal)
    containers = (REPOSITORY / "alloy/containers.alloy").read_text()
    assert 'node = coalesce(sys.env("LOGS_NODE"), constants.hostname)' in containers
    assert set(re.findall(r'target_label\s+= "(\w+)"', containers)) == {"container", "stream"}
    # What is mounted with the socket is what reads it, beside the other file.
    alloy = services("engine")["alloy"]
    mounted = {volume.split(":")[1]: volume.split(":")[0] for volume in alloy["volumes"]}
    assert mounted["/etc/alloy/containers.alloy"] == "./alloy/containers.alloy" and mounted["/etc/alloy/config.alloy"] == "./alloy/config.alloy"
    assert alloy["command"][-1] == "/etc/alloy" and mounted[SOCKET] == SOCKET and alloy["group_add"] == ["999", "998"]
    assert set(alloy["command"][:-1]) == set(services("base")["alloy"]["command"][:-1])


def test_settings_of_the_exporter_beside_models_are_taken(tmp_path: Path) -> None:
    """As they are shipped, and with the servers that stand there as examples."""
    words = services("llm")["llm-exporter"]["command"]
    text = (REPOSITORY / "llm-exporter/martlet.yml").read_text()
    token = tmp_path / "llm_token"
    token.write_text("secret\n")
    example = re.sub(r"^  # (.*)$", r"  \1", text.replace("  servers: []", "  servers:"), flags=re.MULTILINE).replace("/run/secrets/llm_token", str(token))
    assert len(yaml.safe_load(example)["llm"]["servers"]) == 2 and yaml.safe_load(text) == {"llm": {"servers": []}}
    for settings in (text, example):
        (tmp_path / "martlet.yml").write_text(settings)
        answer = run(*[word.replace("/etc/martlet", str(tmp_path)).replace("0.0.0.0", "192.0.2.1") for word in words], cwd=tmp_path)
        assert "no network interface of this machine has this address" in answer.stderr, answer.stderr


def test_no_label_of_a_log_is_what_its_sender_says() -> None:
    text = (REPOSITORY / "alloy/config.alloy").read_text()
    rules = {
        name: dict(re.findall(r'source_labels = \["(\w+)"\]\s+target_label  = "(\w+)"', body))
        for name, body in re.findall(r'^loki\.relabel "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)}
    assert rules["syslog"] == {"__syslog_connection_ip_address": "node", "__syslog_message_severity": "level"}
    # With one underscore in front: journald writes those itself, and takes none of a client.
    assert rules["journal"] == {"__journal__hostname": "node", "__journal__systemd_unit": "unit", "__journal_priority_keyword": "level"}
    assert set(re.findall(r"source_labels = (.*)", text)) == {f'["{source}"]' for kind in rules.values() for source in kind}
    # So what it calls itself is in the line.
    assert re.search(r"use_rfc5424_message\s+= true", text)


UNITS = {
    "pveproxy.service": "pveproxy.service", "pve-ha-lrm.service": "pve-ha-lrm.service", "ssh.socket": "ssh.socket", "apt-daily.timer": "apt-daily.timer",
    "init.scope": "init.scope", "system-runner.service": "system-runner.service", "deadbeef.service": "deadbeef.service", "facade-cafe.service": "facade-cafe.service",
    "user@1000.service": "user@.service", "user-runtime-dir@0.service": "user-runtime-dir@.service", "pve-container@101.service": "pve-container@.service",
    "systemd-coredump@3-4711-0.service": "systemd-coredump@.service", "sshd@7-192.0.2.1:22-192.0.2.9:50514.service": "sshd@.service",
    "session-123.scope": "scope", "session-c4.scope": "scope", "101.scope": "scope", "docker-0f1e2d3c4b5a.scope": "scope",
    "run-r4f2e9c.scope": "scope", "run-u17.service": "transient", "run-p88-i99.service": "transient", "dbus-:1.3-org.freedesktop.problems@0.service": "transient",
    f"{'0123456789abcdef' * 4}.service": "transient", f"{'0123456789abcdef' * 4}-7f.service": "transient",
    "user-1000.slice": "slice", "mnt-pve-nas.mount": "mount", "var-lib-docker-overlay2-0f1e-merged.mount": "mount",
}


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_that_is_new_each_time_makes_no_stream_of_its_own(unit: str) -> None:
    """The rules, carried out as Alloy does: one after the other, each of the whole value, and what does not fit changes nothing."""
    [body] = re.findall(r'^loki\.relabel "journal" \{\n(.*?)^\}', (REPOSITORY / "alloy/config.alloy").read_text(), re.MULTILINE | re.DOTALL)
    label = None
    for rule in re.findall(r"rule \{\n(.*?)\n  \}", body, re.DOTALL):
        settings = {name: json.loads(value) if value[0] in '"[' else value for name, value in re.findall(r"(\w+)\s+= (.*)", rule)}
        if settings["source_labels"] != ["__journal__systemd_unit"]:
            continue
        assert settings["target_label"] == "unit" and "action" not in settings
        if found := re.fullmatch(settings.get("regex", "(.*)"), unit):
            label = found.expand(re.sub(r"\$(\d)", r"\\\1", settings.get("replacement", "$1")))
    assert label == UNITS[unit]


@kinds
def test_grafana_is_closed_and_silent(kind: str) -> None:
    environment = services(kind)["grafana"]["environment"]
    wanted = {
        "GF_AUTH_ANONYMOUS_ENABLED": "false", "GF_USERS_ALLOW_SIGN_UP": "false", "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false", "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false", "GF_PLUGINS_PREINSTALL_DISABLED": "true"}
    assert wanted.items() <= environment.items()
    port = {number for _, number, _ in published(services(kind)["grafana"])}.pop()
    assert environment["GF_SERVER_ROOT_URL"] == f"http://127.0.0.1:{port}"
    assert f"--grafana.url=http://127.0.0.1:{port}" in services(kind)["configuration"]["command"]


# 11: what is mounted.
@kinds
def test_volumes_are_named_or_there(kind: str) -> None:
    merged = project(kind)
    used: set[str] = set()
    for name, service in merged["services"].items():
        for volume in service.get("volumes") or []:
            source, target, *mode = volume.split(":")
            if source.startswith("./"):
                place = REPOSITORY / source if source != "./.build/release/martlet" else MARTLET
                assert place.exists(), f"{name}: {source} is not in the repository"
                assert mode == ["ro"], f"{name}: {volume}"
            elif source.startswith("/"):
                assert source in OF_THE_MACHINE | ({SOCKET} if kind in ENGINES and name == "alloy" else set()) and mode == ["ro"], f"{name}: {volume}"
            else:
                used.add(source)
                assert mode in ([], ["ro"])
    assert used == set(merged["volumes"])
    # One who writes for each.
    for volume in used - {"world"}:
        writers = [name for name, service in merged["services"].items() if any(re.fullmatch(f"{volume}:[^:]+", entry) for entry in service.get("volumes") or [])]
        assert len(writers) == 1, f"{volume}: {writers}"


# 12: the one-shot that writes the configuration, and who reads it.
@kinds
def test_what_is_written_is_what_is_read(kind: str, tmp_path: Path) -> None:
    merged = project(kind)["services"]
    words = [
        word.replace("/var/lib/martlet", str(tmp_path)).replace("=/run/secrets/deadman_url", "=/dev/null") for word in merged["configuration"]["command"]]
    (tmp_path / "secret").mkdir()
    for _ in range(2):
        answer = run(*words, cwd=tmp_path)
        assert answer.returncode == 0, answer.stderr
    password = tmp_path / "secret/grafana-admin-password"
    before = password.read_text()
    assert re.fullmatch(r"[0-9a-f]{32}\n", before) and password.stat().st_mode & 0o777 == 0o444
    run(*words, cwd=tmp_path)
    assert password.read_text() == before

    written = tmp_path / "files"
    for name in ("prometheus", "alertmanager"):
        file = flag(merged[name], "config.file").replace("/var/lib/martlet", str(tmp_path))
        assert Path(file).exists() and Path(file).stat().st_mode & 0o777 == 0o644
        folders = [path for path in Path(file).parents if path.is_relative_to(written)]
        # The simulated webhook's URL is taken for a secret, as any other; who reads it is in the group of who writes it.
        if kind == "mock" and name == "alertmanager":
            assert folders.pop(0).stat().st_mode & 0o777 == 0o750
        assert all(path.stat().st_mode & 0o005 == 0o005 for path in folders)
    # Who gets into the folders that may be closed.
    groups = {name: service["group_add"] for name, service in merged.items() if name != "alloy" and "group_add" in service}
    assert groups == dict.fromkeys(("alertmanager", "grafana"), [merged["configuration"]["user"].split(":")[1]])
    assert "chmod 750 /var/lib/martlet/secret" in (REPOSITORY / "Dockerfile").read_text()
    # Boards: where Grafana looks, what it shows first, and whom it asks.
    grafana = {key: value.replace("/var/lib/martlet", str(tmp_path)) for key, value in merged["grafana"]["environment"].items()}
    assert Path(grafana["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]).exists()
    provisioning = Path(grafana["GF_PATHS_PROVISIONING"])
    (provider,) = yaml.safe_load((provisioning / "dashboards/martlet.yml").read_text())["providers"]
    boards = Path(provider["options"]["path"])
    assert {board.name for board in boards.glob("*.json")} == {board.name for board in (REPOSITORY / "grafana/provisioning/dashboards/json").glob("*.json")}
    assert yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"][0]["url"] == "http://prometheus:9090"

    # Every address is that of a container, with the port on which it listens.
    texts = "".join(path.read_text() for path in written.rglob("*") if path.is_file() and path.suffix in (".yml", ".yaml"))
    addresses = set(re.findall(r"^\s*(?:- |- url: |url: )['\"]?(?:https?://)?([a-z][\w.-]*:\d+)", texts, re.MULTILINE))
    assert {"prometheus:9090", "alertmanager:9093", "pve-exporter:9221", "discovery-service:8000"} <= addresses
    assert {address.split(":")[0] for address in addresses} <= set(merged)
    code = re.sub(r"^\s*#.*$", "", texts, flags=re.MULTILINE)
    port = {number for _, number, _ in published(merged["grafana"])}.pop()
    left = set(re.findall(r"127\.0\.0\.\d+:\d+", code)) - {f"127.0.0.1:{port}"}
    assert left == set(), left
    webhook = "url: http://simulated-webhook:9099/alerts" if kind == "mock" else "url_file: /run/secrets/webhook_url"
    assert f"- {webhook}\n" in (written / "alertmanager/alertmanager.yml").read_text()
    subprocess.run(["promtool", "check", "config", str(written / "prometheus/prometheus.yml")], check=True, capture_output=True, timeout=60)
    # Mounted over, where nothing could be made any more.
    mounted = [volume.split(":")[1] for volume in merged["prometheus"]["volumes"] if "/targets/" in volume]
    assert len(mounted) == 6 and all((tmp_path / target.removeprefix("/var/lib/martlet/")).is_dir() for target in mounted)
    jobs = {job["job_name"]: job for job in yaml.safe_load((written / "prometheus/prometheus.yml").read_text())["scrape_configs"]}
    read = {f"/var/lib/martlet/files/prometheus/{Path(pattern).parent}"
            for job in ("node", "martlet-hosts", "gpu-hosts", "martlet-logs", "virtrigaud-manager", "virtrigaud-provider")
            for config in jobs[job]["file_sd_configs"] for pattern in config["files"]}
    assert read == set(mounted)

    # Who is scraped is a container, at the port on which it listens; and who has metrics is scraped, but for those whose file a person adds.
    targets = {target for job in jobs.values() for config in job.get("static_configs", []) for target in config["targets"]}
    for file in (written / "prometheus/targets").rglob("*.yml"):
        targets |= {target for entry in yaml.safe_load(file.read_text()) for target in entry["targets"]}
    asked = {re.match(r"http://([^/]+)/", config["url"])[1] for job in jobs.values() for config in job.get("http_sd_configs", [])}  # type: ignore[index]
    listening = {f"{name}:{inside}" for name, service in services("base").items() for _, _, inside in published(service)} | {"llm-exporter:8081"}
    assert targets | asked <= listening and {target.split(":")[0] for target in targets | asked} <= set(merged)
    assert {target.split(":")[0] for target in targets} == set(merged) - set(NOT_SCRAPED)
    assert asked == {"discovery-service:8000"}
    if kind in MODELS:
        [entry] = yaml.safe_load((written / "prometheus/targets/martlet/llm-exporter.yml").read_text())
        assert entry == {"targets": ["llm-exporter:8081"], "labels": {"cluster": "llm", "node": "llm"}}
        assert jobs["martlet"]["honor_labels"] is True and "targets/martlet/*.yml" in jobs["martlet"]["file_sd_configs"][0]["files"]


# Who has no target among what is shipped, and why.
NOT_SCRAPED = {
    "configuration": "it has ended", "grafana": "no rule and no board reads what it tells of itself", "loki": "the same", "alloy": "the same; it listens on its own loopback",
    "nvidia-gpu-exporter": "a file in gpu-hosts says which machine that is", "simulated-proxmox": "it is asked by the exporter",
    "simulated-hosts": "discovery tells of them", "simulated-webhook": "it has no metrics"}


@pytest.mark.parametrize(
    ("cluster", "node", "labels"),
    [("", "", {"cluster": "llm", "node": "llm"}), ("", "gpu1", {"cluster": "gpu1", "node": "gpu1"}), ("lab: 'x'", "gpu1", {"cluster": "lab: 'x'", "node": "gpu1"})])
def test_the_machine_of_the_exporter_beside_models_is_named(cluster: str, node: str, labels: dict[str, str], tmp_path: Path) -> None:
    words = ["--llm-exporter.address", "llm-exporter:8081", f"--llm-exporter.cluster={cluster}", f"--llm-exporter.node={node}"]
    assert run("files", "export", tmp_path, *words).returncode == 0
    file = tmp_path / "prometheus/targets/martlet/llm-exporter.yml"
    assert yaml.safe_load(file.read_text()) == [{"targets": ["llm-exporter:8081"], "labels": labels}]
    # It goes when it is named no more.
    assert run("files", "export", tmp_path).returncode == 0 and not file.exists()


def test_the_image_is_built_with_all_that_is_embedded() -> None:
    """What .dockerignore leaves out is not there when the program is built in a container."""
    plugin = (REPOSITORY / "Plugins/EmbedFiles/EmbedFiles.swift").read_text()
    embedded = {path for path in re.findall(r'"([a-z/.]+)"', plugin) if (REPOSITORY / path).exists() and not path.startswith(".")}
    assert {"prometheus/rules", "viewer/index.html", "docs/runbook.md"} <= embedded
    patterns = [line for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    for path in embedded:
        ignored = False
        for pattern in patterns:
            whole = [path, *map(str, Path(path).parents)]
            if any(fnmatch.fnmatchcase(part, pattern.removeprefix("!")) for part in whole):
                ignored = not pattern.startswith("!")
        assert not ignored, f"{path} is embedded, and .dockerignore leaves it out"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--prometheus.address", "prometheus"], "--prometheus.address: expected HOST:PORT"),
        (["--exporter.address", "user:secret@exporter:9221"], "--exporter.address: expected HOST:PORT"),
        (["--alertmanager.address", "a'b:1"], "--alertmanager.address: expected HOST:PORT"),
        (["--grafana.url", "grafana:3000"], "--grafana.url: expected a URL"),
        (["--webhook.url", "https://hooks.example.org/secret #"], "--webhook.url: expected a URL"),
        (["--webhook.url-file", "webhook-url"], "--webhook.url-file: expected an absolute path"),
    ])
def test_what_cannot_be_written_is_refused_without_a_secret(words: list[str], reason: str, tmp_path: Path) -> None:
    answer = run("files", "export", tmp_path / "files", *words)
    assert answer.returncode == 2 and reason in answer.stderr and "secret" not in answer.stderr
    assert not (tmp_path / "files").exists()


def test_what_people_put_there_stays_and_what_is_no_more_shipped_goes(tmp_path: Path) -> None:
    run("files", "export", tmp_path)
    (tmp_path / "prometheus/rules/mine.yml").write_text("groups: []\n")
    gone = tmp_path / "prometheus/rules/old.yml"
    gone.write_text("groups: []\n")
    listing = tmp_path / "written"
    listing.write_text(listing.read_text() + "prometheus/rules/old.yml\n")
    assert run("files", "export", tmp_path).returncode == 0
    assert (tmp_path / "prometheus/rules/mine.yml").exists() and not gone.exists()
    shipped = {path.name: path.read_text() for path in (REPOSITORY / "prometheus/rules").glob("*.yml")}
    assert shipped == {path.name: path.read_text() for path in (tmp_path / "prometheus/rules").glob("*.yml") if path.name != "mine.yml"}
    assert (tmp_path / "prometheus/prometheus.yml").read_text() == (REPOSITORY / "prometheus/prometheus.yml").read_text()


def test_what_is_set_of_alertmanager_holds_in_containers_too(tmp_path: Path) -> None:
    for name, content in (("deadman", "https://deadman.example.org/secret\n"), ("password", "secret\n")):
        (tmp_path / name).write_text(content)
    settings = {
        "MARTLET_STACK__ALERTMANAGER__MAIL__TO": "admin@example.org", "MARTLET_STACK__ALERTMANAGER__MAIL__SMARTHOST": "mail.example.org:587",
        "MARTLET_STACK__ALERTMANAGER__MAIL__USERNAME": "martlet", "MARTLET_STACK__ALERTMANAGER__MAIL__PASSWORD_FILE": str(tmp_path / "password"),
        "MARTLET_STACK__ALERTMANAGER__BACKUP_WINDOW": "off", "MARTLET_STACK__PROMETHEUS__SCRAPE_INTERVAL": "30s"}
    answer = run(
        "files", "export", tmp_path / "files", "--webhook.url-file", "/run/secrets/webhook_url", "--deadman.url-file", tmp_path / "deadman", env=settings,
        cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    text = (tmp_path / "files/alertmanager/alertmanager.yml").read_text()
    manager = yaml.safe_load(text)
    assert manager["global"]["smtp_auth_password_file"] == str(tmp_path / "password") and "secret\n" not in text and "deadman.example.org" not in text
    hooks = {receiver["name"]: receiver["webhook_configs"][0] for receiver in manager["receivers"] if "webhook_configs" in receiver}
    assert hooks["deadman"]["url_file"] == str(tmp_path / "deadman") and hooks["webhook"]["url_file"] == "/run/secrets/webhook_url"
    assert all("url" not in hook for hook in hooks.values()) and "backup-window" not in text
    prometheus = yaml.safe_load((tmp_path / "files/prometheus/prometheus.yml").read_text())
    assert prometheus["global"]["scrape_interval"] == "30s"
    refused = run("files", "export", tmp_path / "other", env={"MARTLET_STACK__ALERTMANAGER__MAIL__TO": "nobody"}, cwd=tmp_path)
    assert refused.returncode == 1 and "stack.alertmanager.mail.to" in refused.stderr and not (tmp_path / "other").exists()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that every user of the machine gets into, which folders of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="martlet-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def of_another_user(path: Path, *groups: int) -> bool:
    """Whether somebody reads it who does not own it."""
    words = ["setpriv", "--reuid", "65534", "--regid", "65534", *(["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"])]
    return subprocess.run([*words, "cat", str(path)], capture_output=True, timeout=20).returncode == 0


def test_the_folder_of_a_url_that_may_be_a_secret_is_closed(open_folder: Path) -> None:
    files = open_folder / "files"
    manager = files / "alertmanager/alertmanager.yml"
    # Nothing of a person stands in it.
    assert run("files", "export", files, cwd=open_folder).returncode == 0
    assert (mode(manager.parent), mode(manager)) == (0o755, 0o644)
    # The same folder, now with a URL; with a strict mask too it stays readable for who gets in.
    words = ("files", "export", files, "--webhook.url", "https://hooks.example.org/secret")
    answer = subprocess.run(["sh", "-c", 'umask 077; exec "$@"', "sh", str(MARTLET), *map(str, words)], capture_output=True, text=True, cwd=open_folder, timeout=60)
    assert answer.returncode == 0 and f"{manager.parent} may hold a secret" in answer.stdout and "hooks.example.org" not in answer.stdout
    assert "url: https://hooks.example.org/secret" in manager.read_text()
    assert (mode(manager.parent), mode(manager), mode(files), mode(files / "prometheus")) == (0o750, 0o644, 0o755, 0o755)
    # What a person narrowed stays so.
    manager.parent.chmod(0o700)
    assert run(*words, cwd=open_folder).returncode == 0 and mode(manager.parent) == 0o700
    # In a file it is no part of what is written.
    other = open_folder / "other"
    answer = run("files", "export", other, "--webhook.url-file", "/run/secrets/webhook_url", cwd=open_folder)
    assert answer.returncode == 0 and "secret:" not in answer.stdout and mode(other / "alertmanager") == 0o755
    if os.geteuid() == 0:
        manager.parent.chmod(0o750)
        assert not of_another_user(manager) and of_another_user(manager, manager.parent.stat().st_gid)
        os.chown(manager.parent, -1, 65534)
        assert run(*words, cwd=open_folder).returncode == 0
        assert of_another_user(manager) and manager.parent.stat().st_gid == 65534, "the group that a person gave it"


def test_a_password_is_written_where_others_do_not_get_in(open_folder: Path) -> None:
    refused = run("files", "export", open_folder / "files", "--grafana.password-file", open_folder / "password", cwd=open_folder)
    assert refused.returncode == 1 and f"every user could read a password in {open_folder}" in refused.stderr
    assert not (open_folder / "password").exists()
    password = open_folder / "secrets/password"
    assert run("files", "export", open_folder / "files", "--grafana.password-file", password, cwd=open_folder).returncode == 0
    assert (mode(password), mode(password.parent)) == (0o444, 0o750)
    if os.geteuid() == 0:
        assert not of_another_user(password)
        # What Docker does with a file that is a secret or a volume: the container sees it, and not the folder in which it lies.
        bound = open_folder / "bound"
        bound.touch()
        words = 'mount --bind "$1" "$2" && exec setpriv --reuid 472 --regid 0 --clear-groups cat "$2"'
        seen = subprocess.run(["unshare", "--mount", "sh", "-c", words, "sh", str(password), str(bound)], capture_output=True, text=True, timeout=20)
        assert seen.stdout == password.read_text(), seen.stderr
    # A folder that was closed by somebody, somewhere on the way, is enough.
    hidden = open_folder / "hidden/deeper"
    hidden.mkdir(parents=True)
    hidden.parent.chmod(0o700)
    assert run("files", "export", open_folder / "files", "--grafana.password-file", hidden / "password", cwd=open_folder).returncode == 0


def test_rules_and_configuration_of_a_person_are_copied(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    text = "groups:\n  - name: mine\n    rules:\n      - {alert: Mine, expr: 'vector(1)', annotations: {link: 'http://127.0.0.1:3000/d/mine'}}\n"
    (rules / "mine.yml").write_text(text)
    (rules / "notes.txt").write_text("no rules\n")
    manager = tmp_path / "mine.yml"
    manager.write_text("route: {receiver: mine}\nreceivers: [{name: mine, webhook_configs: [{url: 'http://127.0.0.1:9099/alerts'}]}]\n")
    files = tmp_path / "files"
    assert run("files", "export", files, cwd=tmp_path).returncode == 0
    of_rules = {"MARTLET_STACK__PROMETHEUS__RULES_DIR": "rules"}
    answer = run("files", "export", files, "--grafana.url", "https://grafana.example.org", env=of_rules, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    # As they stand, in place of all that were there, and found from where prometheus.yml is.
    assert {path.name: path.read_text() for path in (files / "prometheus/rules").iterdir()} == {"mine.yml": text}
    assert yaml.safe_load((files / "prometheus/prometheus.yml").read_text())["rule_files"] == ["rules/*.yml"]
    subprocess.run(["promtool", "check", "config", str(files / "prometheus/prometheus.yml")], check=True, capture_output=True, timeout=60)
    answer = run("files", "export", files, env={"MARTLET_STACK__ALERTMANAGER__CONFIG_FILE": str(manager)}, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert (files / "alertmanager/alertmanager.yml").read_text() == manager.read_text() and mode(files / "alertmanager") == 0o750
    assert (files / "alertmanager/templates/mail.tmpl").exists() and len(list((files / "prometheus/rules").iterdir())) > 3
    for settings, reason in (
            ({"MARTLET_STACK__PROMETHEUS__RULES_DIR": str(files)}, "there is no *.yml that can be read"),
            ({"MARTLET_STACK__PROMETHEUS__RULES_DIR": str(tmp_path / "nowhere")}, "there is no *.yml that can be read"),
            ({"MARTLET_STACK__ALERTMANAGER__CONFIG_FILE": str(tmp_path / "nowhere.yml")}, "cannot read"),
            ({"MARTLET_STACK__ALERTMANAGER__CONFIG_FILE": str(manager), "MARTLET_STACK__ALERTMANAGER__BACKUP_WINDOW": "off"}, "with config_file they belong there")):
        refused = run("files", "export", tmp_path / "other", env=settings, cwd=tmp_path)
        assert refused.returncode == 1 and reason in refused.stderr and not (tmp_path / "other").exists(), refused.stderr


def test_where_alerts_go_is_what_is_set_unless_a_flag_says_otherwise(tmp_path: Path) -> None:
    def webhook(settings: dict[str, str], *flags: str | Path) -> dict[str, str]:
        names = {f"MARTLET_STACK__{name}": value for name, value in settings.items()}
        answer = run("files", "export", tmp_path / "files", *flags, env=names, cwd=tmp_path)
        assert answer.returncode == 0, answer.stderr
        text = (tmp_path / "files/alertmanager/alertmanager.yml").read_text()
        receivers = {receiver["name"]: receiver for receiver in yaml.safe_load(text)["receivers"]}
        return {name: {key: value for key, value in receivers[name].get("webhook_configs", [{}])[0].items() if key.startswith("url")} for name in ("webhook", "deadman")}

    url, file = {"url": "https://hooks.example.org/a"}, {"url_file": "/etc/alertmanager/webhook-url"}
    assert webhook({"ALERTMANAGER__WEBHOOK_URL": url["url"]}) == {"webhook": url, "deadman": {}}
    assert mode(tmp_path / "files/alertmanager") == 0o750
    assert webhook({"ALERTMANAGER__WEBHOOK_URL_FILE": file["url_file"]})["webhook"] == file
    assert webhook({"ALERTMANAGER__WEBHOOK_URL_FILE": file["url_file"]}, "--webhook.url", url["url"])["webhook"] == url
    assert webhook({"ALERTMANAGER__WEBHOOK_URL": url["url"]}, "--webhook.url-file", file["url_file"])["webhook"] == file
    assert webhook({"ALERTMANAGER__DEADMAN_URL": url["url"]})["deadman"] == url
    assert webhook({"ALERTMANAGER__DEADMAN_URL_FILE": file["url_file"]})["deadman"] == file
    # An empty file is none, whatever the settings say.
    assert webhook({"ALERTMANAGER__DEADMAN_URL": url["url"]}, "--deadman.url-file", "/dev/null")["deadman"] == {}
    links = {"DASHBOARDS_URL": "https://grafana.example.org/"}
    webhook(links)
    written = "".join(path.read_text() for path in (tmp_path / "files/prometheus/rules").glob("*.yml"))
    assert "https://grafana.example.org/d/" in written and "127.0.0.1:3000" not in written
    for settings, reason in (
            ({"ALERTMANAGER__WEBHOOK_URL": "hooks.example.org/secret"}, "webhook_url: expected a URL"),
            ({"ALERTMANAGER__WEBHOOK_URL_FILE": "webhook"}, "webhook_url_file: expected an absolute path"),
            ({"ALERTMANAGER__WEBHOOK_URL_FILE": "/a", "ALERTMANAGER__WEBHOOK_URL": url["url"]}, "webhook_url and webhook_url_file exclude each other"),
            ({"DASHBOARDS_URL": "grafana"}, "dashboards_url: expected a URL")):
        refused = run("files", "export", tmp_path / "other", env={f"MARTLET_STACK__{name}": value for name, value in settings.items()}, cwd=tmp_path)
        assert refused.returncode == 1 and reason in refused.stderr and "secret" not in refused.stderr, refused.stderr


# 13: variables.
def test_variables_are_in_the_example_and_those_of_the_example_are_used() -> None:
    used: dict[str, set[str]] = {}
    for name in FILES:
        for variable, standards in used_variables(name).items():
            used.setdefault(variable, set()).update(standards)
    assert used.pop("ENV_FILE") == {".env.example"}
    assert all(len(standards) == 1 for standards in used.values()), used
    # Read by the program and not by Compose.
    table = set(re.findall(r"^\| `([A-Z]\w+)` \|", (REPOSITORY / "docs/settings.md").read_text(), re.MULTILINE))
    of_compose = {name: value for name, value in example().items() if not name.startswith("MARTLET_") and name not in table and name != "ENV_FILE"}
    assert of_compose == {name: standards.pop() for name, standards in used.items()}
    assert example()["ENV_FILE"] == ".env" and table <= set(example())
    # Such a one would be taken for a setting by the containers that read .env.
    assert not [name for name in used if name.startswith("MARTLET_")]


def test_settings_of_the_example_are_settings(tmp_path: Path) -> None:
    """All at once, with the values that they have there: the program takes each, and misses only who it is."""
    given = {name: value for name, value in example().items() if name.startswith("MARTLET_") and name != "MARTLET_CONFIG_FILE"}
    assert len(given) > 80
    given["MARTLET_PROXMOX__CLUSTERS__0__ENDPOINT"] = "pve1.example.org"
    for _ in range(5):
        answer = run("exporter", env=given, cwd=tmp_path)
        # One without a value that could be written, which it says it has not.
        if not (found := re.match(r'martlet: environment variable (\w+): .*expected .*, not ""\n', answer.stderr)) or given.pop(found[1]):
            break
    assert "needs a token" in answer.stderr, answer.stderr
    assert "unknown key" in run("exporter", env=given | {"MARTLET_LOG__LEVLE": "info"}, cwd=tmp_path).stderr


# What others think of it.
@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is missing; scripts/bootstrap e2e installs it")
@kinds
def test_docker_compose_reads_it(kind: str, tmp_path: Path) -> None:
    """Debian's, which is older than what we ask for, so without what it does not know."""
    words: list[str] = []
    for name in [BASE, *OVERLAYS[kind]]:
        words += ["--file", str(plain(name, tmp_path))]
    shutil.copy(REPOSITORY / ".env.example", tmp_path)
    done = subprocess.run(
        ["docker-compose", *words, "--project-directory", str(tmp_path), "config"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    theirs, ours = yaml.safe_load(done.stdout)["services"], services(kind)
    inactive = {name for name, service in ours.items() if service.get("profiles")}
    assert set(ours) - inactive <= set(theirs)
    for name, service in theirs.items():
        mine = ours[name]
        assert [word.replace("$$", "$") for word in service.get("command", [])] == mine.get("command", []) and service["image"] == mine["image"] and service["user"] == mine["user"], name
        assert [word.replace("$$", "$") for word in service["healthcheck"].get("test", [])] == mine["healthcheck"].get("test", ["NONE"]), name
        assert {volume.split(":")[1] for volume in service.get("volumes", [])} == {volume.split(":")[1] for volume in mine.get("volumes") or []}, name
