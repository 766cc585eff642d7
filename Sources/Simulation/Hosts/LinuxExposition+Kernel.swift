/// The kernel's own counters, pressure and clock.
extension LinuxExposition {
    /// Activity, pressure and paging since the start, open files and tracked connections.
    func writeKernel(into writer: inout ExpositionWriter) {
        let kernel = machine.kernel
        let (switches, waiting) = (kernel.switches, kernel.ioWaitingSeconds)
        writer.single(
            "node_boot_time_seconds", .gauge, "When the host started, in unix time.", machine.bootTime.rounded(.down))
        writer.single("node_context_switches_total", .counter, "Context switches.", switches)
        writer.single("node_intr_total", .counter, "Interrupts.", (switches * 0.6).rounded(.down))
        writer.single("node_forks_total", .counter, "Processes started.", (switches / 2000).rounded(.down))
        writer.single("node_procs_running", .gauge, "Processes that run or could.", kernel.busyThreads.rounded(.up))
        writer.single("node_procs_blocked", .gauge, "Processes that wait for a disk.", kernel.blockedProcesses.rounded())

        writer.single(
            "node_pressure_cpu_waiting_seconds_total", .counter, "Seconds in which some task waited for a CPU.", kernel.cpuWaitingSeconds
        )
        writer.single("node_pressure_io_stalled_seconds_total", .counter, "Seconds in which all tasks waited for a disk.", waiting * 0.6)
        writer.single("node_pressure_io_waiting_seconds_total", .counter, "Seconds in which some task waited for a disk.", waiting)
        writer.single(
            "node_pressure_memory_stalled_seconds_total", .counter, "Seconds in which all tasks waited for memory.",
            kernel.memoryWaitingSeconds * 0.4)
        writer.single(
            "node_pressure_memory_waiting_seconds_total", .counter, "Seconds in which some task waited for memory.",
            kernel.memoryWaitingSeconds)

        let counters: [(name: StaticString, help: StaticString, value: Double)] = [
            ("node_vmstat_oom_kill", "Processes killed for want of memory.", kernel.kills),
            ("node_vmstat_pgfault", "Page faults.", switches * 1.5),
            ("node_vmstat_pgmajfault", "Page faults that read a disk.", waiting * 40 + kernel.swapIn),
            ("node_vmstat_pgpgin", "Kibibytes read.", Double(kernel.readBytes / 1024)),
            ("node_vmstat_pgpgout", "Kibibytes written.", Double(kernel.writtenBytes / 1024)),
            ("node_vmstat_pswpin", "Pages read from swap.", kernel.swapIn),
            ("node_vmstat_pswpout", "Pages written to swap.", kernel.swapOut),
        ]
        for counter in counters { writer.single(counter.name, .untyped, counter.help, counter.value.rounded(.down)) }

        writer.single("node_filefd_allocated", .gauge, "Open files.", kernel.openFiles)
        writer.single("node_filefd_maximum", .gauge, "Files that may be open.", 9.223372036854776e18)
        writer.single("node_nf_conntrack_entries", .gauge, "Connections that are tracked.", (kernel.busyThreads * 40).rounded())
        writer.single("node_nf_conntrack_entries_limit", .gauge, "Connections that may be tracked.", 262_144)
    }

    /// The host's time of day and how well it is kept.
    func writeClock(into writer: inout ExpositionWriter) {
        let swing = machine.kernel.clockSwing
        let error = machine.kernel.clockError
        writer.single("node_time_seconds", .gauge, "The host's clock, in unix time.", machine.time + (error ?? 0))
        writer.family("node_time_zone_offset_seconds", .gauge, "Distance of the host's time zone from UTC.")
        writer.sample(["time_zone": "UTC"], 0)
        writer.single("node_timex_estimated_error_seconds", .gauge, "Estimated error of the clock.", 0.000_2)
        writer.single("node_timex_frequency_adjustment_ratio", .gauge, "How much faster the clock is made to run.", 1 + swing * 1e-5)
        writer.single("node_timex_loop_time_constant", .gauge, "Time constant of the clock's loop.", 7)
        writer.single("node_timex_maxerror_seconds", .gauge, "Largest error of the clock.", error == nil ? 0.02 : 16)
        writer.single("node_timex_offset_seconds", .gauge, "Distance of the clock from its reference.", error ?? swing * 0.001)
        writer.single("node_timex_status", .gauge, "Bits of the clock's state.", error == nil ? 8193 : 8256)
        writer.single("node_timex_sync_status", .gauge, "Whether the clock follows a reference.", error == nil ? 1 : 0)
        writer.single("node_timex_tai_offset_seconds", .gauge, "Distance of UTC from atomic time.", 37)
        writer.single("node_timex_tick_seconds", .gauge, "Seconds between ticks.", 0.01)
    }
}
