package import Objects
import Primitives

extension ObjectValue {
    /// As JSON for a person, with two spaces for each depth and a line at the end; what a terminal would obey is escaped.
    package var prettyJSON: [UInt8] {
        var bytes: [UInt8] = []
        writePretty(&bytes, depth: 0)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private func writePretty(_ bytes: inout [UInt8], depth: Int) {
        func line(_ depth: Int) {
            bytes.append(UInt8(ascii: "\n"))
            bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
        }
        switch self {
        case .list(let list) where !list.isEmpty:
            bytes.append(UInt8(ascii: "["))
            for (index, element) in list.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                line(depth + 1)
                element.writePretty(&bytes, depth: depth + 1)
            }
            line(depth)
            bytes.append(UInt8(ascii: "]"))
        case .members(let members) where !members.isEmpty:
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                line(depth + 1)
                bytes += ObjectValue.text(member.name).shownJSON
                bytes += [UInt8(ascii: ":"), UInt8(ascii: " ")]
                member.value.writePretty(&bytes, depth: depth + 1)
            }
            line(depth)
            bytes.append(UInt8(ascii: "}"))
        default: bytes += shownJSON
        }
    }

    private var shownJSON: [UInt8] {
        let bytes = json
        guard bytes.contains(where: { $0 >= 0x7F }) else { return bytes }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.unicodeScalars.contains(where: TerminalText.isObeyed) else { return bytes }
        return text.unicodeScalars.flatMap { Array((TerminalText.isObeyed($0) ? TerminalText.escape($0) : String($0)).utf8) }
    }
}
