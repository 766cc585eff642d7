import Primitives

/// An entry of the journal.
struct JournalEntry {
    var place = JournalPlace(cursor: "", microseconds: 0)
    /// Nil of an entry that has none.
    var message: [UInt8]?
    /// Whether a field was longer than any that is read.
    var isEndless = false
    var level: Level?
    var unit = ""
    /// The unit of a user's own manager, whose name that user chooses.
    var userUnit = ""
    /// The name that the kernel has of the process.
    var command = ""
    var identifier = ""
    var pid = ""
    /// Whether the entry names its process by itself, and journald has not seen who that was.
    var isPIDTold = false
    var traceID = ""
    /// Of a line that a container's log driver wrote into the journal: who is no engine of root's may write any name, and names none.
    var container = ""
}

/// Fields of an entry as they come, from which it is made.
struct JournalFields {
    /// What is read. Those that begin with one underscore are journald's own word, the others are whoever's who wrote the entry.
    enum Name: String, CaseIterable {
        case cursor = "__CURSOR"
        case time = "__REALTIME_TIMESTAMP"
        case message = "MESSAGE"
        case priority = "PRIORITY"
        case unit = "_SYSTEMD_UNIT"
        case userUnit = "_SYSTEMD_USER_UNIT"
        case unitOfManager = "UNIT"
        case identifier = "SYSLOG_IDENTIFIER"
        case command = "_COMM"
        case pid = "_PID"
        case toldPID = "SYSLOG_PID"
        case user = "_UID"
        case traceID = "TRACE_ID"
        case container = "CONTAINER_NAME"

        /// Whether it comes without being asked for.
        fileprivate var isAlways: Bool { self == .cursor || self == .time }
    }

    private static let names = Name.allCases.map { (bytes: Array($0.rawValue.utf8), name: $0) }
    /// What journalctl is to print beside what it always does.
    static let wanted = Name.allCases.filter { !$0.isAlways }.map(\.rawValue)
    /// Programs that write what containers print.
    private static let engines: Set<String> = ["dockerd", "conmon", "podman", "containerd-shim"]
    /// Of all messages of an entry together: an entry may have a thousand.
    private static let messageBytes = 16 << 20
    /// Of what is a word.
    private static let wordBytes = 256

    private var words: [Name: String] = [:]
    private var message: [UInt8]?
    var isEndless = false
    private(set) var isEmpty = true

    mutating func take(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        isEmpty = false
        guard let known = Self.names.first(where: { $0.bytes.count == name.count && $0.bytes.elementsEqual(name) })?.name else { return }
        if known == .message {
            // An entry may have several.
            guard message != nil else {
                message = Array(value)
                return
            }
            let room = Self.messageBytes - (message?.count ?? 0) - 1
            guard room > 0 else { return }
            message?.append(0x0A)
            message?.append(contentsOf: UnsafeRawBufferPointer(rebasing: value.prefix(room)))
        } else if value.count <= Self.wordBytes, words[known] == nil {
            words[known] = String(decoding: value, as: UTF8.self)
        }
    }

    /// Nil for what is no entry: one has a cursor and a time.
    var entry: JournalEntry? {
        guard let cursor = words[.cursor], let time = words[.time].flatMap({ Int64($0) }), time > 0, time < Int64.max / 1000 else {
            return nil
        }
        var entry = JournalEntry()
        entry.place = JournalPlace(cursor: cursor, microseconds: time)
        entry.message = message
        entry.isEndless = isEndless
        entry.level = words[.priority].flatMap { Int($0) }.flatMap { Level(rawValue: $0) }
        entry.unit = words[.unit] ?? ""
        // What systemd says of a unit is said by init.scope, and belongs to the unit. A user's service runs in user@1000.service, and stays that:
        // its own name may be that of any service of the machine.
        if entry.unit == "init.scope", let unit = words[.unitOfManager] { entry.unit = unit }
        if entry.unit.hasPrefix("user@"), let unit = words[.userUnit] { entry.userUnit = unit }
        entry.command = words[.command] ?? ""
        entry.identifier = words[.identifier] ?? words[.command] ?? ""
        entry.pid = words[.pid] ?? words[.toldPID] ?? ""
        entry.isPIDTold = words[.pid] == nil
        entry.traceID = words[.traceID] ?? ""
        if words[.user] == "0", Self.engines.contains(entry.command), isOutsideContainers(entry.unit) {
            entry.container = words[.container] ?? ""
        }
        return entry
    }

    /// Whether an engine may be at work there: a container's root may call a process what it likes, but stays in the container's scope.
    private func isOutsideContainers(_ unit: String) -> Bool {
        !unit.isEmpty && (!unit.hasSuffix(".scope") || unit.hasPrefix("libpod-conmon-"))
    }
}
