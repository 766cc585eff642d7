import SimulatedNVMLState

/// What a card answers to calls that it does not know, and to all of them when it is lost.
struct CardSupport {
    /// By position of the call: what the card, and what its MIG devices answer; 0 for an answer.
    private(set) var codes: [(card: Int, instance: Int)]

    private static let notSupported = 3

    /// Positions of calls by their symbols.
    private static let positions: [String: Int] = Dictionary(
        uniqueKeysWithValues: (0..<Int(mlt_sim_call_count())).compactMap { position in
            mlt_sim_call_name(Int32(position)).map { (String(cString: $0), position) }
        })

    /// nil for a call that nobody knows.
    static func position(of symbol: String) -> Int? { positions[symbol] }
    static func symbol(at position: Int) -> String? { mlt_sim_call_name(Int32(position)).map { String(cString: $0) } }

    private static let ofSharing = [
        "nvmlDeviceGetHostVgpuMode", "nvmlDeviceGetActiveVgpus", "nvmlDeviceGetSupportedVgpus", "nvmlDeviceGetCreatableVgpus",
        "nvmlDeviceGetVgpuUtilization", "nvmlDeviceGetVgpuInstancesUtilizationInfo", "nvmlVgpuTypeGetMaxInstances",
        "nvmlGpuInstanceGetActiveVgpus",
    ]
    private static let ofFans = ["nvmlDeviceGetFanSpeed", "nvmlDeviceGetFanSpeed_v2"]
    /// Cards since Ampere exchange rows instead.
    private static let ofRetirement = [
        "nvmlDeviceGetRetiredPages", "nvmlDeviceGetRetiredPages_v2", "nvmlDeviceGetRetiredPagesPendingStatus",
    ]
    private static let ofInstances = ["nvmlDeviceGetMigMode", "nvmlDeviceGetMigDeviceHandleByIndex", "nvmlDeviceGetGpuInstanceById"]
    private static let ofCorrection = [
        "nvmlDeviceGetTotalEccErrors", "nvmlDeviceGetMemoryErrorCounter", "nvmlDeviceGetSramEccErrorStatus", "nvmlDeviceGetRemappedRows",
        "nvmlDeviceGetRemappedRows_v2", "nvmlDeviceGetRowRemapperHistogram",
    ]
    /// What a card cannot tell of itself once it is in MIG devices.
    private static let ofWholeCards = [
        "nvmlDeviceGetUtilizationRates", "nvmlDeviceGetEncoderUtilization", "nvmlDeviceGetDecoderUtilization",
        "nvmlDeviceGetJpgUtilization",
        "nvmlDeviceGetOfaUtilization", "nvmlDeviceGetProcessUtilization", "nvmlDeviceGetProcessesUtilizationInfo", "nvmlGpmSampleGet",
    ]
    /// What a MIG device tells.
    private static let knownToInstances: Set<String> = [
        "nvmlDeviceGetName", "nvmlDeviceGetUUID", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceIsMigDeviceHandle",
        "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", "nvmlDeviceGetGpuInstanceId", "nvmlDeviceGetComputeInstanceId",
        "nvmlDeviceGetAttributes_v2",
        "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2", "nvmlDeviceGetComputeRunningProcesses",
        "nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2", "nvmlDeviceGetGraphicsRunningProcesses",
        "nvmlDeviceGetMPSComputeRunningProcesses_v3", "nvmlDeviceGetMPSComputeRunningProcesses_v2",
        "nvmlDeviceGetMPSComputeRunningProcesses",
    ]
    private static let forInstances: [Int] = (0..<Int(mlt_sim_call_count())).map { position in
        mlt_sim_call_is_of_device(Int32(position)) != 0 && !knownToInstances.contains(symbol(at: position) ?? "") ? notSupported : 0
    }

    init(_ card: CardReading) {
        codes = Self.forInstances.map { (0, $0) }
        let make = card.plan.make
        if card.plan.role != .shared { refuse(Self.ofSharing) }
        if !make.hasFans { refuse(Self.ofFans) }
        if make.architecture >= 7 { refuse(Self.ofRetirement) }
        if !make.hasInstances { refuse(Self.ofInstances) }
        if !make.hasActivity { refuse(["nvmlGpmSampleGet", "nvmlGpmMigSampleGet"]) }
        if !card.hasECC { refuse(Self.ofCorrection) }
        if !card.plan.instances.isEmpty { refuse(Self.ofWholeCards) }
        guard card.condition != .well else { return }
        let code = card.condition.rawValue
        codes = codes.map { _ in (code, code) }
    }

    private mutating func refuse(_ symbols: [String]) {
        for symbol in symbols {
            if let position = Self.positions[symbol] { codes[position].card = Self.notSupported }
        }
    }
}
