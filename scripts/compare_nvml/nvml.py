"""NVML as NVIDIA's binding shows it."""

from __future__ import annotations

import time

import pynvml as nv

from compare_nvml.cards import read_card
from compare_nvml.instances import Activity, read_mig
from compare_nvml.owners import Machine
from compare_nvml.processes import Utilization, read_processes
from compare_nvml.reading import Reading, attempt, text
from compare_nvml.vgpus import read_vgpus


class NVML:
    """Reads everything, over and over; what NVML tells between two moments is told between two readings."""

    def __init__(self, root: str | None = None) -> None:
        self.machine = Machine(root)
        self.utilization = Utilization()
        self.activity = Activity()

    def read(self) -> Reading:
        reading = Reading()
        before = time.time()
        for name in ("nvidia_gpu_num_devices", "llm_monitor_gpu_devices"):
            reading.add(name, {}, nv.nvmlDeviceGetCount)
        for index in range(int(reading.values.get(("nvidia_gpu_num_devices", frozenset()), 0))):
            # A card may be lost, and be found again.
            attempt(self.read_device, reading, index)
        reading.moment = (before + time.time()) / 2
        return reading

    def read_device(self, reading: Reading, index: int) -> None:
        card = nv.nvmlDeviceGetHandleByIndex(index)
        labels = {"gpu_uuid": text(nv.nvmlDeviceGetUUID(card)), "gpu_index": str(index)}
        attempt(read_card, reading, labels, card)
        attempt(read_processes, reading, labels, card, self.utilization, self.machine)
        attempt(read_mig, reading, labels, card, self.activity)
        attempt(read_vgpus, reading, labels, card, self.machine)
