import Metrics

/// How much a card works, and its memory.
enum WorkTable {
    static func declare(in table: inout FactTable, _ catalogue: inout Catalogue) {
        table.gauge(
            &catalogue, "utilization_ratio", "Share of the time in which any kernel ran on the card, 0-1.", .utilization,
            source: "nvmlDeviceGetUtilizationRates gpu / 100")
        table.gauge(
            &catalogue, "memory_bandwidth_utilization_ratio", "Share of the time in which the card's memory was read or written, 0-1.",
            .memoryUtilization, source: "nvmlDeviceGetUtilizationRates memory / 100")
        let memory = "nvmlDeviceGetMemoryInfo_v2 "
        table.gauge(
            &catalogue, "memory_used_bytes",
            "Memory of the card that is allocated, without what the driver reserves; with it where the driver knows only the older call.",
            .memoryUsed, source: memory + "used, else nvmlDeviceGetMemoryInfo used")
        table.gauge(&catalogue, "memory_total_bytes", "Memory of the card.", .memoryTotal, source: memory + "total")
        table.gauge(&catalogue, "memory_free_bytes", "Memory of the card that is free.", .memoryFree, source: memory + "free")
        table.gauge(
            &catalogue, "memory_reserved_bytes", "Memory that driver and firmware keep for themselves.", .memoryReserved,
            source: memory + "reserved")
        let engines: [(String, Fact, String, String)] = [
            ("encoder", .encoder, "video encoder", "nvmlDeviceGetEncoderUtilization"),
            ("decoder", .decoder, "video decoder", "nvmlDeviceGetDecoderUtilization"),
            ("jpeg", .jpeg, "JPEG engine", "nvmlDeviceGetJpgUtilization"),
            ("ofa", .ofa, "optical flow engine", "nvmlDeviceGetOfaUtilization"),
        ]
        for (name, fact, engine, call) in engines {
            table.gauge(
                &catalogue, "\(name)_utilization_ratio", "Share of the time in which the \(engine) was at work, 0-1.", fact,
                source: "\(call) utilization / 100")
        }
        table.gauge(
            &catalogue, "encoder_sessions", "Sessions of the video encoder.", .encoderSessions,
            source: "nvmlDeviceGetEncoderStats sessionCount")
        table.gauge(
            &catalogue, "processes", "Processes that have a context on the card.", by: "kind",
            [("compute", .computeProcesses), ("graphics", .graphicsProcesses)],
            source: "nvmlDeviceGetComputeRunningProcesses_v3, nvmlDeviceGetGraphicsRunningProcesses_v3")
        table.gauge(&catalogue, "mig_enabled", "1 if the card is divided by MIG.", .migEnabled, source: "nvmlDeviceGetMigMode currentMode")
    }
}

/// Power, heat and clocks.
enum PowerTable {
    static func declare(in table: inout FactTable, _ catalogue: inout Catalogue) {
        table.gauge(
            &catalogue, "temperature_celsius", "Temperature.", by: "sensor", [("core", .temperature), ("memory", .memoryTemperature)],
            source: "nvmlDeviceGetTemperatureV temperature, nvmlDeviceGetFieldValues 82")
        table.gauge(
            &catalogue, "temperature_limit_celsius",
            "Temperature at which the card shuts down, slows down, slows its memory down, or that it is kept below.", by: "kind",
            TemperatureLimit.allCases.map { ($0.rawValue, .temperatureLimit($0)) },
            source: "nvmlDeviceGetTemperatureThreshold 0-3, else temperature + margin - nvmlDeviceGetFieldValues 193, 194, 196")
        table.gauge(
            &catalogue, "temperature_margin_celsius",
            "Degrees to the limit that the card keeps below, as the driver tells them of newer cards; below 0 it is past it.",
            .temperatureMargin, source: "nvmlDeviceGetMarginTemperature")
        table.gauge(&catalogue, "power_watts", "Power that the card draws.", .power, source: "nvmlDeviceGetPowerUsage / 1000")
        table.gauge(
            &catalogue, "power_limit_watts",
            "Limit of the power that holds now, that was set, that is the card's standard, and the least and most that can be set.",
            by: "kind", PowerLimit.allCases.map { ($0.rawValue, .powerLimit($0)) },
            source: "nvmlDeviceGetEnforcedPowerLimit, nvmlDeviceGetPowerManagementLimit, -DefaultLimit, -LimitConstraints / 1000")
        table.counter(
            &catalogue, "energy_joules_total", "Energy that the card has used since the driver was loaded.", .energy,
            source: "nvmlDeviceGetTotalEnergyConsumption / 1000")
        table.gauge(
            &catalogue, "clock_hertz", "Clock of a domain.", by: "domain", ClockDomain.allCases.map { ($0.rawValue, .clock($0)) },
            source: "nvmlDeviceGetClockInfo 0-3 * 1e6")
        table.gauge(
            &catalogue, "clock_max_hertz", "Highest clock of a domain.", by: "domain",
            ClockDomain.allCases.map { ($0.rawValue, .clockMax($0)) }, source: "nvmlDeviceGetMaxClockInfo 0-3 * 1e6")
        table.gauge(
            &catalogue, "performance_state", "Performance state: 0 is the fastest, 15 the slowest.", .performanceState,
            source: "nvmlDeviceGetPerformanceState")
        table.gauge(
            &catalogue, "fan_speed_ratio", "Speed that the fan is told to have, 1 being the highest.", .fan,
            source: "nvmlDeviceGetFanSpeed / 100")
        table.gauge(
            &catalogue, "throttle_active", "1 while this holds the clocks back, 0 while it does not.", by: "reason",
            ThrottleReason.allCases.map { ($0.rawValue, .throttle($0)) },
            source: "nvmlDeviceGetCurrentClocksEventReasons, else nvmlDeviceGetCurrentClocksThrottleReasons")
        table.counter(
            &catalogue, "throttled_seconds_total", "Time for which this held the clocks back.", by: "reason",
            HeldReason.allCases.map { ($0.rawValue, .held($0)) }, source: "nvmlDeviceGetFieldValues 74-79, 269-271 / 1e9")
    }
}
