/// CPUs.
extension WindowsExposition {
    /// The `windows_cpu_` families. What is idle, user and privileged makes up the uptime; interrupts are part of what is privileged.
    func writeProcessors(into writer: inout ExpositionWriter) {
        let cores = (0..<guest.cpus).map { "0,\($0)" }
        let work = state.workSeconds
        let frequency = 3250.0
        let ticks = (uptimeSeconds * 64).rounded(.down)
        func each(_ name: StaticString, _ kind: ExpositionWriter.Kind, _ help: StaticString, _ value: Double) {
            writer.family(name, kind, help)
            for core in cores { writer.sample(["core": core], value) }
        }
        each("windows_cpu_clock_interrupts_total", .counter, "Interrupts by the clock.", ticks)
        each("windows_cpu_core_frequency_mhz", .gauge, "Frequency in megahertz.", frequency)
        let idle = max(0, uptimeSeconds - work)
        writer.family("windows_cpu_cstate_seconds_total", .counter, "Seconds in a state that saves power.")
        for core in cores {
            writer.sample(["core": core, "state": "c1"], idle * 0.98)
            writer.sample(["core": core, "state": "c2"], 0)
            writer.sample(["core": core, "state": "c3"], 0)
        }
        each("windows_cpu_dpcs_total", .counter, "Deferred calls.", (work * 300).rounded(.down))
        each("windows_cpu_idle_break_events_total", .counter, "How often something woke it.", (uptimeSeconds * 90).rounded(.down))
        each("windows_cpu_interrupts_total", .counter, "Interrupts by devices.", (uptimeSeconds * 150 + work * 800).rounded(.down))
        writer.single("windows_cpu_logical_processor", .gauge, "Logical processors.", Double(guest.cpus))
        each("windows_cpu_parking_status", .gauge, "Whether it is parked.", 0)
        each("windows_cpu_processor_mperf_total", .counter, "Ticks while it worked.", (work * frequency * 1e4).rounded(.down))
        each(
            "windows_cpu_processor_performance_total", .counter, "Performance while it worked, in percent of ticks.",
            (work * frequency * 1e6).rounded(.down))
        each(
            "windows_cpu_processor_privileged_utility_total", .counter, "Use in the kernel, in percent of clock ticks.",
            (work * 0.26 * 6400).rounded(.down))
        each("windows_cpu_processor_rtc_total", .counter, "Clock ticks.", ticks)
        writer.family("windows_cpu_time_total", .counter, "Seconds in a mode.")
        for core in cores {
            writer.sample(["core": core, "mode": "dpc"], work * 0.03)
            writer.sample(["core": core, "mode": "idle"], idle)
            writer.sample(["core": core, "mode": "interrupt"], work * 0.02)
            writer.sample(["core": core, "mode": "privileged"], work * 0.26)
            writer.sample(["core": core, "mode": "user"], work * 0.74)
        }
        each("windows_cpu_processor_utility_total", .counter, "Use, in percent of clock ticks.", (work * 6400).rounded(.down))
    }
}
