"""What is shown while something is wrong with a cluster: all that is still true, nothing that is not, and why the rest is missing.

Each scenario of the simulated API, on both releases: what the exporter shows is held against the oracle, fed with what the API says at that
moment, and against what it showed before. Then the scenario ends, and all must be as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Program, Start, programs, wait_for
from estate import Estate, Watch, by_node, families_about, not_about, problems, problems_at_once, shown, slow_part
from oracle import difference
from slow_lane import Seen

# What the cluster, and not the node, says of a node and of guests that are on it.
WORD_OF_THE_CLUSTER = {
    "pve_node_up", "pve_guest_info", "pve_ha_service_state", "pve_ha_service_info", "pve_ha_lrm_last_seen_timestamp_seconds",
    "pve_ha_manager_last_seen_timestamp_seconds", "pve_pci_mapping_info",
}  # fmt: skip
OTHERS = {"pve1", "pve2", "pve3"}
ALL = OTHERS | {"pve4"}

# Just now, and longer ago than the cluster remembers what a node said last.
SPANS = [20, 400]


@pytest.fixture(scope="module")
def watches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Watch]]:
    for start in programs(folder := tmp_path_factory.mktemp("estates")):
        found = {release: Watch(start, Estate(start, folder / release, "--release", release)) for release in ("9.2", "8.4")}
        for watch in found.values():
            watch.settle()
        yield found


@pytest.fixture(params=["9.2", "8.4"])
def watch(request: pytest.FixtureRequest, watches: dict[str, Watch]) -> Watch:
    return watches[request.param]


@pytest.fixture
def newest(watches: dict[str, Watch]) -> Watch:
    return watches["9.2"]




def codes(seen: Seen) -> dict[str, float]:
    """How many calls ended with which status."""
    found: dict[str, float] = {}
    for (name, labels), count in seen.samples.items():
        if name == "martlet_proxmox_api_requests_total":
            code = dict(labels)["code"]
            found[code] = found.get(code, 0) + count
    return found


def names(seen: Seen) -> set[tuple[str, ...]]:
    """Everything that identifies guests."""
    return {tuple(sorted(own.items())) for own in seen.series("pve_guest_info")}


def said_of_scrapes(program: Program) -> list[str]:
    return [line for line in program.output.splitlines() if "scrape incomplete" in line]


def test_a_cluster_that_is_well(watch: Watch) -> None:
    assert difference(watch.expected(), watch.scrape().samples) == []
    assert by_node(watch.whole, "pve_node_up") == dict.fromkeys(ALL, 1)
    lacking = {(own["privilege"], own["path"]) for own in watch.whole.series("pve_missing_privilege_info")}
    is_old = watch.whole.series("pve_version_info")[0]["version"].startswith("8.")
    assert lacking == ({("VM.Monitor", "/vms")} if is_old else set())
    # There an auditor may not ask agents, which is told of each node that has some.
    assert bool(watch.whole.series("pve_guest_filesystem_size_bytes")) == (not is_old)
    assert problems(watch.whole) == {}, "what an auditor of 8.4 may not ask is told by the missing right"


# A node is lost


@pytest.mark.parametrize("seconds_ago", SPANS)
def test_a_node_that_is_off(watch: Watch, seconds_ago: float) -> None:
    with watch.estate.during("node-down", seconds_ago=seconds_ago):
        watch.scrape()
        before = codes(watch.scrape())
        watch.estate.forget_calls()
        seen = [watch.scrape(2) for _ in range(3)][-1]
        calls, after = watch.estate.calls(), codes(seen)
        assert difference(watch.expected(without=["pve4"]), seen.samples) == []
        # Nothing is wrong with the scrape: a node that is off is a fact, and pve_node_up tells it.
        assert problems_at_once(seen) == {}
        assert by_node(seen, "pve_node_up") == dict.fromkeys(OTHERS, 1) | {"pve4": 0}
        assert (seen.value("pve_cluster_quorate"), seen.value("pve_cluster_nodes_online"), seen.value("pve_cluster_nodes_total")) == (1, 3, 4)
        # Its guests keep their names, with all that was known of them, and have no values any more.
        assert names(seen) == names(watch.whole)
        assert families_about(seen, "pve4") <= WORD_OF_THE_CLUSTER
        # What was learnt of the others on timers is still there.
        assert difference(not_about(slow_part(shown(watch.whole)), "pve4"), not_about(slow_part(shown(seen)), "pve4"), slow=True) == []
        # Nobody asks it, at scrapes or on timers.
        assert {calls[f"/nodes/*/{path}"] for path in ("status", "qemu", "lxc")} == {3 * 3}
        assert not [path for path in calls if path.startswith("/nodes/") and path.count("/") == 3 and path not in ("/nodes/*/status", "/nodes/*/qemu", "/nodes/*/lxc")]
        assert {code: after[code] - before[code] for code in after if after[code] != before.get(code)} == {"200": after["200"] - before["200"]}
    watch.heals()


def test_a_node_that_comes_back_tells_all_again(newest: Watch) -> None:
    """What it said on timers is thrown away with it, and asked for when it is there again; of the others nothing is asked for twice."""
    with newest.estate.during("node-down"):
        gone = newest.scrape()
        assert "pve_zfs_pool_health_status" not in families_about(gone, "pve4")
        newest.estate.forget_calls()
    newest.heals()
    calls = newest.estate.calls()
    assert {calls.get(f"/nodes/*/{path}") for path in ("disks/zfs", "certificates/info", "subscription", "replication", "services")} == {1}
    assert "/cluster/backup" not in calls


def test_a_node_that_boots_again(start: Start, tmp_path: Path) -> None:
    """Its guests began anew, as their counters did: the numbers are those of now."""
    estate = Estate(start, tmp_path)
    watch = Watch(start, estate, {"MARTLET_PROXMOX__SLOW__ENABLED": "false"})
    watch.guests = {own["vmid"]: own for own in watch.scrape().series("pve_guest_info")}
    down, up = ({"at": estate.now - ago, "scenario": scenario} for ago, scenario in ((100, "node-down"), (50, "normal")))
    estate.tell([down])
    assert by_node(watch.scrape(), "pve_node_up")["pve4"] == 0
    estate.tell([down, up])
    seen = watch.scrape()
    assert difference(watch.expected(), seen.samples) == []
    assert 0 < by_node(seen, "pve_node_uptime_seconds")["pve4"] <= 50


def test_what_is_past_stays_true_of_a_node_that_is_off(start: Start, tmp_path: Path) -> None:
    """Backups stay where they ran: what the last ones were is known without the node, of its own guests too, and none of its logs is read twice."""
    estate = Estate(start, tmp_path)
    names_of_all = ("ha replication backup_jobs backup_gaps storage certificates subscription services updates disks zfs ceph statistics config "
                    "snapshots agent addresses pci_mapping qdevice").split()  # fmt: skip
    watch = Watch(start, estate, {f"MARTLET_PROXMOX__SLOW__SKIP__{index}": name for index, name in enumerate(names_of_all)})

    def backups(seen: Seen) -> dict[str, float | None]:
        family = "pve_guest_last_backup_timestamp_seconds"
        return {own["vmid"]: seen.value(family, vmid=own["vmid"]) for own in seen.series(family)}

    # Of each node sixteen logs are read at first, and then there is a rest.
    wait_for(lambda: estate.calls().get("/nodes/*/tasks/*/log", 0) == 64 and watch.scrape().series("pve_guest_last_backup_success"), 15, "logs")
    whole = watch.scrape()
    assert whole.series("pve_guest_last_backup_timestamp_seconds", node="pve4")
    with estate.during("node-down"):
        assert backups(watch.scrape()) == backups(whole)
    assert backups(watch.scrape()) == backups(whole)


# Daemons


@pytest.mark.parametrize("seconds_ago", SPANS)
def test_a_dead_statistics_daemon_is_no_dead_host(watch: Watch, seconds_ago: float) -> None:
    is_forgotten = seconds_ago > 300
    with watch.estate.during("statistics-dead", seconds_ago=seconds_ago):
        watch.estate.forget_calls()
        seen = watch.scrape(2)
        calls = watch.estate.calls()
        assert difference(watch.expected(), seen.samples) == []
        assert problems_at_once(seen) == {}
        assert by_node(seen, "pve_node_up") == dict.fromkeys(ALL, 1)
        assert by_node(seen, "pve_node_statistics_stale") == dict.fromkeys(OTHERS, 0) | {"pve4": float(is_forgotten)}
        assert names(seen) == names(watch.whole)
        # The node itself is asked as ever, and so are its guests: only what came by the daemon is missing.
        assert {calls[f"/nodes/*/{path}"] for path in ("status", "qemu", "lxc")} == {4}
        assert {"pve_node_load1", "pve_node_vm_count", "pve_vm_status", "pve_vm_network_in_bytes_total"} <= families_about(seen, "pve4")
        by_the_daemon = {"pve_node_cpu_load", "pve_node_uptime_seconds", "pve_vm_cpu_usage", "pve_storage_total_bytes", "pve_storage_active"}
        assert by_the_daemon & families_about(seen, "pve4") == (set() if is_forgotten else by_the_daemon)
        assert difference(slow_part(shown(watch.whole)), slow_part(shown(seen)), slow=True) == []
    watch.heals()


def test_a_dead_api_daemon_on_the_node_that_is_asked(watch: Watch) -> None:
    """It gives neither status of the cluster nor its own guests; who is there is known all the same, and every guest."""
    with watch.estate.during("daemon-dead"):
        seen = watch.scrape(2)
        assert difference(watch.expected(), seen.samples) == []
        assert problems_at_once(seen) == {"lab": {"unreachable"}, "lab/pve1": {"unreachable"}}
        assert by_node(seen, "pve_node_up") == dict.fromkeys(ALL, 1)
        assert not seen.series("pve_cluster_quorate") and not seen.series("pve_cluster_nodes_online")
        assert names(seen) == names(watch.whole)
        # Of its guests there is what the statistics daemon says; no counter, which would seem to be reset, and no count.
        assert {"pve_vm_cpu_usage", "pve_vm_status", "pve_vm_memory_used_bytes"} <= families_about(seen, "pve1")
        assert not families_about(seen, "pve1") & {"pve_vm_network_in_bytes_total", "pve_node_vm_count", "pve_node_lxc_count"}
        # The others are whole.
        assert set(by_node(seen, "pve_node_vm_count")) == ALL - {"pve1"}
        assert difference(slow_part(shown(watch.whole)), slow_part(shown(seen)), slow=True) == []
    watch.heals()


def test_a_dead_api_daemon_on_another_node(watch: Watch) -> None:
    with watch.estate.during("daemon-dead", node="pve2"):
        seen = watch.scrape(2)
        assert difference(watch.expected(), seen.samples) == []
        assert problems_at_once(seen) == {"lab/pve2": {"unreachable"}}
        assert by_node(seen, "pve_node_up") == dict.fromkeys(ALL, 1)
        assert difference(not_about(shown(watch.whole), "pve2"), not_about(shown(seen), "pve2"), slow=True) == []
        assert difference(slow_part(shown(watch.whole)), slow_part(shown(seen)), slow=True) == []
    watch.heals()


@pytest.mark.alone
@pytest.mark.parametrize(("timeout_seconds", "reason"), [(2, "deadline"), pytest.param(5, "failed", marks=pytest.mark.e2e)])
def test_a_dead_configuration_file_system(newest: Watch, timeout_seconds: float, reason: str) -> None:
    """Nobody says anything, so nothing is said; and nothing is forgotten that would then have to be asked for anew of nodes just healing."""
    with newest.estate.during("pmxcfs-dead"):
        seen = newest.scrape(timeout_seconds)
        assert problems_at_once(seen) == {"lab": {reason}}
        assert shown(seen) == {}
        newest.estate.forget_calls()
    seen = newest.scrape()
    assert difference(shown(newest.whole), shown(seen), slow=True) == [], "all of it, in the first scrape"
    newest.heals()
    asked = set(newest.estate.calls())
    assert asked <= {"/version", "/cluster/status", "/cluster/resources", "/access/permissions", *(f"/nodes/*/{path}" for path in ("status", "qemu", "lxc"))}


# What is between nodes


@pytest.mark.alone
@pytest.mark.parametrize(("timeout_seconds", "reason"), [(2, "deadline"), pytest.param(5, "unreachable", marks=pytest.mark.e2e)])
def test_a_cut_link(newest: Watch, timeout_seconds: float, reason: str) -> None:
    """The cluster sees the node, whoever asks does not."""
    with newest.estate.during("link-cut"):
        assert_one_node_silent(newest, newest.scrape(timeout_seconds), reason)
    newest.heals()


@pytest.mark.alone
def test_a_node_that_hangs(newest: Watch) -> None:
    with newest.estate.during("node-hangs"):
        assert_one_node_silent(newest, newest.scrape(2), "deadline")
    newest.heals()


def assert_one_node_silent(watch: Watch, seen: Seen, reason: str) -> None:
    assert difference(watch.expected(without=["pve4"]), seen.samples) == []
    assert problems_at_once(seen) == {"lab/pve4": {reason}}
    # Corosync's word, and the statistics daemon's, which the cluster goes on hearing.
    assert by_node(seen, "pve_node_up") == dict.fromkeys(ALL, 1)
    assert by_node(seen, "pve_node_statistics_stale") == dict.fromkeys(ALL, 0)
    assert names(seen) == names(watch.whole)
    assert {"pve_node_cpu_load", "pve_vm_cpu_usage", "pve_vm_status", "pve_storage_total_bytes"} <= families_about(seen, "pve4")
    assert not families_about(seen, "pve4") & {"pve_node_load1", "pve_vm_network_in_bytes_total", "pve_node_vm_count"}
    assert difference(not_about(shown(watch.whole), "pve4"), not_about(shown(seen), "pve4"), slow=True) == []
    # It was well when it was asked, not long ago.
    assert difference(slow_part(shown(watch.whole)), slow_part(shown(seen)), slow=True) == []


@pytest.mark.parametrize("seconds_ago", SPANS)
def test_an_isolated_node(watch: Watch, seconds_ago: float) -> None:
    """It takes all others for dead and says that it has no quorum. Both are told; nobody is asked who is dead by its word."""
    with watch.estate.during("quorum-lost", seconds_ago=seconds_ago):
        watch.estate.forget_calls()
        seen = watch.scrape(2)
        assert watch.estate.calls()["/nodes/*/status"] == 1
        assert difference(watch.expected(without=["pve2", "pve3", "pve4"]), seen.samples) == []
        assert problems_at_once(seen) == {}
        assert seen.value("pve_cluster_quorate") == 0 and seen.value("pve_cluster_nodes_online") == 1
        assert by_node(seen, "pve_node_up") == {"pve1": 1, "pve2": 0, "pve3": 0, "pve4": 0}
        assert names(seen) == names(watch.whole)
        for node in ("pve2", "pve3", "pve4"):
            assert families_about(seen, node) <= WORD_OF_THE_CLUSTER
        of_itself = not_about(slow_part(shown(watch.whole)), "pve2", "pve3", "pve4")
        assert difference(of_itself, not_about(slow_part(shown(seen)), "pve2", "pve3", "pve4"), slow=True) == []
    watch.heals()


# Rights


def test_rights_that_are_lost_do_not_look_like_no_guests(watch: Watch) -> None:
    """Lists are empty from one moment to the next, and the API does not say why."""
    lines = len(said_of_scrapes(watch.exporter.program))
    with watch.estate.during("rights-lost"):
        seen = watch.scrape(2)
        assert difference(watch.expected(), seen.samples) == []
        assert problems_at_once(seen) == {"lab": {"forbidden"}} | {f"lab/{node}": {"forbidden"} for node in ALL}
        for family in ("pve_node_vm_count", "pve_node_lxc_count", "pve_guest_info", "pve_vm_status", "pve_cluster_quorate"):
            assert not seen.series(family), family
        is_old = watch.whole.series("pve_version_info")[0]["version"].startswith("8.")
        rights = {("Sys.Audit", "/"), ("Sys.Audit", "/nodes"), ("VM.Audit", "/vms"), ("Datastore.Audit", "/storage"), ("Pool.Audit", "/pool"),
                  ("Mapping.Audit", "/mapping"), ("VM.Monitor" if is_old else "VM.GuestAgent.Audit", "/vms")}  # fmt: skip
        assert {(own["privilege"], own["path"]) for own in seen.series("pve_missing_privilege_info")} == rights
        # Bare rows still say who is there.
        assert by_node(seen, "pve_node_up") == dict.fromkeys(ALL, 1)
        # And it goes on so.
        again = watch.scrape(2)
        assert not again.series("pve_node_vm_count") and again.series("pve_missing_privilege_info")
        said = said_of_scrapes(watch.exporter.program)[lines:]
        assert len(said) == len(set(said)) and any("VM.Audit" in line for line in said)
        assert "SECRET" not in watch.exporter.program.output
    watch.heals()


def test_rights_that_are_given_again_are_used_soon(start: Start, tmp_path: Path) -> None:
    """Whoever begins without rights need not wait for the timers of what was refused."""
    estate = Estate(start, tmp_path)
    estate.happen("rights-lost")
    # Who may not ask for the status of a cluster does not learn its name either.
    watch = Watch(start, estate, Watch.RESTING | {"PROXMOX_CLUSTER": "lab"})
    refused = "/cluster/ha/status/current"

    def told(source: str) -> bool:
        return f"lab/-/{source}" in problems(watch.scrape())

    wait_for(lambda: told("ha") and told("backup_jobs"), 15, "slow sources that are refused")
    estate.happen()
    estate.forget_calls()
    seen = watch.scrape()
    assert seen.series("pve_node_vm_count") and not seen.series("pve_missing_privilege_info")
    wait_for(lambda: watch.scrape().series("pve_ha_resources_total"), 15, "what was refused")
    assert estate.calls()[refused] == 1 and estate.calls()["/access/permissions"] == 1
    wait_for(lambda: not problems(watch.scrape()), 15, "nothing is refused any more")


# Who stands alone


def test_a_node_without_a_cluster(start: Start, tmp_path: Path) -> None:
    watch = Watch(start, Estate(start, tmp_path, nodes=1, guests=10), {"MARTLET_PROXMOX__SLOW__ENABLED": "false"})
    seen = watch.scrape()
    assert problems(seen) == {} and by_node(seen, "pve_node_up") == {"pve1": 1}
    assert {own["cluster"] for own in seen.series("pve_node_up")} == {"pve1"}
    assert not seen.series("pve_cluster_quorate") and len(seen.series("pve_guest_info")) == 10


# What is asked for on timers goes on


@pytest.mark.e2e
@pytest.mark.alone
def test_timers_of_the_others_go_on_while_a_node_hangs(start: Start, tmp_path: Path) -> None:
    """Each node has a lane of its own: what waits for half a minute there keeps nobody else."""
    often = {f"MARTLET_PROXMOX__SLOW__PERIODS__{source}": "10s" for source in ("HA", "STORAGE", "SERVICES", "REPLICATION")}
    estate = Estate(start, tmp_path)
    watch = Watch(start, estate, often)
    wait_for(lambda: len(by_node(watch.scrape(), "pve_node_service_running")) == 4, 15, "sources")
    with estate.during("node-hangs"):

        def ages() -> dict[tuple[str, str], float]:
            samples = watch.scrape(2).samples
            return {(dict(labels)["node"], dict(labels)["source"]): age for (name, labels), age in samples.items() if name == "martlet_proxmox_source_age_seconds"}

        wait_for(lambda: ages().get(("pve4", "storage"), 0) > 14, 25, "what the node that hangs said grows old")
        now = ages()
        for source in ("storage", "services", "replication"):
            assert all(now[node, source] < 13 for node in OTHERS), now
        assert now["", "ha"] < 13


@pytest.mark.e2e
def test_what_a_node_said_goes_when_it_is_three_periods_old(start: Start, tmp_path: Path) -> None:
    estate = Estate(start, tmp_path)
    watch = Watch(start, estate, {"MARTLET_PROXMOX__SLOW__PERIODS__STORAGE": "10s"})
    wait_for(lambda: "pve4" in by_node(watch.scrape(), "pve_storage_available_bytes"), 15, "the source")
    with estate.during("link-cut"):
        wait_for(lambda: problems(watch.scrape()).get("lab/pve4/storage") == {"unreachable"}, 25, "the problem")
        assert "pve4" in by_node(watch.scrape(), "pve_storage_available_bytes"), "the last good answer"
        wait_for(lambda: "pve4" not in by_node(watch.scrape(), "pve_storage_available_bytes"), 40, "nothing that is too old")
        assert set(by_node(watch.scrape(), "pve_storage_available_bytes")) == OTHERS
    # A source that failed is asked again ever more seldom, after a minute at the latest.
    wait_for(lambda: "pve4" in by_node(watch.scrape(), "pve_storage_available_bytes"), 70, "its return")
