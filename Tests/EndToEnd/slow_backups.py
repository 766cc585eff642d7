"""When guests were last backed up, from the tasks of vzdump and the logs of those that are about several guests.

Rules:
- A task is finished when it has an endtime and a status; "OK" and "WARNINGS: n" are good.
- A task about one guest has its vmid for an id, and its times and status are the guest's. A task about several has an empty id, and its log
  tells the guests apart. So may the log of a task about one guest name the job it belongs to; where no log was read, no job is known.
- Guests move: the runs of all online nodes count, whichever the guest is on now.
- Log lines have the node's local time. The first "Backup started at", read as UTC, is later than the task's starttime by the node's offset,
  give or take what came before; offsets are whole quarters of an hour.
- A guest's run in a log ends its duration after its start, or at its "finished at" or "Failed at" where one of those is missing.
  A run of which the log tells no end is none.
- Where two runs of a guest ended in the same second, the one that started later is the newer.
- The newest run of a job is one on each node that its schedule started at the same time: the tasks that started within five minutes of
  the newest one's start. It is good if each of them is, and it ended when the last of them did.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oracle import API, Cluster, Guest, Row, number, rows, text

STARTING_JOB = re.compile(r"INFO: starting new backup job: vzdump (?:.* )?--job-id (\S+)")
STARTING = re.compile(r"INFO: Starting Backup of VM (\d+) \(\w+\)")
STARTED_AT = re.compile(r"INFO: Backup started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
FINISHED = re.compile(r"INFO: Finished Backup of VM (\d+) \((\d+):(\d\d):(\d\d)\)")
FINISHED_AT = re.compile(r"INFO: Backup finished at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
FAILED = re.compile(r"ERROR: Backup of VM (\d+) failed - ")
FAILED_AT = re.compile(r"INFO: Failed at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")

QUARTER = 15 * 60


@dataclass
class Run:
    """One backup of one guest, as far as it is known."""

    vmid: str
    start: float | None = None
    end: float | None = None
    good: bool | None = None
    duration: float | None = None


@dataclass
class JobRun:
    """What one node did for one job."""

    job: str
    start: float
    end: float
    good: bool


def is_good(status: str) -> bool:
    return status == "OK" or status.startswith("WARNINGS: ")


def put_backups(cluster: Cluster, guests: Iterable[tuple[Guest, dict[str, str]]]) -> None:
    runs: list[Run] = []
    jobs: list[JobRun] = []
    for node in cluster.online_nodes:
        for task in _tasks(cluster, node):
            _read_task(cluster, node, task, runs, jobs)
    for guest, labels in guests:
        own = [run for run in runs if run.vmid == labels["vmid"]]
        own.sort(key=lambda run: (run.end or 0, run.start or 0))
        good = [run for run in own if run.good]
        if own:
            cluster.put("pve_guest_last_backup_success", own[-1].good, **labels)
        if good:
            prefix = "pve_vm" if guest.kind == "qemu" else "pve_lxc"
            cluster.put(f"{prefix}_last_backup_timestamp", good[-1].end, **labels)
            cluster.put("pve_guest_last_backup_timestamp_seconds", good[-1].end, **labels)
            cluster.put("pve_guest_last_backup_duration_seconds", good[-1].duration, **labels)
    for job in {run.job for run in jobs}:
        newest = max(run.start for run in jobs if run.job == job)
        together = [run for run in jobs if run.job == job and run.start > newest - 5 * 60]
        cluster.put("pve_backup_job_last_run_success", all(run.good for run in together), job_id=job)
        cluster.put("pve_backup_job_last_run_timestamp_seconds", max(run.end for run in together), job_id=job)


def _tasks(cluster: Cluster, node: str) -> Sequence[Row]:
    """The answer whose query asks for the type, whatever else it says."""
    begin = f"{API}/nodes/{node}/tasks?"
    for path in cluster.answers:
        if path.startswith(begin) and "typefilter=vzdump" in path:
            return rows(cluster.answers, path.removeprefix(API)) or ()
    return ()


def _read_task(cluster: Cluster, node: str, task: Row, runs: list[Run], jobs: list[JobRun]) -> None:
    start, end, status = number(task.get("starttime")), number(task.get("endtime")), text(task.get("status"))
    if start is None or end is None or status is None or task.get("type") != "vzdump":
        return
    log = _log(cluster, node, text(task.get("upid")) or "")
    vmid = text(task.get("id")) or ""
    if vmid.isdigit():
        runs.append(Run(vmid, start, end, is_good(status), end - start))
    elif not vmid:
        runs += runs_in_log(log, start)
    for line in log:
        if match := STARTING_JOB.match(line):
            jobs.append(JobRun(match[1], start, end, is_good(status)))
            break


def _log(cluster: Cluster, node: str, upid: str) -> list[str]:
    """The lines of a task's log, whatever the query says of where they begin and how many they are."""
    path = f"/nodes/{node}/tasks/{upid}/log"
    for known in cluster.answers:
        if known.removeprefix(API).partition("?")[0] == path:
            return [text(row.get("t")) or "" for row in rows(cluster.answers, known.removeprefix(API)) or ()]
    return []


def _utc(moment: str) -> float:
    return calendar.timegm(time.strptime(moment, "%Y-%m-%d %H:%M:%S"))


def runs_in_log(log: Iterable[str], task_start: float) -> list[Run]:
    """The finished backups that a log tells of."""
    runs: list[Run] = []
    offset: float | None = None
    for line in log:
        current = runs[-1] if runs else None
        if match := STARTING.match(line):
            runs.append(Run(match[1]))
        elif current is None:
            continue
        elif match := STARTED_AT.match(line):
            if offset is None:
                offset = round((_utc(match[1]) - task_start) / QUARTER) * QUARTER
            current.start = _utc(match[1]) - offset
        elif (match := FINISHED.match(line)) and match[1] == current.vmid:
            current.good = True
            current.duration = int(match[2]) * 3600 + int(match[3]) * 60 + int(match[4])
            current.end = None if current.start is None else current.start + current.duration
        elif (match := FINISHED_AT.match(line)) and current.good and current.end is None:
            current.end = _utc(match[1]) - (offset or 0)
        elif (match := FAILED.match(line)) and match[1] == current.vmid:
            current.good = False
        elif (match := FAILED_AT.match(line)) and current.good is False:
            current.end = _utc(match[1]) - (offset or 0)
    for run in runs:
        if run.good is False and run.end is None:
            run.end = run.start  # it failed at once, or the log ends
    return [run for run in runs if run.good is not None and run.end is not None]
