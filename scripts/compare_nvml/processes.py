"""Who works on a card: memory and utilisation by pid."""

from __future__ import annotations

import ctypes
import time
from typing import Any, NamedTuple

import pynvml as nv

from compare_nvml.owners import Machine
from compare_nvml.reading import Labels, Process, Reading

UNTOLD = 2**64 - 1
NO_INSTANCE = 2**32 - 1
ABSENT = {
    nv.NVML_ERROR_NOT_SUPPORTED, nv.NVML_ERROR_NOT_FOUND, nv.NVML_ERROR_NO_DATA, nv.NVML_ERROR_DEPRECATED, nv.NVML_ERROR_ARGUMENT_VERSION_MISMATCH}  # fmt: skip


class OldProcess(ctypes.Structure):
    """What drivers fill whose calls have no version."""

    _fields_ = [("pid", ctypes.c_uint), ("usedGpuMemory", ctypes.c_ulonglong)]


def old_processes(call: str, card: object) -> list[OldProcess]:
    records = (OldProcess * 4096)()
    count = ctypes.c_uint(len(records))
    nv._nvmlCheckReturn(nv._nvmlGetFunctionPointer(call)(card, ctypes.byref(count), records))
    return list(records[: count.value])


def running(kind: str, card: object) -> list[Any] | None:
    """None where the card has no such list. Raises when it has one that cannot be had: with one of two lists, what all use would be too little."""
    # The binding's function without a version wants a driver of its own age.
    for version in ("_v3", "_v2", ""):
        call = f"nvmlDeviceGet{kind.title()}RunningProcesses{version}"
        try:
            return getattr(nv, call)(card) if version else old_processes(call, card)
        except nv.NVMLError_FunctionNotFound:
            continue
        except nv.NVMLError as error:
            if error.value in ABSENT:
                return None
            raise
    return None


def memory_by_pid(records: list[Any]) -> dict[int, float | None]:
    """A process has memory in each instance, and one that computes and draws is in both lists with the same."""
    memory: dict[tuple[int, int | None, int | None], int] = {}
    for record in records:
        of = (record.pid, getattr(record, "gpuInstanceId", None), getattr(record, "computeInstanceId", None))
        used = UNTOLD if record.usedGpuMemory is None else record.usedGpuMemory
        memory[of] = max(memory.get(of, 0), used)
    sums: dict[int, float | None] = {}
    for (pid, *_), used in memory.items():
        before = sums.get(pid, 0.0)
        sums[pid] = None if used == UNTOLD or before is None else before + used
    return sums


def memory_by_instance(records: list[Any], pid: int) -> dict[int, float | None]:
    """By GPU instance; without those that are of none."""
    of = [record for record in records if record.pid == pid and getattr(record, "gpuInstanceId", None) not in (None, NO_INSTANCE)]
    return {instance: memory_by_pid([record for record in of if record.gpuInstanceId == instance])[pid] for instance in {record.gpuInstanceId for record in of}}


class Share(NamedTuple):
    percent: int
    time: int
    seen: float


class Utilization:
    """The newest record of each process. NVML has none of a process that has done nothing, so who has none has a share of 0, and a record stands
    until a newer one comes, ten seconds at most: NVML takes them less often than it is asked."""

    RECORD_SECONDS = 10.0

    def __init__(self) -> None:
        self.last_seen: dict[str, int] = {}
        self.shares: dict[str, dict[int, Share]] = {}

    def read(self, uuid: str, card: object) -> dict[int, float] | None:
        """Shares by pid, 0-1. None where the card does not tell of processes."""
        try:
            records = nv.nvmlDeviceGetProcessUtilization(card, self.last_seen.get(uuid, 0))
        except nv.NVMLError as error:
            # No process at all is told in two ways.
            if error.value not in (nv.NVML_SUCCESS, nv.NVML_ERROR_NOT_FOUND):
                return None
            records = []
        now = time.monotonic()
        shares = self.shares.setdefault(uuid, {})
        for record in records:
            known = shares.get(record.pid)
            if record.smUtil <= 100 and (known is None or known.time <= record.timeStamp):
                shares[record.pid] = Share(record.smUtil, record.timeStamp, now)
                self.last_seen[uuid] = max(self.last_seen.get(uuid, 0), record.timeStamp)
        for pid in [pid for pid, share in shares.items() if now - share.seen >= self.RECORD_SECONDS]:
            del shares[pid]
        return {pid: share.percent / 100 for pid, share in shares.items()}


def read_processes(reading: Reading, labels: Labels, card: object, utilization: Utilization, machine: Machine) -> None:
    lists = {kind: found for kind in ("compute", "graphics") if (found := running(kind, card)) is not None}
    for kind, found in lists.items():
        reading.put("llm_monitor_gpu_processes", labels | {"kind": kind}, len({process.pid for process in found}))
    if not lists:
        return
    reading.listed.append(labels)
    shares = utilization.read(labels["gpu_uuid"], card)
    records = [process for found in lists.values() for process in found if process.pid]
    for pid, memory in memory_by_pid(records).items():
        share = None if shares is None else shares.get(pid, 0.0)
        process = Process(labels, pid, memory, share, machine.owner(pid), memory_by_instance(records, pid))
        reading.processes.append(process)
        for name, value in [("memory_bytes", process.memory), ("utilization_ratio", process.utilization)]:
            if value is not None:
                reading.put(f"llm_monitor_gpu_process_{name}", labels | {"pid": str(pid)}, value)
