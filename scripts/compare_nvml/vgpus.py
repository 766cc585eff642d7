"""vGPUs that a card has given to virtual machines."""

from __future__ import annotations

import ctypes
from typing import Any

import pynvml as nv

from compare_nvml.owners import UNKNOWN, Machine, Owner
from compare_nvml.reading import Labels, Process, Reading, text, word

HOST_OF_VGPUS = 3
VM_IS_UUID = 1
LICENSE_STATES = ["unknown", "uninitialized", "unlicensed_unrestricted", "unlicensed_restricted", "unlicensed", "licensed"]
SHARES = [("sm", "smUtil"), ("memory_bandwidth", "memUtil"), ("encoder", "encUtil"), ("decoder", "decUtil")]


def framebuffer_used(vgpu: int) -> int:
    """The binding has room for 32 bits, and NVML writes 64."""
    used = ctypes.c_ulonglong()
    nv._nvmlCheckReturn(nv._nvmlGetFunctionPointer("nvmlVgpuInstanceGetFbUsage")(vgpu, ctypes.byref(used)))
    return used.value


def license_state(vgpu: int) -> int:
    """Of older drivers, licensed or not is all that is known."""
    try:
        return nv.nvmlVgpuInstanceGetLicenseInfo(vgpu).currentState
    except nv.NVMLError:
        status = ctypes.c_uint()
        nv._nvmlCheckReturn(nv._nvmlGetFunctionPointer("nvmlVgpuInstanceGetLicenseStatus")(vgpu, ctypes.byref(status)))
        return 5 if status.value else 4


def read_vgpus(reading: Reading, labels: Labels, card: object, machine: Machine) -> None:
    if nv.nvmlDeviceGetVirtualizationMode(card) != HOST_OF_VGPUS:
        return
    reading.shared.add(labels["gpu_uuid"])
    vgpus = nv.nvmlDeviceGetActiveVgpus(card)
    reading.put("llm_monitor_vgpu_instances", labels, len(vgpus))
    shares = newest_shares(card)
    for vgpu in vgpus:
        try:
            read_vgpu(reading, labels, card, vgpu, shares, machine)
        except nv.NVMLError:
            continue


def read_vgpu(reading: Reading, labels: Labels, card: object, vgpu: int, shares: dict[int, Any], machine: Machine) -> None:
    uuid = text(nv.nvmlVgpuInstanceGetUUID(vgpu))
    kind = nv.nvmlVgpuInstanceGetType(vgpu)
    type_name = word(lambda: nv.nvmlVgpuTypeGetName(kind))
    reading.add("llm_monitor_vgpu_instances_max", labels | {"vgpu_type": type_name}, lambda: nv.nvmlVgpuTypeGetMaxInstances(card, kind))
    guest, vm_uuid = guest_of(vgpu, machine)
    # Until the guest's driver runs there is none.
    driver = word(lambda: nv.nvmlVgpuInstanceGetVmDriverVersion(vgpu)).replace("Not Available", "")
    of = labels | {"vgpu_uuid": uuid} | guest
    reading.put("llm_monitor_vgpu_info", of | {"vgpu_type": type_name, "vm_uuid": vm_uuid, "guest_driver": driver}, 1)
    reading.add("llm_monitor_vgpu_framebuffer_used_bytes", of, lambda: framebuffer_used(vgpu))
    reading.add("llm_monitor_vgpu_framebuffer_total_bytes", of, lambda: nv.nvmlVgpuTypeGetFramebufferSize(kind))
    reading.add("llm_monitor_vgpu_frame_rate_limit", of, lambda: nv.nvmlVgpuInstanceGetFrameRateLimit(vgpu))
    for number, state in enumerate(LICENSE_STATES):
        reading.add("llm_monitor_vgpu_license_state", of | {"state": state}, lambda number=number: license_state(vgpu) == number)
    share = shares.get(vgpu)
    if share:
        for name, member in SHARES:
            reading.put(f"llm_monitor_vgpu_{name}_utilization_ratio", of, getattr(share, member).uiVal * 0.01)
    used = reading.values.get(("llm_monitor_vgpu_framebuffer_used_bytes", frozenset(of.items())))
    # What the guest has of the card is the virtual machine's.
    owner = Owner("vm", guest["vm_id"], guest["vm_name"] or guest["vm_id"]) if guest["vm_id"] else Owner("vm", vm_uuid, vm_uuid) if vm_uuid else UNKNOWN
    reading.processes.append(Process(labels, 0, used, share and share.smUtil.uiVal * 0.01, owner, is_vgpu=True))


def newest_shares(card: object) -> dict[int, Any]:
    """NVML keeps several records of each vGPU."""
    try:
        records = nv.nvmlDeviceGetVgpuUtilization(card, 0)
    except nv.NVMLError:
        return {}
    return {record.vgpuInstance: record for record in sorted(records, key=lambda record: record.timeStamp)}


def guest_of(vgpu: int, machine: Machine) -> tuple[Labels, str]:
    """The labels of the virtual machine, and its UUID as NVML says it. Xen numbers its machines instead."""
    try:
        name, kind = nv.nvmlVgpuInstanceGetVmID(vgpu)
    except nv.NVMLError:
        name, kind = "", VM_IS_UUID
    vm = text(name)
    device = word(lambda: nv.nvmlVgpuInstanceGetMdevUUID(vgpu))
    guest = machine.guest(device) if device else None
    if not guest and kind == VM_IS_UUID and vm:
        guest = machine.guest(vm)
    if guest:
        return {"vm_id": guest.id, "vm_name": guest.name}, vm if kind == VM_IS_UUID else ""
    return {"vm_id": "" if kind == VM_IS_UUID else vm, "vm_name": ""}, vm if kind == VM_IS_UUID else ""
