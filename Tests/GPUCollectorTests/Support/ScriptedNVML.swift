import Synchronization

@testable import GPUCollector

/// A card that answers from a script: an H200 at work, that is divided by MIG or gives vGPUs where that is wanted, and any code at any call.
final class ScriptedNVML: NVML {
    struct State {
        /// Of calls that are to fail; of processes the numbers are those of the lists.
        var codes: [NVMLCall: ReturnCode] = [:]
        /// The same for one argument of a call.
        var codesOfArguments: [NVMLCall: [UInt32: ReturnCode]] = [:]
        var fieldCodes: [UInt32: ReturnCode] = [:]
        var asked: [NVMLCall: Int] = [:]
        var numbers: [NVMLCall: SIMD4<Int64>] = ScriptedNVML.numbers
        var texts: [NVMLCall: String] = ScriptedNVML.texts
        var compute: [ProcessesReply.Record] = [.init(pid: 101, memory: 4 << 30), .init(pid: 102, memory: 2 << 30)]
        var graphics: [ProcessesReply.Record] = [.init(pid: 102, memory: 2 << 30), .init(pid: 103, memory: 1 << 20)]
        var utilization: [ProcessUtilizationReply.Record] = [.init(pid: 101, time: 1_000_000, sm: 60)]
        var hasMIG = false
        var vgpus: [UInt32] = []
        var vgpuUtilization: [VGPUUtilizationReply.Record] = []
        var events: [EventReply] = []
    }

    let state = Mutex(State())

    static let card: UInt = 0x7000_0000_0001
    private static let mig: UInt = 0x7000_0000_0100

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    func asked(_ call: NVMLCall) -> Int { state.withLock { $0.asked[call] ?? 0 } }

    static let numbers: [NVMLCall: SIMD4<Int64>] = [
        .initialize: [0, 0, 0, 0], .cudaVersion: [12080, 0, 0, 0], .count: [1, 0, 0, 0], .handle: [Int64(card), 0, 0, 0],
        .minorNumber: [3, 0, 0, 0], .architecture: [9, 0, 0, 0], .virtualizationMode: [0, 0, 0, 0], .utilization: [73, 41, 0, 0],
        .memory: [150_754_820_096, 640_000_000, 50_000_000_000, 100_114_820_096],
        .memoryPlain: [150_754_820_096, 0, 50_000_000_000, 100_754_820_096], .encoder: [5, 1000, 0, 0], .decoder: [6, 1000, 0, 0],
        .jpeg: [7, 1000, 0, 0], .ofa: [8, 1000, 0, 0], .encoderStats: [2, 30, 900, 0], .power: [412_345, 0, 0, 0],
        .powerLimitEnforced: [700_000, 0, 0, 0], .powerLimit: [700_000, 0, 0, 0], .powerLimitDefault: [700_000, 0, 0, 0],
        .powerLimitConstraints: [200_000, 700_000, 0, 0], .energy: [987_654_321, 0, 0, 0], .temperature: [61, 0, 0, 0],
        .temperaturePlain: [61, 0, 0, 0], .temperatureThreshold: [90, 0, 0, 0], .temperatureMargin: [26, 0, 0, 0],
        .fanSpeed: [35, 0, 0, 0], .clock: [1980, 0, 0, 0],
        .clockMax: [1980, 0, 0, 0], .eventReasons: [4, 0, 0, 0], .throttleReasons: [4, 0, 0, 0], .performanceState: [2, 0, 0, 0],
        .eccMode: [1, 1, 0, 0], .eccTotal: [10, 0, 0, 0], .eccAt: [1, 0, 0, 0], .retiredPagesPending: [0, 0, 0, 0],
        .remappedRows: [1, 2, 0, 0], .pcieGeneration: [5, 0, 0, 0], .pcieWidth: [16, 0, 0, 0], .pcieGenerationMax: [5, 0, 0, 0],
        .pcieWidthMax: [16, 0, 0, 0], .pcieReplays: [3, 0, 0, 0], .pcieThroughput: [77, 0, 0, 0], .nvlinkState: [1, 0, 0, 0],
        .migMode: [0, 0, 0, 0], .migDeviceLimit: [7, 0, 0, 0], .migDevice: [Int64(mig), 0, 0, 0], .gpuInstanceID: [2, 0, 0, 0],
        .computeInstanceID: [0, 0, 0, 0], .gpmSupport: [1, 0, 0, 0], .gpmSampleNew: [9, 0, 0, 0], .gpmSampleFree: [0, 0, 0, 0],
        .gpmSampleMIG: [0, 0, 0, 0], .eventSetNew: [5, 0, 0, 0], .registerEvents: [0, 0, 0, 0], .vgpuType: [557, 0, 0, 0],
        .vgpuFramebufferUsed: [1 << 30, 0, 0, 0], .vgpuLicense: [1, 5, 0, 0], .vgpuLicensePlain: [1, 0, 0, 0],
        .vgpuFrameRateLimit: [60, 0, 0, 0], .vgpuTypeFramebuffer: [8 << 30, 0, 0, 0], .vgpuTypeInstancesMax: [6, 0, 0, 0],
    ]

