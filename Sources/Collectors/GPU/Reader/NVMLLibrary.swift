import NVMLABI
import NVMLShim
import Primitives

/// The driver's own library, loaded into this process. It stays until the process ends, as drivers start threads of their own.
struct NVMLLibrary: NVML, @unchecked Sendable {
    /// Never freed, and its doors may be called from any thread.
    let library: OpaquePointer

    /// - Parameter path: nil for the driver's own, `libnvidia-ml.so.1`.
    init(path: String?) throws(Failure) {
        var reason = [CChar](repeating: 0, count: 512)
        let opened = reason.withUnsafeMutableBufferPointer { mlt_nvml_open(path, $0.baseAddress, $0.count) }
        guard let opened else { throw Self.failure(path, Self.text(reason)) }
        library = opened
    }

    /// That there is none is no fault; one that is there and cannot be loaded is.
    private static func failure(_ path: String?, _ reason: String) -> Failure {
        let name = path ?? "libnvidia-ml.so.1"
        let isThere = name.contains("/") ? Files.exists(name) : !reason.hasPrefix("\(name): cannot open shared object file: No such file")
        return Failure(isThere ? .environment : .unavailable, reason)
    }

    /// The bytes before the first 0, as far as they are UTF-8.
    private static func text(_ bytes: some Sequence<CChar>) -> String {
        String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: texts

    func text(_ call: NVMLCall, _ handle: UInt) -> TextReply {
        let vgpu = UInt32(truncatingIfNeeded: handle)
        var kind: UInt32 = 0
        var buffer = [CChar](repeating: 0, count: 256)
        let code = buffer.withUnsafeMutableBufferPointer { buffer -> Int32 in
            guard let start = buffer.baseAddress else { return ReturnCode.unknown.rawValue }
            func size(_ bytes: Int) -> UInt32 { UInt32(min(bytes, buffer.count)) }
            switch call {
            case .driverVersion: return mlt_nvml_driver_version(library, start, size(NVML_ABI_VERSION_BYTES))
            case .nvmlVersion: return mlt_nvml_version(library, start, size(NVML_ABI_VERSION_BYTES))
            case .name: return mlt_nvml_name(library, handle, start, size(NVML_ABI_NAME_BYTES))
            case .uuid: return mlt_nvml_uuid(library, handle, start, size(NVML_ABI_UUID_BYTES))
            case .pciInfo:
                var info = nvml_abi_pci_info()
                let code = mlt_nvml_pci_info(library, handle, &info)
                withUnsafeBytes(of: &info.bus_id) { bytes in
                    for (index, byte) in bytes.enumerated() { start[index] = CChar(bitPattern: byte) }
                }
                return code
            case .vgpuVM: return mlt_nvml_vgpu_vm(library, vgpu, start, size(NVML_ABI_VGPU_TEXT_BYTES), &kind)
            case .vgpuUUID: return mlt_nvml_vgpu_uuid(library, vgpu, start, size(NVML_ABI_VGPU_TEXT_BYTES))
            case .vgpuMdevUUID: return mlt_nvml_vgpu_mdev_uuid(library, vgpu, start, size(NVML_ABI_VGPU_TEXT_BYTES))
            case .vgpuGuestDriver: return mlt_nvml_vgpu_guest_driver(library, vgpu, start, size(NVML_ABI_VGPU_TEXT_BYTES))
            case .vgpuTypeName:
                var count = size(NVML_ABI_VGPU_TEXT_BYTES)
                return mlt_nvml_vgpu_type_name(library, vgpu, start, &count)
            default: return ReturnCode.functionNotFound.rawValue
            }
        }
        return TextReply(code: ReturnCode(code), text: code == 0 ? Self.text(buffer) : "", kind: Int(kind))
    }

    // MARK: lists

    func fields(_ handle: UInt, _ fields: [FieldRequest]) -> FieldsReply {
        var values = fields.map { request in
            var value = nvml_abi_field_value()
            value.field = request.field
            value.scope = request.scope
            value.code = ReturnCode.unknown.rawValue
            return value
        }
        let code = values.withUnsafeMutableBufferPointer {
            mlt_nvml_field_values(library, handle, Int32(clamping: $0.count), $0.baseAddress)
        }
        return FieldsReply(code: ReturnCode(code), fields: values.map { (ReturnCode($0.code), Self.number($0.value, $0.value_type)) })
    }

    private static func number(_ value: nvml_abi_value, _ type: UInt32) -> Double {
        switch Int(type) {
        case NVML_ABI_VALUE_DOUBLE: value.f64
        case NVML_ABI_VALUE_U32: Double(value.u32)
        case NVML_ABI_VALUE_S64: Double(value.s64)
        case NVML_ABI_VALUE_S32: Double(value.s32)
        case NVML_ABI_VALUE_U16: Double(value.u16)
        default: Double(value.u64)
        }
    }

    func processes(_ call: NVMLCall, _ handle: UInt) -> ProcessesReply {
        let kind = call == .graphicsProcesses ? MLT_NVML_PROCESSES_GRAPHICS : MLT_NVML_PROCESSES_COMPUTE
        var symbol: UnsafePointer<CChar>?
        let (code, records) = list(of: nvml_abi_process(), roomFor: 256) {
            mlt_nvml_processes(library, handle, kind, &$1, $0, &symbol)
        }
        return ProcessesReply(
            code: code, symbol: symbol.map { String(cString: $0) } ?? call.rawValue,
            records: records.map {
                ProcessesReply.Record(
                    pid: $0.pid, memory: $0.memory, gpuInstance: $0.gpu_instance, computeInstance: $0.compute_instance)
            })
    }

    func processUtilization(_ handle: UInt, since: UInt64) -> ProcessUtilizationReply {
        let (code, records) = list(of: nvml_abi_process_utilization(), roomFor: 1024) {
            mlt_nvml_process_utilization(library, handle, since, &$1, $0)
        }
        return ProcessUtilizationReply(
            code: code, records: records.map { ProcessUtilizationReply.Record(pid: $0.pid, time: $0.time, sm: $0.sm) })
    }

    func vgpus(_ handle: UInt) -> VGPUsReply {
        let (code, vgpus) = list(of: UInt32(0), roomFor: 64) { mlt_nvml_vgpus(library, handle, &$1, $0) }
        return VGPUsReply(code: code, vgpus: vgpus)
    }

    func vgpuUtilization(_ handle: UInt, since: UInt64) -> VGPUUtilizationReply {
        // Asked for the size, it says that there is not enough room for what there is.
        var (type, size): (UInt32, UInt32) = (0, 0)
        let first = ReturnCode(mlt_nvml_vgpu_utilization(library, handle, since, &type, &size, nil))
        guard first == .insufficientSize || first == .success && size > 0 else { return VGPUUtilizationReply(code: first) }
        let (code, records) = list(of: nvml_abi_vgpu_utilization(), roomFor: Int(size) + 16) {
            mlt_nvml_vgpu_utilization(library, handle, since, &type, &$1, $0)
        }
        return VGPUUtilizationReply(
            code: code,
            records: records.map {
                VGPUUtilizationReply.Record(
                    vgpu: $0.vgpu, time: $0.time, sm: Self.number($0.sm, type), memory: Self.number($0.memory, type),
                    encoder: Self.number($0.encoder, type), decoder: Self.number($0.decoder, type))
            })
    }

    /// Asks with room for some, and once more when there are more.
    private func list<Record>(
        of empty: Record, roomFor room: Int, _ ask: (UnsafeMutablePointer<Record>?, inout UInt32) -> Int32
    ) -> (ReturnCode, [Record]) {
        var room = min(max(1, room), Self.recordLimit)
        for _ in 0..<3 {
            var records = [Record](repeating: empty, count: room)
            var count = UInt32(room)
            let code = ReturnCode(records.withUnsafeMutableBufferPointer { ask($0.baseAddress, &count) })
            if code == .insufficientSize, room < Self.recordLimit {
                room = min(max(Int(count) + 64, 2 * room), Self.recordLimit)
                continue
            }
            guard code == .success else { return (code, []) }
            return (code, Array(records.prefix(Int(count))))
        }
        return (.insufficientSize, [])
    }

    private static let recordLimit = 1 << 16

    // MARK: activity and events

    func gpmMetrics(_ first: UInt, _ second: UInt, _ metrics: [UInt32]) -> GPMReply {
        var values = metrics.map { metric in
            var value = nvml_abi_gpm_metric()
            value.metric = metric
            value.code = ReturnCode.unknown.rawValue
            return value
        }
        let code = values.withUnsafeMutableBufferPointer {
            mlt_nvml_gpm_metrics(library, first, second, $0.baseAddress, UInt32(clamping: $0.count))
        }
        return GPMReply(code: ReturnCode(code), values: values.map { $0.code == 0 ? $0.value : nil })
    }

    func waitForEvent(_ set: UInt, milliseconds: UInt32) -> EventReply {
        var event = nvml_abi_event()
        let code = mlt_nvml_event_wait(library, set, &event, milliseconds)
        return EventReply(code: ReturnCode(code), device: event.device, type: event.type, data: event.data)
    }

    // MARK: numbers

    func numbers(_ call: NVMLCall, _ handle: UInt, _ arguments: CallArguments) -> NumbersReply {
        if let reply = singles(call, handle, arguments) { return reply }
        var (a, b, c, d): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
        let code: Int32
        switch call {
        case .utilization:
            var value = nvml_abi_utilization()
            code = mlt_nvml_utilization(library, handle, &value)
            (a, b) = (value.gpu, value.memory)
        case .memory:
            var value = nvml_abi_memory_v2()
            code = mlt_nvml_memory_v2(library, handle, &value)
            return Self.reply(code, value.total, value.reserved, value.free, value.used)
        case .memoryPlain:
            var value = nvml_abi_memory()
            code = mlt_nvml_memory(library, handle, &value)
            return Self.reply(code, value.total, 0, value.free, value.used)
        case .encoder: code = mlt_nvml_encoder_utilization(library, handle, &a, &b)
        case .decoder: code = mlt_nvml_decoder_utilization(library, handle, &a, &b)
        case .jpeg: code = mlt_nvml_jpeg_utilization(library, handle, &a, &b)
        case .ofa: code = mlt_nvml_ofa_utilization(library, handle, &a, &b)
        case .encoderStats: code = mlt_nvml_encoder_stats(library, handle, &a, &b, &c)
        case .powerLimitConstraints: code = mlt_nvml_power_limit_constraints(library, handle, &a, &b)
        case .energy:
            var value: UInt64 = 0
            code = mlt_nvml_energy(library, handle, &value)
            return Self.reply(code, value)
        case .temperature:
            var value = nvml_abi_temperature()
            value.sensor = arguments.first
            code = mlt_nvml_temperature_v(library, handle, &value)
            return NumbersReply(code: ReturnCode(code), values: SIMD4(Int64(value.celsius), 0, 0, 0))
        case .temperatureMargin:
            var value = nvml_abi_margin()
            code = mlt_nvml_temperature_margin(library, handle, &value)
            return NumbersReply(code: ReturnCode(code), values: SIMD4(Int64(value.celsius), 0, 0, 0))
        case .eventReasons, .throttleReasons:
            var value: UInt64 = 0
            code =
                call == .eventReasons
                ? mlt_nvml_event_reasons(library, handle, &value) : mlt_nvml_throttle_reasons(library, handle, &value)
            return Self.reply(code, value)
        case .eccMode: code = mlt_nvml_ecc_mode(library, handle, &a, &b)
        case .eccTotal:
            var value: UInt64 = 0
            code = mlt_nvml_ecc_total(library, handle, arguments.first, arguments.second, &value)
            return Self.reply(code, value)
        case .eccAt:
            var value: UInt64 = 0
            code = mlt_nvml_ecc_at(library, handle, arguments.first, arguments.second, arguments.third, &value)
            return Self.reply(code, value)
        case .remappedRows: code = mlt_nvml_remapped_rows(library, handle, &a, &b, &c, &d)
        case .migMode: code = mlt_nvml_mig_mode(library, handle, &a, &b)
        default: return others(call, handle, arguments)
        }
        return Self.reply(code, UInt64(a), UInt64(b), UInt64(c), UInt64(d))
    }

    static func reply(_ code: Int32, _ a: UInt64, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0) -> NumbersReply {
        let values = SIMD4(Int64(clamping: a), Int64(clamping: b), Int64(clamping: c), Int64(clamping: d))
        return NumbersReply(code: ReturnCode(code), values: values)
    }
}
