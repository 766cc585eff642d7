"""MIG devices, and what GPU instances have done."""

from __future__ import annotations

import math
from typing import Any

import pynvml as nv

from compare_nvml.cards import memory_of
from compare_nvml.reading import Labels, Reading, text

ACTIVITY = {1: "graphics", 2: "sm", 5: "tensor", 10: "dram"}


class Activity:
    """What GPU instances have done between one reading and the next, by GPM."""

    def __init__(self) -> None:
        self.samples: dict[tuple[str, int], Any] = {}

    def since_last(self, card: object, uuid: str, instance: int) -> dict[str, float]:
        """Shares by name, 0-1; none where there is no GPM, or no sample before this."""
        try:
            if not nv.nvmlGpmQueryDeviceSupport(card).isSupportedDevice:
                return {}
            newer = nv.nvmlGpmSampleAlloc()
        except nv.NVMLError:
            return {}
        older = self.samples.pop((uuid, instance), None)
        try:
            nv.nvmlGpmMigSampleGet(card, instance, newer)
            self.samples[uuid, instance] = newer
            return self.between(older, newer) if older else {}
        except nv.NVMLError:
            return {}
        finally:
            for sample in [older] if (uuid, instance) in self.samples else [older, newer]:
                if sample:
                    nv.nvmlGpmSampleFree(sample)

    @staticmethod
    def between(older: object, newer: object) -> dict[str, float]:
        request: Any = nv.c_nvmlGpmMetricsGet_t()
        request.version, request.numMetrics = nv.NVML_GPM_METRICS_GET_VERSION, len(ACTIVITY)
        request.sample1, request.sample2 = older, newer
        for metric, number in zip(request.metrics, ACTIVITY, strict=False):
            metric.metricId = number
        answers = nv.nvmlGpmMetricsGet(request).metrics[: len(ACTIVITY)]
        return {ACTIVITY[one.metricId]: one.value / 100 for one in answers if one.nvmlReturn == nv.NVML_SUCCESS and math.isfinite(one.value)}


def read_mig(reading: Reading, labels: Labels, card: object, activity: Activity) -> None:
    if not nv.nvmlDeviceGetMigMode(card)[0]:
        return
    instances = set()
    for index in range(nv.nvmlDeviceGetMaxMigDeviceCount(card)):
        try:
            device = nv.nvmlDeviceGetMigDeviceHandleByIndex(card, index)
            instance = nv.nvmlDeviceGetGpuInstanceId(device)
            of = labels | {"gpu_instance": str(instance)}
            more = {"compute_instance": str(nv.nvmlDeviceGetComputeInstanceId(device)), "mig_uuid": text(nv.nvmlDeviceGetUUID(device)),
                    "profile": text(nv.nvmlDeviceGetName(device)).split()[-1]}  # fmt: skip
        except nv.NVMLError:
            continue
        reading.put("llm_monitor_gpu_mig_info", of | more, 1)
        # Memory and activity are the GPU instance's, which may have several compute instances.
        if instance in instances:
            continue
        instances.add(instance)
        for name in ("used", "total"):
            reading.add(f"llm_monitor_gpu_mig_memory_{name}_bytes", of, lambda device=device, name=name: getattr(memory_of(device), name))
        for name, share in activity.since_last(card, labels["gpu_uuid"], instance).items():
            reading.put(f"llm_monitor_gpu_mig_{name}_activity_ratio", of, share)
