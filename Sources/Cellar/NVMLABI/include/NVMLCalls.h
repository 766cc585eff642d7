// Every call that we make or simulate, with what it takes. All return a code, but for nvmlErrorString, which is not here.
#pragma once

/// CALL(symbol, parameters, kind), the kind being what its first parameter is: SYSTEM nothing, DEVICE a card or a MIG device, VGPU, TYPE (a type of vGPU), OTHER.
/// The order is part of the simulation's state file: new calls go to the end.
#define NVML_ABI_CALLS(CALL) \
    CALL(nvmlInit_v2, (void), SYSTEM) \
    CALL(nvmlInitWithFlags, (uint32_t), SYSTEM) \
    CALL(nvmlInit, (void), SYSTEM) \
    CALL(nvmlShutdown, (void), SYSTEM) \
    CALL(nvmlSystemGetDriverVersion, (char *, uint32_t), SYSTEM) \
    CALL(nvmlSystemGetNVMLVersion, (char *, uint32_t), SYSTEM) \
    CALL(nvmlSystemGetCudaDriverVersion_v2, (int32_t *), SYSTEM) \
    CALL(nvmlSystemGetCudaDriverVersion, (int32_t *), SYSTEM) \
    CALL(nvmlSystemGetProcessName, (uint32_t, char *, uint32_t), SYSTEM) \
    CALL(nvmlDeviceGetCount_v2, (uint32_t *), SYSTEM) \
    CALL(nvmlDeviceGetCount, (uint32_t *), SYSTEM) \
    CALL(nvmlDeviceGetHandleByIndex_v2, (uint32_t, nvml_abi_device *), OTHER) \
    CALL(nvmlDeviceGetHandleByIndex, (uint32_t, nvml_abi_device *), OTHER) \
    CALL(nvmlDeviceGetHandleByUUID, (const char *, nvml_abi_device *), OTHER) \
    CALL(nvmlDeviceGetHandleByPciBusId_v2, (const char *, nvml_abi_device *), OTHER) \
    CALL(nvmlDeviceGetHandleByPciBusId, (const char *, nvml_abi_device *), OTHER) \
    CALL(nvmlDeviceGetHandleBySerial, (const char *, nvml_abi_device *), OTHER) \
    CALL(nvmlDeviceGetName, (nvml_abi_device, char *, uint32_t), DEVICE) \
    CALL(nvmlDeviceGetUUID, (nvml_abi_device, char *, uint32_t), DEVICE) \
    CALL(nvmlDeviceGetSerial, (nvml_abi_device, char *, uint32_t), DEVICE) \
    CALL(nvmlDeviceGetVbiosVersion, (nvml_abi_device, char *, uint32_t), DEVICE) \
    CALL(nvmlDeviceGetBoardPartNumber, (nvml_abi_device, char *, uint32_t), DEVICE) \
    CALL(nvmlDeviceGetPciInfo_v3, (nvml_abi_device, nvml_abi_pci_info *), DEVICE) \
    CALL(nvmlDeviceGetMinorNumber, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetIndex, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetArchitecture, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetBrand, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetCudaComputeCapability, (nvml_abi_device, int32_t *, int32_t *), DEVICE) \
    CALL(nvmlDeviceGetPersistenceMode, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetComputeMode, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetVirtualizationMode, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetHostVgpuMode, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetUtilizationRates, (nvml_abi_device, nvml_abi_utilization *), DEVICE) \
    CALL(nvmlDeviceGetMemoryInfo, (nvml_abi_device, nvml_abi_memory *), DEVICE) \
    CALL(nvmlDeviceGetMemoryInfo_v2, (nvml_abi_device, nvml_abi_memory_v2 *), DEVICE) \
    CALL(nvmlDeviceGetBAR1MemoryInfo, (nvml_abi_device, nvml_abi_bar1 *), DEVICE) \
    CALL(nvmlDeviceGetPowerUsage, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetEnforcedPowerLimit, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetPowerManagementLimit, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetPowerManagementDefaultLimit, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetPowerManagementLimitConstraints, (nvml_abi_device, uint32_t *, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetTotalEnergyConsumption, (nvml_abi_device, uint64_t *), DEVICE) \
    CALL(nvmlDeviceGetTemperature, (nvml_abi_device, uint32_t, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetTemperatureV, (nvml_abi_device, nvml_abi_temperature *), DEVICE) \
    CALL(nvmlDeviceGetTemperatureThreshold, (nvml_abi_device, uint32_t, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetMarginTemperature, (nvml_abi_device, nvml_abi_margin *), DEVICE) \
    CALL(nvmlDeviceGetClockInfo, (nvml_abi_device, uint32_t, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetMaxClockInfo, (nvml_abi_device, uint32_t, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetCurrentClocksEventReasons, (nvml_abi_device, uint64_t *), DEVICE) \
    CALL(nvmlDeviceGetCurrentClocksThrottleReasons, (nvml_abi_device, uint64_t *), DEVICE) \
    CALL(nvmlDeviceGetSupportedClocksEventReasons, (nvml_abi_device, uint64_t *), DEVICE) \
    CALL(nvmlDeviceGetSupportedClocksThrottleReasons, (nvml_abi_device, uint64_t *), DEVICE) \
    CALL(nvmlDeviceGetViolationStatus, (nvml_abi_device, uint32_t, nvml_abi_violation *), DEVICE) \
    CALL(nvmlDeviceGetFieldValues, (nvml_abi_device, int32_t, nvml_abi_field_value *), DEVICE) \
    CALL(nvmlDeviceGetEccMode, (nvml_abi_device, uint32_t *, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetTotalEccErrors, (nvml_abi_device, uint32_t, uint32_t, uint64_t *), DEVICE) \
    CALL(nvmlDeviceGetMemoryErrorCounter, (nvml_abi_device, uint32_t, uint32_t, uint32_t, uint64_t *), DEVICE) \
    CALL(nvmlDeviceGetSramEccErrorStatus, (nvml_abi_device, nvml_abi_sram_ecc *), DEVICE) \
    CALL(nvmlDeviceGetRetiredPages, (nvml_abi_device, uint32_t, uint32_t *, uint64_t *), DEVICE) \
    CALL(nvmlDeviceGetRetiredPages_v2, (nvml_abi_device, uint32_t, uint32_t *, uint64_t *, uint64_t *), DEVICE) \
    CALL(nvmlDeviceGetRetiredPagesPendingStatus, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetRemappedRows, (nvml_abi_device, uint32_t *, uint32_t *, uint32_t *, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetRemappedRows_v2, (nvml_abi_device, nvml_abi_remapped_rows_v2 *), DEVICE) \
    CALL(nvmlDeviceGetRowRemapperHistogram, (nvml_abi_device, nvml_abi_row_histogram *), DEVICE) \
    CALL(nvmlDeviceGetCurrPcieLinkGeneration, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetCurrPcieLinkWidth, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetMaxPcieLinkGeneration, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetMaxPcieLinkWidth, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetGpuMaxPcieLinkGeneration, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetPcieReplayCounter, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetPcieThroughput, (nvml_abi_device, uint32_t, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetNvLinkState, (nvml_abi_device, uint32_t, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetNvLinkVersion, (nvml_abi_device, uint32_t, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetNvLinkErrorCounter, (nvml_abi_device, uint32_t, uint32_t, uint64_t *), DEVICE) \
    CALL(nvmlDeviceGetEncoderUtilization, (nvml_abi_device, uint32_t *, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetDecoderUtilization, (nvml_abi_device, uint32_t *, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetJpgUtilization, (nvml_abi_device, uint32_t *, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetOfaUtilization, (nvml_abi_device, uint32_t *, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetEncoderStats, (nvml_abi_device, uint32_t *, uint32_t *, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetEncoderSessions, (nvml_abi_device, uint32_t *, nvml_abi_encoder_session *), DEVICE) \
    CALL(nvmlDeviceGetPerformanceState, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetFanSpeed, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetFanSpeed_v2, (nvml_abi_device, uint32_t, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetNumFans, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetComputeRunningProcesses_v3, (nvml_abi_device, uint32_t *, nvml_abi_process *), DEVICE) \
    CALL(nvmlDeviceGetComputeRunningProcesses_v2, (nvml_abi_device, uint32_t *, nvml_abi_process *), DEVICE) \
    CALL(nvmlDeviceGetComputeRunningProcesses, (nvml_abi_device, uint32_t *, nvml_abi_process_v1 *), DEVICE) \
    CALL(nvmlDeviceGetGraphicsRunningProcesses_v3, (nvml_abi_device, uint32_t *, nvml_abi_process *), DEVICE) \
    CALL(nvmlDeviceGetGraphicsRunningProcesses_v2, (nvml_abi_device, uint32_t *, nvml_abi_process *), DEVICE) \
    CALL(nvmlDeviceGetGraphicsRunningProcesses, (nvml_abi_device, uint32_t *, nvml_abi_process_v1 *), DEVICE) \
    CALL(nvmlDeviceGetMPSComputeRunningProcesses_v3, (nvml_abi_device, uint32_t *, nvml_abi_process *), DEVICE) \
    CALL(nvmlDeviceGetMPSComputeRunningProcesses_v2, (nvml_abi_device, uint32_t *, nvml_abi_process *), DEVICE) \
    CALL(nvmlDeviceGetMPSComputeRunningProcesses, (nvml_abi_device, uint32_t *, nvml_abi_process_v1 *), DEVICE) \
    CALL(nvmlDeviceGetProcessUtilization, (nvml_abi_device, nvml_abi_process_utilization *, uint32_t *, uint64_t), DEVICE) \
    CALL(nvmlDeviceGetProcessesUtilizationInfo, (nvml_abi_device, nvml_abi_processes_utilization_info *), DEVICE) \
    CALL(nvmlDeviceIsMigDeviceHandle, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetMigMode, (nvml_abi_device, uint32_t *, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetMaxMigDeviceCount, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetMigDeviceHandleByIndex, (nvml_abi_device, uint32_t, nvml_abi_device *), DEVICE) \
    CALL(nvmlDeviceGetDeviceHandleFromMigDeviceHandle, (nvml_abi_device, nvml_abi_device *), DEVICE) \
    CALL(nvmlDeviceGetGpuInstanceId, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetComputeInstanceId, (nvml_abi_device, uint32_t *), DEVICE) \
    CALL(nvmlDeviceGetAttributes_v2, (nvml_abi_device, nvml_abi_attributes *), DEVICE) \
    CALL(nvmlDeviceGetGpuInstanceById, (nvml_abi_device, uint32_t, nvml_abi_gpu_instance *), DEVICE) \
    CALL(nvmlGpmQueryDeviceSupport, (nvml_abi_device, nvml_abi_gpm_support *), DEVICE) \
    CALL(nvmlGpmSampleAlloc, (nvml_abi_gpm_sample *), OTHER) \
    CALL(nvmlGpmSampleFree, (nvml_abi_gpm_sample), OTHER) \
    CALL(nvmlGpmSampleGet, (nvml_abi_device, nvml_abi_gpm_sample), DEVICE) \
    CALL(nvmlGpmMigSampleGet, (nvml_abi_device, uint32_t, nvml_abi_gpm_sample), DEVICE) \
    CALL(nvmlGpmMetricsGet, (nvml_abi_gpm_metrics *), OTHER) \
    CALL(nvmlEventSetCreate, (nvml_abi_event_set *), OTHER) \
    CALL(nvmlDeviceRegisterEvents, (nvml_abi_device, uint64_t, nvml_abi_event_set), DEVICE) \
    CALL(nvmlDeviceGetSupportedEventTypes, (nvml_abi_device, uint64_t *), DEVICE) \
    CALL(nvmlEventSetWait_v2, (nvml_abi_event_set, nvml_abi_event *, uint32_t), OTHER) \
    CALL(nvmlEventSetWait, (nvml_abi_event_set, nvml_abi_event_v1 *, uint32_t), OTHER) \
    CALL(nvmlEventSetFree, (nvml_abi_event_set), OTHER) \
    CALL(nvmlDeviceGetActiveVgpus, (nvml_abi_device, uint32_t *, nvml_abi_vgpu *), DEVICE) \
    CALL(nvmlDeviceGetSupportedVgpus, (nvml_abi_device, uint32_t *, nvml_abi_vgpu_type *), DEVICE) \
    CALL(nvmlDeviceGetCreatableVgpus, (nvml_abi_device, uint32_t *, nvml_abi_vgpu_type *), DEVICE) \
    CALL(nvmlGpuInstanceGetActiveVgpus, (nvml_abi_gpu_instance, nvml_abi_active_vgpus *), OTHER) \
    CALL(nvmlDeviceGetVgpuUtilization, (nvml_abi_device, uint64_t, uint32_t *, uint32_t *, nvml_abi_vgpu_utilization *), DEVICE) \
    CALL(nvmlDeviceGetVgpuInstancesUtilizationInfo, (nvml_abi_device, nvml_abi_vgpus_utilization_info *), DEVICE) \
    CALL(nvmlVgpuInstanceGetVmID, (nvml_abi_vgpu, char *, uint32_t, uint32_t *), VGPU) \
    CALL(nvmlVgpuInstanceGetUUID, (nvml_abi_vgpu, char *, uint32_t), VGPU) \
    CALL(nvmlVgpuInstanceGetMdevUUID, (nvml_abi_vgpu, char *, uint32_t), VGPU) \
    CALL(nvmlVgpuInstanceGetVmDriverVersion, (nvml_abi_vgpu, char *, uint32_t), VGPU) \
    CALL(nvmlVgpuInstanceGetFbUsage, (nvml_abi_vgpu, uint64_t *), VGPU) \
    CALL(nvmlVgpuInstanceGetLicenseInfo_v2, (nvml_abi_vgpu, nvml_abi_license *), VGPU) \
    CALL(nvmlVgpuInstanceGetLicenseStatus, (nvml_abi_vgpu, uint32_t *), VGPU) \
    CALL(nvmlVgpuInstanceGetType, (nvml_abi_vgpu, nvml_abi_vgpu_type *), VGPU) \
    CALL(nvmlVgpuInstanceGetFrameRateLimit, (nvml_abi_vgpu, uint32_t *), VGPU) \
    CALL(nvmlVgpuInstanceGetEccMode, (nvml_abi_vgpu, uint32_t *), VGPU) \
    CALL(nvmlVgpuInstanceGetEncoderStats, (nvml_abi_vgpu, uint32_t *, uint32_t *, uint32_t *), VGPU) \
    CALL(nvmlVgpuInstanceGetEncoderSessions, (nvml_abi_vgpu, uint32_t *, nvml_abi_encoder_session *), VGPU) \
    CALL(nvmlVgpuInstanceGetGpuInstanceId, (nvml_abi_vgpu, uint32_t *), VGPU) \
    CALL(nvmlVgpuInstanceGetGpuPciId, (nvml_abi_vgpu, char *, uint32_t *), VGPU) \
    CALL(nvmlVgpuTypeGetName, (nvml_abi_vgpu_type, char *, uint32_t *), TYPE) \
    CALL(nvmlVgpuTypeGetClass, (nvml_abi_vgpu_type, char *, uint32_t *), TYPE) \
    CALL(nvmlVgpuTypeGetFramebufferSize, (nvml_abi_vgpu_type, uint64_t *), TYPE) \
    CALL(nvmlVgpuTypeGetMaxInstances, (nvml_abi_device, nvml_abi_vgpu_type, uint32_t *), DEVICE) \
    CALL(nvmlVgpuTypeGetMaxInstancesPerVm, (nvml_abi_vgpu_type, uint32_t *), TYPE) \
    CALL(nvmlVgpuTypeGetFrameRateLimit, (nvml_abi_vgpu_type, uint32_t *), TYPE) \
    CALL(nvmlVgpuTypeGetNumDisplayHeads, (nvml_abi_vgpu_type, uint32_t *), TYPE)
