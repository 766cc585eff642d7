import JSON

/// The truth, for tests: what the state file says, in NVML's units.
extension GPUState {
    func json() -> [UInt8] {
        var json = JSONWriter(reservingBytes: 4096 + cards.count * 4096)
        json.object { json in
            json.member("time", unixSeconds)
            json.member("driver_version", driver.version)
            json.member("nvml_version", driver.libraryVersion)
            json.member("cuda_version", driver.cuda)
            json.member("driver_code", driverCode)
            json.key("cards")
            json.array { json in
                for card in cards { json.object { card.write(into: &$0) } }
            }
            json.key("events")
            json.array { json in
                for event in events {
                    json.object { json in
                        json.member("time", event.unixSeconds)
                        json.member("card", event.card)
                        json.member("xid", event.xid)
                    }
                }
            }
        }
        return json.bytes
    }
}

extension CardReading {
    fileprivate func write(into json: inout JSONWriter) {
        let make = plan.make
        json.member("index", plan.index)
        json.member("name", make.name)
        json.member("uuid", plan.uuid)
        json.member("serial", plan.serial)
        json.member("bus_id", plan.busID)
        json.member("role", "\(plan.role)")
        json.member("code", condition.rawValue)
        json.member("hangs", hangs)
        json.member("utilization_percent", processorsPercent)
        json.member("memory_utilization_percent", memoryPercent)
        json.member("encoder_percent", encoderPercent)
        json.member("decoder_percent", decoderPercent)
        json.member("memory_total_bytes", make.memoryBytes)
        json.member("memory_reserved_bytes", make.reservedBytes)
        json.member("memory_used_bytes", usedBytes)
        json.member("memory_free_bytes", freeBytes)
        json.member("bar1_total_bytes", make.bar1Bytes)
        json.member("bar1_used_bytes", bar1UsedBytes)
        json.member("power_milliwatts", powerMilliwatts)
        json.member("power_limit_milliwatts", Int(make.powerLimit * 1000))
        json.member("power_least_milliwatts", Int(make.leastPowerLimit * 1000))
        json.member("energy_millijoules", energyMillijoules)
        json.member("temperature_celsius", celsius)
        if let memoryCelsius { json.member("memory_temperature_celsius", memoryCelsius) }
        json.member("operating_limit_celsius", make.operatingLimit)
        json.member("slowdown_limit_celsius", make.slowdownLimit)
        json.member("shutdown_limit_celsius", make.shutdownLimit)
        json.member("sm_clock_mhz", clocks.processors)
        json.member("memory_clock_mhz", clocks.memory)
        json.member("video_clock_mhz", clocks.video)
        json.member("sm_clock_max_mhz", make.clocks.processors)
        json.member("memory_clock_max_mhz", make.clocks.memory)
        json.member("reasons", reasons)
        json.key("held_nanoseconds")
        json.object { json in
            json.member("power_cap", heldNanoseconds.powerCap)
            json.member("sw_thermal", heldNanoseconds.software)
            json.member("hw_thermal", heldNanoseconds.hardware)
            json.member("power_brake", heldNanoseconds.powerBrake)
        }
        json.member("performance_state", performanceState)
        if let fanPercent { json.member("fan_percent", fanPercent) }
        json.member("ecc", hasECC)
        if hasECC { writeErrors(into: &json) }
        json.member("recovery_action", recoveryAction)
        json.member("pcie_generation", make.pcieGeneration)
        json.member("pcie_sent_bytes", sentBytes)
        json.member("pcie_received_bytes", receivedBytes)
        json.member("pcie_sent_kilobytes_per_second", sentKilobytesPerSecond)
        json.member("pcie_received_kilobytes_per_second", receivedKilobytesPerSecond)
        json.member("pcie_replays", busReplays)
        json.member("links", make.links)
        json.member("link_replays", linkReplays)
        json.member("encoder_sessions", encoderSessions)
        writeTenants(into: &json)
    }

    private func writeErrors(into json: inout JSONWriter) {
        json.member("ecc_corrected", correctedErrors)
        json.member("ecc_corrected_aggregate", correctedErrors + plan.correctedErrors * 5)
        json.member("ecc_uncorrected", uncorrectedErrors)
        json.member("remapped_correctable", plan.remappedRows)
        json.member("remapped_uncorrectable", remappedUncorrectable)
        json.member("remap_pending", isRemapPending)
    }

    private func writeTenants(into json: inout JSONWriter) {
        json.key("processes")
        json.array { json in
            for process in processes {
                json.object { json in
                    json.member("pid", process.pid)
                    json.member("name", process.name)
                    json.member("owner_kind", process.tenant.kind.rawValue)
                    json.member("owner_id", process.tenant.id)
                    json.member("owner", process.tenant.name)
                    json.member("kind", process.draws ? "graphics" : "compute")
                    json.member("memory_bytes", process.memoryBytes)
                    json.member("sm_percent", process.processors)
                    json.member("memory_percent", process.memory)
                    json.member("encoder_percent", process.encoder)
                    json.member("decoder_percent", process.decoder)
                    if let instance = process.gpuInstance { json.member("gpu_instance", instance) }
                }
            }
        }
        json.key("mig_devices")
        json.array { json in
            for instance in instances {
                json.object { json in
                    json.member("name", instance.name)
                    json.member("profile", instance.plan.profile)
                    json.member("uuid", instance.uuid)
                    json.member("gpu_instance", instance.gpuInstance)
                    json.member("compute_instance", instance.computeInstance)
                    json.member("multiprocessors", instance.plan.processors)
                    json.member("memory_total_bytes", instance.totalBytes)
                    json.member("memory_used_bytes", instance.usedBytes)
                    json.key("activity")
                    Self.write(instance.activity, into: &json)
                }
            }
        }
        json.key("activity")
        Self.write(activity, into: &json)
        json.key("vgpus")
        json.array { json in
            for vgpu in vgpus { json.object { vgpu.write(into: &$0) } }
        }
    }

    /// By number of the metric.
    private static func write(_ activity: [Activity], into json: inout JSONWriter) {
        json.object { json in
            for metric in activity {
                json.key(text: String(metric.metric))
                json.number(metric.percent)
            }
        }
    }
}

extension CardReading.VGPU {
    fileprivate func write(into json: inout JSONWriter) {
        json.member("vmid", vmid)
        json.member("vm_name", vmName)
        json.member("vm_uuid", vmUUID)
        json.member("uuid", uuid)
        if let mdevUUID { json.member("mdev_uuid", mdevUUID) }
        json.member("type", GPUState.vgpuTypeName)
        json.member("guest_driver", guestDriver)
        json.member("framebuffer_used_bytes", framebufferUsedBytes)
        json.member("framebuffer_total_bytes", GPUState.vgpuFramebufferBytes)
        json.member("licensed", isLicensed)
        json.member("license_state", licenseState)
        json.member("frame_rate_limit", frameRateLimit)
        json.member("active", isActive)
        json.member("sm_percent", processors)
        json.member("memory_percent", memory)
        json.member("encoder_percent", encoder)
        json.member("decoder_percent", decoder)
        json.member("encoder_sessions", encoderSessions)
    }
}
