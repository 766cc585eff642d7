import Glibc
import Synchronization

/// One line a message to stderr, as logfmt (`time=… level=… msg=…`) or JSON.
package struct Logger: Sendable {
    package enum Level: String, Sendable, Comparable, CaseIterable {
        case debug, info, warn, error

        private var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warn: 2
            case .error: 3
            }
        }
        package static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }
    }

    package enum Format: String, Sendable, CaseIterable {
        case logfmt, json
    }

    /// What a field may hold. Secrets print as `***`.
    package typealias Fields = KeyValuePairs<StaticString, any CustomStringConvertible & Sendable>

    package let level: Level
    package let format: Format
    private let clock: WallClock
    private let write: @Sendable ([UInt8]) -> Void

    package init(
        level: Level = .info, format: Format = .logfmt, clock: WallClock = .system,
        write: @escaping @Sendable ([UInt8]) -> Void = { Files.writeAll($0, to: STDERR_FILENO) }
    ) {
        self.level = level
        self.format = format
        self.clock = clock
        self.write = write
    }

    /// A logger that says nothing.
    package static let silent = Logger(level: .error, write: { _ in })

    package func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.debug, message(), fields())
    }
    package func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.info, message(), fields())
    }
    package func warn(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.warn, message(), fields())
    }
    package func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.error, message(), fields())
    }

    private func log(_ level: Level, _ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields) {
        guard level >= self.level else { return }
        let time = timestampText(clock.unixSeconds)
        var line: [UInt8] = []
        line.reserveCapacity(256)
        switch format {
        case .logfmt:
            line.append(utf8: "time=\(time) level=\(level.rawValue) msg=")
            line.append(logfmtValue: message())
            for (key, value) in fields() {
                line.append(utf8: " \(key)=")
                line.append(logfmtValue: value.description)
            }
        case .json:
            line.append(utf8: "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"msg\":")
            line.append(quoted: message())
            for (key, value) in fields() {
                line.append(utf8: ",\"\(key)\":")
                line.append(quoted: value.description)
            }
            line.append(UInt8(ascii: "}"))
        }
        line.append(UInt8(ascii: "\n"))
        write(line)
    }
}

extension [UInt8] {
    /// Bare when it is one plain word, quoted otherwise, so that no message can forge a second line or field.
    fileprivate mutating func append(logfmtValue text: String) {
        let plain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C && $0 < 0x7F }
        if plain { append(utf8: text) } else { append(quoted: text) }
    }

    /// A JSON string literal.
    package mutating func append(quoted text: String) {
        append(0x22)
        var text = text
        text.withUTF8 { bytes in
            for (index, byte) in bytes.enumerated() {
                switch byte {
                case 0x22, 0x5C:
                    append(0x5C)
                    append(byte)
                case 0x0A: append(utf8: "\\n" as StaticString)
                case 0x0D: append(utf8: "\\r" as StaticString)
                case 0x09: append(utf8: "\\t" as StaticString)
                case 0..<0x20, 0x7F: append(controlEscape: byte)
                case 0x80...0x9F where index > 0 && bytes[index - 1] == 0xC2:
                    // U+0080 to U+009F: a terminal may take them for the start of a command, as it does ESC.
                    removeLast()
                    append(controlEscape: byte)
                default: append(byte)
                }
            }
        }
        append(0x22)
    }

    private mutating func append(controlEscape byte: UInt8) {
        append(utf8: "\\u00" as StaticString)
        for digit in [byte >> 4, byte & 0xF] { append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
    }
}