    static let texts: [NVMLCall: String] = [
        .driverVersion: "575.57.08", .nvmlVersion: "12.575.57.08", .name: "NVIDIA H200", .uuid: "GPU-1", .pciInfo: "00000000:18:00.0",
        .vgpuVM: "0A0A0A0A-1111-2222-3333-444444444444", .vgpuUUID: "vgpu-1", .vgpuMdevUUID: "00000000-0000-0000-0000-000000000101",
        .vgpuGuestDriver: "570.1", .vgpuTypeName: "NVIDIA L40S-8Q",
    ]

    private func code(_ call: NVMLCall, _ arguments: CallArguments = CallArguments()) -> ReturnCode {
        state.withLock { state in
            state.asked[call, default: 0] += 1
            return state.codesOfArguments[call]?[arguments.first] ?? state.codes[call] ?? .success
        }
    }

    func numbers(_ call: NVMLCall, _ handle: UInt, _ arguments: CallArguments) -> NumbersReply {
        let code = code(call, arguments)
        guard code == .success else { return NumbersReply(code: code, values: [7, 7, 7, 7]) }
        if call == .migDevice, arguments.first > 0 { return NumbersReply(code: .notFound) }
        if call == .nvlinkState, arguments.first >= 18 { return NumbersReply(code: .invalidArgument) }
        return state.withLock { state in
            if call == .migMode { return NumbersReply(code: .success, values: [state.hasMIG ? 1 : 0, 0, 0, 0]) }
            guard let values = state.numbers[call] else { return NumbersReply(code: .functionNotFound) }
            return NumbersReply(code: .success, values: values)
        }
    }

    func text(_ call: NVMLCall, _ handle: UInt) -> TextReply {
        let code = code(call)
        guard code == .success else { return TextReply(code: code, text: "garbage") }
        if handle == Self.mig { return TextReply(code: .success, text: call == .uuid ? "MIG-1" : "NVIDIA H200 MIG 1g.18gb") }
        return state.withLock { TextReply(code: .success, text: $0.texts[call] ?? "", kind: call == .vgpuVM ? 1 : 0) }
    }

    func fields(_ handle: UInt, _ fields: [FieldRequest]) -> FieldsReply {
        let code = code(.fieldValues)
        return state.withLock { state in
            FieldsReply(
                code: code,
                fields: fields.map { request in
                    // Of NVLink this driver knows the older counters only.
                    if request.field == 202 || request.field == 204 { return (.notSupported, 0) }
                    return (state.fieldCodes[request.field] ?? .success, Double(request.field) * 1000)
                })
        }
    }

    func processes(_ call: NVMLCall, _ handle: UInt) -> ProcessesReply {
        let code = code(call)
        return state.withLock { state in
            ProcessesReply(
                code: code, symbol: call.rawValue,
                records: code == .success ? (call == .computeProcesses ? state.compute : state.graphics) : [.init(pid: 7, memory: 7)])
        }
    }

    func processUtilization(_ handle: UInt, since: UInt64) -> ProcessUtilizationReply {
        let code = code(.processUtilization)
        return state.withLock { state in
            let records = state.utilization.filter { $0.time > since }
            if code == .success, records.isEmpty { return ProcessUtilizationReply(code: .notFound) }
            return ProcessUtilizationReply(code: code, records: records)
        }
    }

    func vgpus(_ handle: UInt) -> VGPUsReply {
        let code = code(.vgpus)
        return state.withLock { VGPUsReply(code: code, vgpus: $0.vgpus) }
    }

    func vgpuUtilization(_ handle: UInt, since: UInt64) -> VGPUUtilizationReply {
        let code = code(.vgpuUtilization)
        return state.withLock { state in
            let records = state.vgpuUtilization.filter { $0.time > since }
            if code == .success, records.isEmpty { return VGPUUtilizationReply(code: .notFound) }
            return VGPUUtilizationReply(code: code, records: records)
        }
    }

    func gpmMetrics(_ first: UInt, _ second: UInt, _ metrics: [UInt32]) -> GPMReply {
        let code = code(.gpmMetrics)
        return GPMReply(code: code, values: metrics.map { Double($0) * 2 })
    }

    func waitForEvent(_ set: UInt, milliseconds: UInt32) -> EventReply {
        let code = code(.eventWait)
        return state.withLock { state in
            guard code == .success else { return EventReply(code: code) }
            return state.events.isEmpty ? EventReply(code: .timeout) : state.events.removeFirst()
        }
    }
}
