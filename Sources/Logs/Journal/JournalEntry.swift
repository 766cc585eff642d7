import JSON
import Primitives

/// An entry of the journal, as `journalctl -o json` writes it.
struct JournalEntry {
    var place = JournalPlace(cursor: "", microseconds: 0)
    /// Nil of an entry that has no message, or one that journalctl does not show.
    var message: [UInt8]?
    var level: Level?
    var unit = ""
    var identifier = ""
    var pid = ""
    var traceID = ""
    /// Whether the entry names its process by itself, and journald has not seen who that was.
    var isPIDTold = false
    /// Of a line that a container's log driver wrote into the journal: who is no engine of root's may write any name, and names none.
    var container = ""

    /// What journalctl is to print beside the fields that begin with two underscores.
    static let fields = [
        "MESSAGE", "PRIORITY", "_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT", "UNIT", "SYSLOG_IDENTIFIER", "_COMM", "_PID", "SYSLOG_PID", "_UID",
        "TRACE_ID", "CONTAINER_NAME",
    ]
    /// Programs that write what containers print.
    private static let engines: Set<String> = ["dockerd", "conmon", "podman", "containerd-shim"]

    /// Nil for what is no entry: a line of JSON with cursor and time.
    init?(line: [UInt8]) {
        guard let document = try? JSONDocument(parsing: line, depth: 8) else { return nil }
        guard let entry = document.withRoot({ JournalEntry($0) }) else { return nil }
        self = entry
    }

    private init?(_ root: JSONValue) {
        guard root.isObject else { return nil }
        var (cursor, time, priority): (String?, Int?, Int?)
        var (ownUnit, userUnit, comm, ownPID, syslogPID, user) = ("", "", "", "", "", "")
        root.forEachMember { key, value in
            switch key {
            case "__CURSOR": cursor = value.text
            case "__REALTIME_TIMESTAMP": time = value.integer
            case "MESSAGE": message = Self.bytes(value)
            case "PRIORITY": priority = value.integer
            case "_SYSTEMD_UNIT": unit = Self.word(value)
            case "_SYSTEMD_USER_UNIT": userUnit = Self.word(value)
            case "UNIT": ownUnit = Self.word(value)
            case "SYSLOG_IDENTIFIER": identifier = Self.word(value)
            case "_COMM": comm = Self.word(value)
            case "_PID": ownPID = Self.word(value)
            case "SYSLOG_PID": syslogPID = Self.word(value)
            case "_UID": user = Self.word(value)
            case "TRACE_ID": traceID = Self.word(value)
            case "CONTAINER_NAME": container = Self.word(value)
            default: break
            }
        }
        guard let cursor, let time, time > 0, time < Int.max / 1000 else { return nil }
        place = JournalPlace(cursor: cursor, microseconds: Int64(time))
        level = priority.flatMap { Level(rawValue: $0) }
        // What systemd says of a unit is said by init.scope, and belongs to the unit; a user's service runs in user@1000.service.
        if unit == "init.scope", !ownUnit.isEmpty { unit = ownUnit }
        if unit.hasPrefix("user@"), !userUnit.isEmpty { unit = userUnit }
        if identifier.isEmpty { identifier = comm }
        pid = ownPID.isEmpty ? syslogPID : ownPID
        isPIDTold = ownPID.isEmpty
        if user != "0" || !Self.engines.contains(comm) { container = "" }
    }

    /// A field of one value; of several the first.
    private static func word(_ value: JSONValue) -> String {
        if let text = value.text { return text.utf8.count <= 256 ? text : "" }
        guard let bytes = bytes(value), bytes.count <= 256 else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Text, or an array of bytes where it is not UTF-8, or an array of both where the entry has the field several times.
    private static func bytes(_ value: JSONValue) -> [UInt8]? {
        if let text = value.text { return Array(text.utf8) }
        guard value.isArray else { return nil }
        var bytes: [UInt8] = []
        var isFirst = true
        value.forEachElement { element in
            if let byte = element.isString ? nil : element.integer, (0...255).contains(byte) {
                bytes.append(UInt8(byte))
            } else if let part = Self.bytes(element) {
                if !isFirst { bytes.append(0x0A) }
                bytes += part
            }
            isFirst = false
        }
        return bytes
    }
}
