/// A release of the driver: what it calls itself, and which calls it does not have yet.
struct GPUDriver: Sendable {
    let version: String
    let libraryVersion: String
    /// 13000 is 13.0.
    let cuda: Int
    /// Symbols that came later.
    let absent: [String]

    var isOld: Bool { !absent.isEmpty }

    static let current = GPUDriver(version: "580.95.05", libraryVersion: "13.580.95.05", cuda: 13000, absent: [])

    /// The last field that an old driver knows.
    static let lastOldField = 170
    /// One of 2020.
    static let old = GPUDriver(
        version: "450.248.02", libraryVersion: "11.450.248.02", cuda: 11000,
        absent: [
            "nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetTemperatureV", "nvmlDeviceGetMarginTemperature",
            "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetSupportedClocksEventReasons", "nvmlDeviceGetSramEccErrorStatus",
            "nvmlDeviceGetRemappedRows_v2", "nvmlDeviceGetJpgUtilization", "nvmlDeviceGetOfaUtilization", "nvmlDeviceGetNumFans",
            "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2",
            "nvmlDeviceGetGraphicsRunningProcesses_v3",
            "nvmlDeviceGetGraphicsRunningProcesses_v2", "nvmlDeviceGetMPSComputeRunningProcesses_v3",
            "nvmlDeviceGetMPSComputeRunningProcesses_v2", "nvmlDeviceGetMPSComputeRunningProcesses",
            "nvmlDeviceGetProcessesUtilizationInfo",
            "nvmlDeviceGetGpuMaxPcieLinkGeneration", "nvmlGpmQueryDeviceSupport", "nvmlGpmSampleAlloc", "nvmlGpmSampleFree",
            "nvmlGpmSampleGet", "nvmlGpmMigSampleGet", "nvmlGpmMetricsGet", "nvmlEventSetWait_v2", "nvmlGpuInstanceGetActiveVgpus",
            "nvmlDeviceGetVgpuInstancesUtilizationInfo", "nvmlVgpuInstanceGetLicenseInfo_v2", "nvmlVgpuInstanceGetGpuPciId",
        ])
}
