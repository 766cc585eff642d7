import Primitives

/// Makes entries for Loki of the journal's.
struct JournalReading {
    private let streams: StreamTable
    private let lineBytes: Int
    /// Whose lines are left out: ours, which would come back as new ones.
    private let ownPID: String
    private let ownCommand: String
    /// Lines of containers are the engine's to tell.
    private let leavesContainers: Bool
    /// The stream of the last line, which is mostly that of the next.
    private var last: (key: StreamTable.Key, stream: LogStream)?

    private(set) var lines = 0
    private(set) var bytes = 0
    private(set) var cut = 0
    private(set) var skipped: [String: Int] = [:]
    /// The last entry, also one that was left out.
    private(set) var place: JournalPlace?

    init(streams: StreamTable, lineBytes: Int, ownPID: Int32, ownCommand: String, leavesContainers: Bool) {
        self.streams = streams
        self.lineBytes = lineBytes
        self.ownPID = String(ownPID)
        self.ownCommand = ownCommand
        self.leavesContainers = leavesContainers
    }

    /// Nil for an entry that is left out.
    mutating func take(_ entry: JournalEntry?) -> LogEntry? {
        guard let entry else { return skip("unreadable") }
        place = entry.place
        lines += 1
        bytes += entry.message?.count ?? 0
        guard let message = entry.message, !message.isEmpty else { return skip(entry.isEndless ? "too_long" : "empty") }
        guard !isOwn(entry) else { return skip("own") }
        guard entry.container.isEmpty || !leavesContainers else { return skip("container") }
        let text = LineText.line(message, limit: lineBytes)
        if text.isCut { cut += 1 }
        return LogEntry(
            stream: stream(of: entry), time: entry.place.microseconds * 1000, line: text.line, metadata: Self.metadata(entry, text.line),
            place: .journal(entry.place))
    }

    /// What was counted since it was asked last.
    mutating func takeCounts() -> (lines: Int, bytes: Int, cut: Int, skipped: [String: Int]) {
        defer { (lines, bytes, cut, skipped) = (0, 0, 0, [:]) }
        return (lines, bytes, cut, skipped)
    }

    /// The number alone is not enough: in a container that has numbers of its own, ours is that of another process of the journal's machine.
    private func isOwn(_ entry: JournalEntry) -> Bool { !entry.isPIDTold && entry.pid == ownPID && entry.command == ownCommand }

    @discardableResult
    private mutating func skip(_ reason: String) -> LogEntry? {
        skipped[reason, default: 0] += 1
        return nil
    }

    private mutating func stream(of entry: JournalEntry) -> LogStream {
        var key = StreamTable.Key(job: "journal", name: "unit", value: entry.unit, level: entry.level)
        if !entry.container.isEmpty {
            key.job = "containers"
            (key.name, key.value) = ("container", entry.container)
        }
        if let last, last.key == key { return last.stream }
        var shown = key
        if entry.container.isEmpty { shown.value = UnitName.label(entry.unit) }
        let stream = streams.stream(shown)
        last = (key, stream)
        return stream
    }

    private static func metadata(_ entry: JournalEntry, _ line: [UInt8]) -> [UInt8] {
        var metadata = Metadata()
        metadata.add("identifier", Array(entry.identifier.utf8)[...])
        metadata.add("user_unit", Array(entry.userUnit.utf8)[...])
        metadata.add("pid", Array(entry.pid.utf8)[...])
        let told = Array(entry.traceID.utf8)[...]
        if let trace = TraceID.isID(told) ? told : TraceID.find(in: line) { metadata.add("trace_id", trace) }
        return metadata.bytes
    }
}
