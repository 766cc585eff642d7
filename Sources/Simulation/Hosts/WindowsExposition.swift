/// What the windows_exporter inside a Windows guest says of it at one moment: names, types and labels as 0.31 writes them.
struct WindowsExposition {
    let state: GuestState

    /// Those whose families are written.
    private static let collectors = [
        "cpu", "logical_disk", "memory", "net", "os", "pagefile", "physical_disk", "process", "service", "system", "time",
    ]

    var guest: Guest { state.guest }
    var uptimeSeconds: Double { state.reading.uptimeSeconds }

    /// The whole exposition.
    func text() -> [UInt8] {
        var writer = ExpositionWriter(reservingBytes: (48 << 10) + guest.cpus * 2048)
        writeRuntime(into: &writer)
        writeProcessors(into: &writer)
        writeExporter(into: &writer)
        writeVolumes(into: &writer)
        writeMemory(into: &writer)
        writeNetwork(into: &writer)
        writeIdentity(into: &writer)
        writePageFile(into: &writer)
        writePhysicalDisks(into: &writer)
        writeProcesses(into: &writer)
        writeServices(into: &writer)
        writeSystem(into: &writer)
        writeClock(into: &writer)
        return writer.bytes
    }

    // MARK: the exporter itself

    private func writeRuntime(into writer: inout ExpositionWriter) {
        writer.single("go_goroutines", .gauge, "Goroutines of the exporter.", 24)
        writer.family("go_info", .gauge, "The Go that the exporter was built with, as a label.")
        writer.sample(["version": "go1.24.4"], 1)
        writer.single(
            "process_cpu_seconds_total", .counter, "Seconds of CPU that the exporter has used.", WindowsProcess.exporter.share * work)
        writer.single("process_resident_memory_bytes", .gauge, "Memory of the exporter.", 41_943_040)
        writer.single("process_start_time_seconds", .gauge, "When the exporter started, in unix time.", (state.bootTime + 1).rounded(.down))
        writer.single("process_virtual_memory_bytes", .gauge, "Address space of the exporter.", 62_914_560)
    }

    private func writeExporter(into writer: inout ExpositionWriter) {
        writer.family("windows_exporter_build_info", .gauge, "The exporter's build, as labels.")
        writer.sample(
            [
                "branch": "HEAD", "goarch": "amd64", "goos": "windows", "goversion": "go1.24.4", "revision": "unknown", "tags": "unknown",
                "version": "0.31.0",
            ], 1)
        writer.family("windows_exporter_collector_duration_seconds", .gauge, "How long a collector took.")
        for (number, name) in Self.collectors.enumerated() { writer.sample(["collector": name], 0.001 * Double(number + 1)) }
        writer.family("windows_exporter_collector_success", .gauge, "Whether a collector succeeded.")
        for name in Self.collectors { writer.sample(["collector": name], 1) }
        writer.family("windows_exporter_collector_timeout", .gauge, "Whether a collector took too long.")
        for name in Self.collectors { writer.sample(["collector": name], 0) }
        writer.single("windows_exporter_scrape_duration_seconds", .gauge, "How long all collectors took.", 0.066)
    }

    // MARK: what it is

    private func writeIdentity(into writer: inout ExpositionWriter) {
        writer.family("windows_os_hostname", .gauge, "The name of the machine, as labels.")
        writer.sample(["domain": "", "fqdn": guest.name, "hostname": guest.name], 1)
        writer.family("windows_os_info", .gauge, "The operating system, as labels.")
        writer.sample(
            [
                "build_number": "26100", "installation_type": "Client", "major_version": "10", "minor_version": "0",
                "product": "Windows 11 Pro", "revision": "6584", "version": "10.0.26100",
            ], 1)
    }

    private func writeSystem(into writer: inout ExpositionWriter) {
        writer.single(
            "windows_system_boot_time_timestamp", .gauge, "When the machine started, in unix time.", state.bootTime.rounded(.down))
        writer.single(
            "windows_system_context_switches_total", .counter, "Context switches.", (uptimeSeconds * 400 + work * 5000).rounded(.down))
        writer.single(
            "windows_system_exception_dispatches_total", .counter, "Exceptions that were handed on.",
            (uptimeSeconds * 0.5 + work * 10).rounded(.down))
        writer.single("windows_system_processes", .gauge, "Processes.", 140)
        writer.single("windows_system_processes_limit", .gauge, "Processes that there may be.", 4_294_967_295)
        writer.single(
            "windows_system_processor_queue_length", .gauge, "Threads that wait for a CPU.",
            (state.reading.cpu * state.reading.cpu * 4).rounded(.down))
        writer.single(
            "windows_system_system_calls_total", .counter, "Calls of the system.", (uptimeSeconds * 2000 + work * 40_000).rounded(.down))
        writer.single("windows_system_threads", .gauge, "Threads.", 1600 + Double(guest.cpus) * 40)
    }

    private func writeClock(into writer: inout ExpositionWriter) {
        let swing = (guest.memory.value(at: state.moment) - guest.memory.base).magnitude
        writer.single(
            "windows_time_computed_time_offset_seconds", .gauge, "Distance of the clock from its source.", 0.000_1 + swing * 0.001)
        writer.single("windows_time_current_timestamp_seconds", .gauge, "The machine's clock, in unix time.", state.time.rounded(.down))
        writer.single("windows_time_ntp_client_time_sources", .gauge, "Sources that the clock follows.", 1)
        writer.single("windows_time_ntp_round_trip_delay_seconds", .gauge, "How far away the clock's source is.", 0.012)
        writer.single("windows_time_ntp_server_incoming_requests_total", .counter, "Questions for the time that came.", 0)
        writer.single("windows_time_ntp_server_outgoing_responses_total", .counter, "Answers of the time that left.", 0)
        writer.family("windows_time_timezone", .gauge, "The time zone, as a label.")
        writer.sample(["timezone": "UTC"], 1)
    }

    /// Seconds of work of all CPUs since the start.
    var work: Double { state.workSeconds * Double(guest.cpus) }
}
