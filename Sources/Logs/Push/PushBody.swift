import Primitives
import Web

/// What Loki's push API takes, as JSON.
enum PushBody {
    /// - Parameter hasMetadata: whether lines carry their structured metadata.
    static func json(_ entries: ArraySlice<LogEntry>, hasMetadata: Bool) -> [UInt8] {
        var order: [LogStream] = []
        var places: [ObjectIdentifier: [Int]] = [:]
        for (place, entry) in zip(entries.indices, entries) {
            if places[ObjectIdentifier(entry.stream)]?.append(place) == nil {
                places[ObjectIdentifier(entry.stream)] = [place]
                order.append(entry.stream)
            }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.reduce(64) { $0 + $1.bytes })
        bytes.append(utf8: "{\"streams\":[" as StaticString)
        for (index, stream) in order.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(utf8: "{\"stream\":" as StaticString)
            bytes += stream.rendered
            bytes.append(utf8: ",\"values\":[" as StaticString)
            for (index, place) in (places[ObjectIdentifier(stream)] ?? []).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(entries[place], hasMetadata: hasMetadata, to: &bytes)
            }
            bytes.append(utf8: "]}" as StaticString)
        }
        bytes.append(utf8: "]}" as StaticString)
        return bytes
    }

    private static func append(_ entry: LogEntry, hasMetadata: Bool, to bytes: inout [UInt8]) {
        bytes.append(utf8: "[\"" as StaticString)
        bytes.append(decimal: entry.time)
        bytes.append(utf8: "\",\"" as StaticString)
        append(escaped: entry.line, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        if hasMetadata, !entry.metadata.isEmpty {
            bytes.append(UInt8(ascii: ","))
            bytes += entry.metadata
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// The inside of a JSON string. Runs without anything to escape, which is most of them, are taken whole.
    static func append(escaped text: [UInt8], to bytes: inout [UInt8]) {
        text.withUnsafeBufferPointer { text in
            var start = 0
            for place in 0..<text.count {
                let byte = text[place]
                guard byte < 0x20 || byte == 0x22 || byte == 0x5C else { continue }
                bytes.append(contentsOf: text[start..<place])
                start = place + 1
                switch byte {
                case 0x22, 0x5C: bytes += [0x5C, byte]
                case 0x0A: bytes.append(utf8: "\\n" as StaticString)
                case 0x09: bytes.append(utf8: "\\t" as StaticString)
                case 0x0D: bytes.append(utf8: "\\r" as StaticString)
                default:
                    bytes.append(utf8: "\\u00" as StaticString)
                    for digit in [byte >> 4, byte & 0xF] { bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
                }
            }
            bytes.append(contentsOf: text[start...])
        }
    }

    /// Packed for its way; nil when there is no memory for it.
    static func packed(_ bytes: [UInt8]) -> [UInt8]? {
        guard let stream = try? GzipStream() else { return nil }
        stream.write(bytes)
        stream.finish()
        return stream.output.bytes
    }
}
