import NVMLABI
import NVMLShim

extension NVMLLibrary {
    /// Calls that give one number of 32 bits; nil for the others.
    func singles(_ call: NVMLCall, _ handle: UInt, _ arguments: CallArguments) -> NumbersReply? {
        var value: UInt32 = 0
        let code: Int32
        let first = arguments.first
        switch call {
        case .count: code = mlt_nvml_device_count(library, &value)
        case .minorNumber: code = mlt_nvml_minor_number(library, handle, &value)
        case .architecture: code = mlt_nvml_architecture(library, handle, &value)
        case .virtualizationMode: code = mlt_nvml_virtualization_mode(library, handle, &value)
        case .power: code = mlt_nvml_power_usage(library, handle, &value)
        case .powerLimitEnforced: code = mlt_nvml_power_limit_enforced(library, handle, &value)
        case .powerLimit: code = mlt_nvml_power_limit(library, handle, &value)
        case .powerLimitDefault: code = mlt_nvml_power_limit_default(library, handle, &value)
        case .temperaturePlain: code = mlt_nvml_temperature(library, handle, first, &value)
        case .temperatureThreshold: code = mlt_nvml_temperature_threshold(library, handle, first, &value)
        case .fanSpeed: code = mlt_nvml_fan_speed(library, handle, &value)
        case .clock: code = mlt_nvml_clock(library, handle, first, &value)
        case .clockMax: code = mlt_nvml_clock_max(library, handle, first, &value)
        case .performanceState: code = mlt_nvml_performance_state(library, handle, &value)
        case .retiredPagesPending: code = mlt_nvml_retired_pages_pending(library, handle, &value)
        case .pcieGeneration: code = mlt_nvml_pcie_generation(library, handle, &value)
        case .pcieWidth: code = mlt_nvml_pcie_width(library, handle, &value)
        case .pcieGenerationMax: code = mlt_nvml_pcie_generation_max(library, handle, &value)
        case .pcieWidthMax: code = mlt_nvml_pcie_width_max(library, handle, &value)
        case .pcieReplays: code = mlt_nvml_pcie_replays(library, handle, &value)
        case .pcieThroughput: code = mlt_nvml_pcie_throughput(library, handle, first, &value)
        case .nvlinkState: code = mlt_nvml_nvlink_state(library, handle, first, &value)
        case .migDeviceLimit: code = mlt_nvml_mig_device_limit(library, handle, &value)
        case .gpuInstanceID: code = mlt_nvml_gpu_instance_id(library, handle, &value)
        case .computeInstanceID: code = mlt_nvml_compute_instance_id(library, handle, &value)
        default: return nil
        }
        return Self.reply(code, UInt64(value))
    }

    /// Handles that are made, and what a vGPU is.
    func others(_ call: NVMLCall, _ handle: UInt, _ arguments: CallArguments) -> NumbersReply {
        var made: UInt = 0
        var value: UInt32 = 0
        let vgpu = UInt32(truncatingIfNeeded: handle)
        switch call {
        case .initialize: return Self.reply(mlt_nvml_init(library, arguments.first), 0)
        case .cudaVersion:
            var version: Int32 = 0
            return Self.reply(mlt_nvml_cuda_version(library, &version), UInt64(clamping: version))
        case .handle: return Self.reply(handle: mlt_nvml_device_by_index(library, arguments.first, &made), made)
        case .migDevice: return Self.reply(handle: mlt_nvml_mig_device(library, handle, arguments.first, &made), made)
        case .gpmSupport:
            var support = nvml_abi_gpm_support()
            return Self.reply(mlt_nvml_gpm_support(library, handle, &support), UInt64(support.is_supported))
        case .gpmSampleNew: return Self.reply(handle: mlt_nvml_gpm_sample_new(library, &made), made)
        case .gpmSampleFree: return Self.reply(mlt_nvml_gpm_sample_free(library, handle), 0)
        case .gpmSampleMIG:
            // Arguments have 32 bits each, and a sample is a pointer.
            let sample = UInt(arguments.second) << 32 | UInt(arguments.third)
            return Self.reply(mlt_nvml_gpm_sample_mig(library, handle, arguments.first, sample), 0)
        case .eventSetNew: return Self.reply(handle: mlt_nvml_event_set_new(library, &made), made)
        case .registerEvents:
            let set = UInt(arguments.second) << 32 | UInt(arguments.third)
            return Self.reply(mlt_nvml_register_events(library, handle, UInt64(arguments.first), set), 0)
        case .vgpuFramebufferUsed:
            var bytes: UInt64 = 0
            return Self.reply(mlt_nvml_vgpu_framebuffer_used(library, vgpu, &bytes), bytes)
        case .vgpuLicense:
            var license = nvml_abi_license()
            let code = mlt_nvml_vgpu_license(library, vgpu, &license)
            return Self.reply(code, UInt64(license.is_licensed), UInt64(license.state))
        case .vgpuLicensePlain: return Self.reply(mlt_nvml_vgpu_license_status(library, vgpu, &value), UInt64(value))
        case .vgpuType: return Self.reply(mlt_nvml_vgpu_type(library, vgpu, &value), UInt64(value))
        case .vgpuFrameRateLimit: return Self.reply(mlt_nvml_vgpu_frame_rate_limit(library, vgpu, &value), UInt64(value))
        case .vgpuTypeFramebuffer:
            var bytes: UInt64 = 0
            return Self.reply(mlt_nvml_vgpu_type_framebuffer(library, vgpu, &bytes), bytes)
        case .vgpuTypeInstancesMax:
            return Self.reply(mlt_nvml_vgpu_type_instances_max(library, handle, arguments.first, &value), UInt64(value))
        default: return NumbersReply(code: .functionNotFound)
        }
    }

    /// A handle is a pointer: its bits are kept, and whoever uses it takes them back.
    private static func reply(handle code: Int32, _ made: UInt) -> NumbersReply {
        NumbersReply(code: ReturnCode(code), values: SIMD4(Int64(truncatingIfNeeded: made), 0, 0, 0))
    }
}

extension CallArguments {
    /// One number, and a handle in two halves.
    static func with(_ first: UInt32, handle: UInt) -> CallArguments {
        CallArguments(first: first, second: UInt32(truncatingIfNeeded: handle >> 32), third: UInt32(truncatingIfNeeded: handle))
    }
}
