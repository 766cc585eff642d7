/// A process that each simulated Windows has.
struct WindowsProcess: Sendable {
    let name: String
    let id: Int
    let parent: Int
    let owner: String
    let command: String
    /// Of the machine's work, of its used memory, and of its disks' traffic.
    let share: Double
    let memoryShare: Double
    let diskShare: Double
    let threads: Int

    /// What the machine is there for does most of the work.
    static let all = [
        WindowsProcess(
            name: "System", id: 4, parent: 0, owner: "NT AUTHORITY\\SYSTEM", command: "", share: 0.1, memoryShare: 0.01, diskShare: 0.2,
            threads: 180),
        WindowsProcess(
            name: "lsass", id: 812, parent: 676, owner: "NT AUTHORITY\\SYSTEM", command: "C:\\Windows\\system32\\lsass.exe", share: 0.02,
            memoryShare: 0.02, diskShare: 0.01, threads: 10),
        WindowsProcess(
            name: "svchost", id: 996, parent: 780, owner: "NT AUTHORITY\\SYSTEM",
            command: "C:\\Windows\\system32\\svchost.exe -k netsvcs -p", share: 0.08, memoryShare: 0.08, diskShare: 0.04, threads: 42),
        WindowsProcess(
            name: "svchost", id: 1164, parent: 780, owner: "NT AUTHORITY\\NETWORK SERVICE",
            command: "C:\\Windows\\system32\\svchost.exe -k NetworkService -p", share: 0.04, memoryShare: 0.04, diskShare: 0.02, threads: 18
        ),
        WindowsProcess(
            name: "MsMpEng", id: 2904, parent: 780, owner: "NT AUTHORITY\\SYSTEM", command: "", share: 0.15, memoryShare: 0.12,
            diskShare: 0.2, threads: 36),
        agent, exporter, database,
    ]

    static let agent = WindowsProcess(
        name: "qemu-ga", id: 3012, parent: 780, owner: "NT AUTHORITY\\SYSTEM",
        command: "\"C:\\Program Files\\Qemu-ga\\qemu-ga.exe\" -d --retry-path",
        share: 0.002, memoryShare: 0.003, diskShare: 0, threads: 4)
    static let database = WindowsProcess(
        name: "sqlservr", id: 4120, parent: 780, owner: "NT SERVICE\\MSSQLSERVER",
        command: "\"C:\\Program Files\\Microsoft SQL Server\\MSSQL16.MSSQLSERVER\\MSSQL\\Binn\\sqlservr.exe\" -sMSSQLSERVER",
        share: 0.55, memoryShare: 0.5, diskShare: 0.5, threads: 84)
    static let exporter = WindowsProcess(
        name: "windows_exporter", id: 3348, parent: 780, owner: "NT AUTHORITY\\SYSTEM",
        command: "\"C:\\Program Files\\windows_exporter\\windows_exporter.exe\"", share: 0.01, memoryShare: 0.01, diskShare: 0, threads: 14)
}
