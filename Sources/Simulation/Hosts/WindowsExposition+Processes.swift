/// Processes and services.
extension WindowsExposition {
    private var hasAgent: Bool { state.world.hasAnsweringAgent(guest) }

    /// Whether what the machine is there for runs.
    private var hasDatabase: Bool { !state.world.has(.guestServiceDead, guest, at: state.moment) }

    private var processes: [WindowsProcess] {
        WindowsProcess.all.filter { ($0.id != WindowsProcess.agent.id || hasAgent) && ($0.id != WindowsProcess.database.id || hasDatabase) }
    }

    /// The `windows_process_` families, of a handful of processes that do all the work.
    func writeProcesses(into writer: inout ExpositionWriter) {
        let processes = processes
        let used = Double(state.reading.memoryBytes)
        func each(_ name: StaticString, _ kind: ExpositionWriter.Kind, _ help: StaticString, _ value: (WindowsProcess) -> Double) {
            writer.family(name, kind, help)
            for process in processes { writer.sample(["process": process.name, "process_id": "\(process.id)"], value(process)) }
        }
        func modes(
            _ name: StaticString, _ help: StaticString, _ kind: ExpositionWriter.Kind = .counter, label: StaticString = "mode",
            _ values: (WindowsProcess) -> [(String, Double)]
        ) {
            writer.family(name, kind, help)
            for process in processes {
                for (mode, value) in values(process) {
                    writer.sample([label: mode, "process": process.name, "process_id": "\(process.id)"], value)
                }
            }
        }
        func bytes(_ share: Double) -> Double { Double(World.pages(used * share)) }
        modes("windows_process_cpu_time_total", "Seconds of CPU by mode.") { process in
            [("privileged", process.share * work * 0.26), ("user", process.share * work * 0.74)]
        }
        each("windows_process_handles", .gauge, "Open handles.") { Double($0.threads * 22) }
        writer.family("windows_process_info", .gauge, "A process' identity, as labels.")
        for process in processes {
            writer.sample(
                [
                    "cmdline": process.command, "creating_process_id": "\(process.parent)", "owner": process.owner, "process": process.name,
                    "process_group_id": "0", "process_id": "\(process.id)",
                ], 1)
        }
        let (read, written) = (Double(state.reading.readBytes), Double(state.reading.writtenBytes))
        modes("windows_process_io_bytes_total", "Bytes read, written and otherwise moved.") { process in
            [
                ("other", (uptimeSeconds * 20).rounded(.down)), ("read", (read * process.diskShare).rounded(.down)),
                ("write", (written * process.diskShare).rounded(.down)),
            ]
        }
        let (reads, writes) = (operations(\.readOperations), operations(\.writeOperations))
        modes("windows_process_io_operations_total", "Reads, writes and other requests.") { process in
            [
                ("other", (uptimeSeconds / 2).rounded(.down)), ("read", (reads * process.diskShare).rounded(.down)),
                ("write", (writes * process.diskShare).rounded(.down)),
            ]
        }
        each("windows_process_page_faults_total", .counter, "Page faults.") {
            (uptimeSeconds * 2 + work * $0.share * 4000).rounded(.down)
        }
        each("windows_process_page_file_bytes", .gauge, "Memory that is promised to it.") { bytes($0.memoryShare * 1.1) }
        modes("windows_process_pool_bytes", "Its part of the kernel's pools.", .gauge, label: "pool") { process in
            [("nonpaged", Double(process.threads * 1024)), ("paged", Double(process.threads * 8192))]
        }
        each("windows_process_priority_base", .gauge, "Priority.") { _ in 8 }
        each("windows_process_private_bytes", .gauge, "Memory that it shares with nobody.") { bytes($0.memoryShare * 1.1) }
        each("windows_process_start_time_seconds_timestamp", .gauge, "When it started, in unix time.") { _ in
            (state.bootTime + 1).rounded(.down)
        }
        each("windows_process_threads", .gauge, "Threads.") { Double($0.threads) }
        each("windows_process_virtual_bytes", .gauge, "Address space.") { 2_203_318_222_848 + bytes($0.memoryShare) }
        each("windows_process_working_set_bytes", .gauge, "Memory that it has.") { bytes($0.memoryShare) }
        each("windows_process_working_set_peak_bytes", .gauge, "The most memory that it ever had.") {
            Double(World.pages(Double(state.memoryBytes) * $0.memoryShare))
        }
        each("windows_process_working_set_private_bytes", .gauge, "What of its memory it shares with nobody.") {
            bytes($0.memoryShare * 0.8)
        }
    }

