import Primitives

/// What /proc tells of one process.
struct ProcessFiles {
    /// `/proc/PID`, below the root.
    let folder: String

    init(fileSystemRoot: String, pid: Int) { folder = "\(fileSystemRoot)/proc/\(pid)" }

    /// The beginning of `stat`; nil when the process is gone.
    func status() -> ProcessStatus? {
        guard let bytes = try? Files.read("\(folder)/stat", limitBytes: 64 << 10) else { return nil }
        return ProcessStatus(parsing: bytes)
    }

    /// The paths of its control groups, each once. Nil when they cannot be read.
    func cgroupPaths() -> [String]? {
        guard let bytes = try? Files.read("\(folder)/cgroup", limitBytes: 256 << 10) else { return nil }
        var paths: [String] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            // `4:memory:/lxc/101`: number, controllers, path; the path may hold a colon.
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let path = String(decoding: fields[2], as: UTF8.self)
            if !paths.contains(path) { paths.append(path) }
        }
        return paths.isEmpty ? nil : paths
    }

    /// The program and its arguments; empty when they cannot be read, as those of a zombie.
    func arguments() -> [String] {
        guard let bytes = try? Files.read("\(folder)/cmdline", limitBytes: 256 << 10) else { return [] }
        return bytes.split(separator: 0, maxSplits: 4096, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// `/proc/PID/stat`, as far as it is needed.
package struct ProcessStatus: Sendable, Equatable {
    /// PF_KTHREAD of the flags.
    package let isKernelThread: Bool
    /// Ticks after the machine was started. With the pid it names a process, as pids are used again.
    package let startTicks: UInt64

    /// Nil for what does not look like it.
    package init?(parsing bytes: [UInt8]) {
        // The name in parentheses may hold spaces and parentheses.
        guard let close = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 20, omittingEmptySubsequences: true)
        // The first behind the name is the third.
        guard fields.count > 19, let flags = UInt64(String(decoding: fields[6], as: UTF8.self)),
            let start = UInt64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        isKernelThread = flags & 0x0020_0000 != 0
        startTicks = start
    }
}
