"""Lines of pveum on the simulated cluster: those of our documentation make a token that suffices, and no part of them is too much."""

from __future__ import annotations

from typing import Any

import pytest
from access import RELEASES, SECRET, TOKEN, Cluster
from conftest import REPOSITORY, Start, fetch, free_port, wait_for
from prometheus_client.parser import text_string_to_metric_families

import pveum

# The simulator alone; what people run against it is held by the tests of init and the doctor.
pytestmark = pytest.mark.e2e


def test_lines_become_calls() -> None:
    Request = pveum.Request
    for line, wanted in [
        ("pveum user add monitor@pve", Request("post", "access/users", {"userid": "monitor@pve"})),
        ("pveum user token add monitor@pve martlet --privsep 1   # prints it once",
         Request("post", "access/users/monitor@pve/token/martlet", {"privsep": "1"})),
        ("sudo pveum role add NAME --privs 'A B'", Request("post", "access/roles", {"roleid": "NAME", "privs": "A B"})),
        ("pveum role modify NAME -privs A,B -append", Request("put", "access/roles/NAME", {"privs": "A,B", "append": "1"})),
        ("pveum role modify NAME --append --privs=X", Request("put", "access/roles/NAME", {"privs": "X", "append": "1"})),
        ("pveum acl modify / --users U --roles R", Request("put", "access/acl", {"path": "/", "users": "U", "roles": "R"})),
        ("pveum aclmod / -token 'U!T' -role R", Request("put", "access/acl", {"path": "/", "tokens": "U!T", "roles": "R"})),
        ("pveum acl delete /vms --users U --roles R", Request("put", "access/acl", {"path": "/vms", "users": "U", "roles": "R", "delete": "1"})),
        ("pveum user token list U --output-format json", Request("get", "access/users/U/token", {})),
        ("pveum user token remove U T", Request("delete", "access/users/U/token/T", {})),
        ("pveum user token permissions U T --path /vms", Request("get", "access/permissions", {"userid": "U!T", "path": "/vms"})),
    ]:
        assert pveum.request(line) == wanted, line
    for line, word in [
        ("pvesh get /nodes", "does not begin with pveum"), ("pveum group add x", "known are acl delete"), ("pveum user add", "<userid>"),
        ("pveum user add a@pve b", "takes <userid>"), ("pveum acl modify / --users U", "needs --roles"),
        ("pveum role add X --priv", "wants a value"), ("pveum role add X --bogus 1", "no option --bogus"), ("pveum role add 'X", "No closing quotation"),
    ]:
        with pytest.raises(pveum.NotUnderstood, match=None) as error:
            pveum.request(line)
        assert word in str(error.value), (line, str(error.value))


def documented_lines(release: str) -> list[str]:
    """What docs/security.md tells people to type."""
    page = (REPOSITORY / "docs/security.md").read_text().split("## Rights in Proxmox VE")[1].split("\n### ")[0]
    blocks = [block.split("```")[0].splitlines() for block in page.split("```sh\n")[1:]]
    roles, rest = [line for block in blocks for line in block if line.startswith("pveum role add")], [
        line for block in blocks for line in block if line.startswith("pveum") and not line.startswith("pveum role add")]
    assert len(roles) == 2 and len(rest) == 4
    return [roles[0 if release == "9.2" else 1], *rest]


class Exporter:
    def __init__(self, start: Start, cluster: Cluster, secret: str, token: str = TOKEN) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {"NAME": "lab", "ENDPOINT": cluster.url, "TOKEN": f"{token}={secret}", "VERIFY_TLS": "false"}
        env = {f"MARTLET_PROXMOX__CLUSTERS__0__{name}": value for name, value in settings.items()}
        self.program = start("exporter", "--web.listen-address", f"127.0.0.1:{port}", env=env)
        self.program.wait_until(self.url + "/health")

    def families(self) -> dict[str, Any]:
        return {family.name: family for family in text_string_to_metric_families(fetch(self.url + "/metrics").text)}

    def missing(self) -> set[tuple[str, str]]:
        family = self.families().get("pve_missing_privilege_info")
        return {(sample.labels["privilege"], sample.labels["path"]) for sample in family.samples} if family else set()

    def series(self) -> set[tuple[str, frozenset[tuple[str, str]]]]:
        """What the API told, by name and labels."""
        return {
            (sample.name, frozenset(sample.labels.items())) for family in self.families().values() for sample in family.samples
            if sample.name.startswith("pve_")}


LATE = [
    "pve_backup_job_last_run_timestamp_seconds", "pve_zfs_pool_state", "pve_pci_mapping_info", "pve_certificate_info", "pve_guest_snapshots",
    "pve_replication_status", "pve_node_service_running",
]
"""Some of what is asked for on timers, each by another right or in another place."""
OF_AGENTS = ["pve_guest_os_info", "pve_guest_filesystem_size_bytes"]


@pytest.mark.parametrize("release", RELEASES)
def test_the_documented_role_suffices(start: Start, release: str) -> None:
    """From a cluster that knows nobody, with the lines of the documentation: the exporter shows as much as to who has PVEAuditor, and lacks nothing
    but the right that on 8.4 is not recommended."""
    cluster = Cluster(
        start, "--release", release, "--guests", "60", "--token-role", "none", "--user-role", "none", "--user", "other@pve", token="other@pve!one")
    root = cluster.log_in()
    answers = pveum.run_all(root, documented_lines(release))
    value = next(answer["value"] for answer in answers if answer)
    ours = Exporter(start, cluster, value)
    agent = {("VM.Monitor", "/vms")} if release == "8.4" else set()
    auditor = Exporter(start, Cluster(start, "--release", release, "--guests", "60"), SECRET)
    late = {*LATE, *(OF_AGENTS if release == "9.2" else [])}

    wait_for(lambda: late <= {name for name, _ in auditor.series()}, 60, "all that an auditor sees")
    wait_for(lambda: auditor.series() == ours.series(), 60, "the same of ours")
    assert ours.missing() == auditor.missing() == agent
    # And without one of its rights something is missing: each of them is needed.
    wanted = list(root.access.roles("Martlet").get())
    for privilege in wanted:
        pveum.run(root, f"pveum role modify Martlet --privs '{' '.join(set(wanted) - {privilege})}'")
        lacking = Exporter(start, cluster, value)
        wait_for(lambda: any(one == privilege for one, _ in lacking.missing()), 20, f"{privilege} to be missed")
        lacking.program.stop()
    pveum.run(root, f"pveum role modify Martlet --privs '{' '.join(wanted)}'")


def test_the_commonest_mistake_is_mended(start: Start) -> None:
    """The user has the role, its separated token has nothing: everything is missed until the token is given the role too."""
    cluster = Cluster(start, "--guests", "12", "--token-role", "none")
    exporter = Exporter(start, cluster, SECRET)
    wait_for(lambda: len(exporter.missing()) == 7, 20, "all seven to be missed")
    exporter.program.stop()
    pveum.run(cluster.log_in(), "pveum acl modify / --tokens 'monitor@pve!martlet' --roles PVEAuditor")
    mended = Exporter(start, cluster, SECRET)
    wait_for(lambda: mended.families()["pve_guest_info"].samples and mended.missing() == set(), 20, "nothing to be missed")