    private func operations(_ count: KeyPath<GuestReading.Disk, Int>) -> Double {
        let disks = state.reading.disks
        return Double(disks.0[keyPath: count] + disks.1[keyPath: count] + disks.2[keyPath: count])
    }

    // MARK: services

    private struct Service {
        let name: String
        let displayName: String
        let startMode: String
        /// nil while it does not run.
        let processID: Int?
        let account: String
        let command: String
    }

    private static let states = ["continue pending", "pause pending", "paused", "running", "start pending", "stop pending", "stopped"]
    private static let startModes = ["auto", "boot", "disabled", "manual", "system"]

    private var services: [Service] {
        let host = "C:\\Windows\\system32\\svchost.exe -k "
        return [
            Service(
                name: "Dnscache", displayName: "DNS Client", startMode: "auto", processID: 1164, account: "NT AUTHORITY\\NetworkService",
                command: host + "NetworkService -p"),
            Service(
                name: "MSSQLSERVER", displayName: "SQL Server (MSSQLSERVER)", startMode: "auto",
                processID: hasDatabase ? WindowsProcess.database.id : nil, account: "NT Service\\MSSQLSERVER",
                command: WindowsProcess.database.command),
            Service(
                name: "QEMU-GA", displayName: "QEMU Guest Agent", startMode: guest.hasAgent ? "auto" : "disabled",
                processID: hasAgent ? WindowsProcess.agent.id : nil, account: "LocalSystem", command: WindowsProcess.agent.command),
            Service(
                name: "Schedule", displayName: "Task Scheduler", startMode: "auto", processID: 996, account: "LocalSystem",
                command: host + "netsvcs -p"),
            Service(
                name: "Spooler", displayName: "Print Spooler", startMode: "disabled", processID: nil, account: "LocalSystem",
                command: "C:\\Windows\\System32\\spoolsv.exe"),
            Service(
                name: "TermService", displayName: "Remote Desktop Services", startMode: "manual", processID: 1164,
                account: "NT Authority\\NetworkService", command: host + "NetworkService"),
            Service(
                name: "W32Time", displayName: "Windows Time", startMode: "auto", processID: 996, account: "NT AUTHORITY\\LocalService",
                command: host + "LocalService"),
            Service(
                name: "WinDefend", displayName: "Microsoft Defender Antivirus Service", startMode: "auto", processID: 2904,
                account: "LocalSystem", command: ""),
            Service(
                name: "windows_exporter", displayName: "windows_exporter", startMode: "auto", processID: WindowsProcess.exporter.id,
                account: "LocalSystem", command: WindowsProcess.exporter.command),
            Service(
                name: "wuauserv", displayName: "Windows Update", startMode: "manual", processID: nil, account: "LocalSystem",
                command: host + "netsvcs -p"),
        ]
    }

    /// The `windows_service_` families.
    func writeServices(into writer: inout ExpositionWriter) {
        let services = services
        writer.family("windows_service_info", .gauge, "A service's identity, as labels.")
        for service in services {
            writer.sample(
                ["display_name": service.displayName, "name": service.name, "path_name": service.command, "run_as": service.account], 1)
        }
        writer.family("windows_service_process", .gauge, "When the process of a service started, in unix time.")
        for service in services {
            guard let process = service.processID else { continue }
            writer.sample(["name": service.name, "process_id": "\(process)"], (state.bootTime + 1).rounded(.down))
        }
        writer.family("windows_service_start_mode", .gauge, "How a service is started.")
        for service in services {
            for mode in Self.startModes { writer.sample(["name": service.name, "start_mode": mode], service.startMode == mode ? 1 : 0) }
        }
        writer.family("windows_service_state", .gauge, "Which state a service is in.")
        for service in services {
            let now = service.processID == nil ? "stopped" : "running"
            for state in Self.states { writer.sample(["name": service.name, "state": state], state == now ? 1 : 0) }
        }
    }
}
