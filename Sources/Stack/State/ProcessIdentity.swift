import Primitives

/// A process beyond doubt: ids are used again, but not by two processes that started at the same tick of the same boot.
struct ProcessIdentity: Equatable, Sendable {
    /// The kernel's number for it.
    let processID: Int32
    /// Clock ticks from boot to its start: field 22 of /proc/PID/stat.
    let startTicks: UInt64
    /// /proc/sys/kernel/random/boot_id
    let boot: String

    /// The process that has this id now; nil when there is none or when it has ended and only its entry is left.
    static func current(_ processID: Int32, proc: String = "/proc") -> ProcessIdentity? {
        guard let stat = try? Files.read("\(proc)/\(processID)/stat", limitBytes: 1 << 16),
            let boot = try? Files.readLine("\(proc)/sys/kernel/random/boot_id"),
            let (state, startTicks) = fields(of: String(decoding: stat, as: UTF8.self)), state != "Z" && state != "X"
        else { return nil }
        return ProcessIdentity(processID: processID, startTicks: startTicks, boot: boot)
    }

    /// State and start of a stat line. The name in parentheses may hold spaces and parentheses, so the fields count from the last one.
    static func fields(of stat: String) -> (state: String, startTicks: UInt64)? {
        guard let close = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: close)...].split { $0.isWhitespace }
        guard fields.count > 19, let startTicks = UInt64(fields[19]) else { return nil }
        return (String(fields[0]), startTicks)
    }

    /// Reads `PID TICKS BOOT`, as `text` writes it.
    init?(parsing text: String) {
        let words = text.split { $0.isWhitespace }
        guard words.count == 3, let processID = Int32(words[0]), processID > 1, let startTicks = UInt64(words[1]) else { return nil }
        self.init(processID: processID, startTicks: startTicks, boot: String(words[2]))
    }

    /// The process of these properties, whether it is there or not.
    init(processID: Int32, startTicks: UInt64, boot: String) {
        self.processID = processID
        self.startTicks = startTicks
        self.boot = boot
    }

    /// The line of a process file.
    var text: String { "\(processID) \(startTicks) \(boot)\n" }

    /// Whether this very process still runs.
    func isAlive(proc: String = "/proc") -> Bool { Self.current(processID, proc: proc) == self }
}
