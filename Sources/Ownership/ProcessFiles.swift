import Primitives

/// What /proc tells of one process.
struct ProcessFiles {
    /// `/proc/PID`, below the root.
    let folder: String

    init(fileSystemRoot: String, pid: Int) { folder = "\(fileSystemRoot)/proc/\(pid)" }

    /// The beginning of `stat`; nil when the process is gone.
    func status() -> ProcessStatus? {
        guard let bytes = try? Files.read("\(folder)/stat", limitBytes: 64 << 10, regularOnly: true) else { return nil }
        return ProcessStatus(parsing: bytes)
    }

    /// The paths of its control groups, each once. Nil when they cannot be read.
    func cgroupPaths() -> [String]? {
        guard let bytes = try? Files.read("\(folder)/cgroup", limitBytes: 256 << 10, regularOnly: true) else { return nil }
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
        guard let bytes = try? Files.read("\(folder)/cmdline", limitBytes: 256 << 10, regularOnly: true) else { return [] }
        return bytes.split(separator: 0, maxSplits: 4096, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The users that it runs as: real, effective, saved, and that of files. Nil when it does not say. Who owns its folder tells nothing: any
    /// process can have root own it.
    func users() -> [Int]? {
        guard let bytes = try? Files.read("\(folder)/status", limitBytes: 64 << 10, regularOnly: true) else { return nil }
        // The name of the program stands on a line before, with its line ends escaped.
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: Array("Uid:".utf8)) {
            let words = line.dropFirst(4).split { $0 <= 0x20 }.compactMap { Int(String(decoding: $0, as: UTF8.self)) }
            return words.count == 4 ? words : nil
        }
        return nil
    }

    /// Where its program lies; nil when we may not know, as of other users.
    func program() -> String? {
        guard let path = Files.linkTarget("\(folder)/exe") else { return nil }
        let removed = " (deleted)"
        return path.hasSuffix(removed) ? String(path.dropLast(removed.utf8.count)) : path
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
