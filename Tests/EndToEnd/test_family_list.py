"""No family of bigtcze/pve-exporter is missing: each is carried by a native family, or there is a reason why not."""

from __future__ import annotations

import pytest
from conftest import run
from peer_families import FAMILIES, Carried, NotEmitted
from test_migration_page import FROM_BIGTCZE, NATIVE_PAGE, family, rows

# (family: type, source), as docs/metrics.md has them
PAGE = {row[0].strip("`"): (row[1], row[5].strip("`")) for row in rows(NATIVE_PAGE)}

# The only ones that the design leaves out: what node_exporter, or martlet on the host, tells of a host, and names that mean something else on /pve.
LEFT_OUT = {
    "pve_storage_shared",
    *(f"pve_disk_{name}_total" for name in ("read_bytes", "write_bytes", "reads_completed", "writes_completed", "io_time_seconds")),
    *(f"pve_sensor_{name}" for name in ("temperature_celsius", "fan_rpm", "voltage_volts", "power_watts")),
    *(f"pve_zfs_arc_{name}_bytes" for name in ("min_size", "max_size", "target_size", "l2_size", "l2_header_size")),
    *(f"pve_zfs_arc_{name}" for name in ("hit_ratio_percent", "hits_total", "misses_total", "l2_hits_total", "l2_misses_total")),
}


def test_none_is_missing_and_none_comes_twice() -> None:
    theirs = [row.theirs for row in FAMILIES]
    assert len(theirs) == len(set(theirs)) == 136
    assert set(theirs) == {family(row) for row in FROM_BIGTCZE}, "the migration page has the same"


def test_what_is_left_out_has_a_reason_and_is_not_there() -> None:
    left_out = {row.theirs: row.reason for row in FAMILIES if isinstance(row, NotEmitted)}
    assert left_out.keys() == LEFT_OUT
    assert all(left_out.values())
    assert left_out.keys() & PAGE.keys() == set()


@pytest.mark.parametrize("row", [row for row in FAMILIES if isinstance(row, Carried)], ids=lambda row: row.theirs)
def test_a_native_family_carries_it(row: Carried) -> None:
    assert row.ours in PAGE, f"{row.ours} is not in docs/metrics.md"
    kind, source = PAGE[row.ours]
    assert row.source in source, f"{row.ours} comes from {source}"
    if row.ours == row.theirs:
        assert kind == ("counter" if row.ours.endswith("_total") and not is_a_number_of_things(row.ours) else "gauge")


def is_a_number_of_things(name: str) -> bool:
    """Whether the name ends like a counter's and is none."""
    return name in ("pve_node_cpus_total", "pve_cluster_nodes_total", "pve_ha_resources_total")


def test_renamed_families_are_few() -> None:
    renamed = {row.theirs: row.ours for row in FAMILIES if isinstance(row, Carried) and row.theirs != row.ours}
    assert renamed == {
        "pve_replication_duration_seconds": "pve_replication_last_duration_seconds",
        "pve_exporter_up": "martlet_scrape_part_success",
        "pve_exporter_build_info": "martlet_build_info",
        "pve_exporter_scrape_duration_seconds": "martlet_scrape_collector_duration_seconds",
    }


def test_the_program_lists_what_the_page_has() -> None:
    listed = {line.split()[0] for line in run("metrics", "--format", "table").stdout.splitlines() if line.startswith(("pve_", "martlet_"))}
    carried = {row.ours for row in FAMILIES if isinstance(row, Carried)}
    assert carried - listed == set()
