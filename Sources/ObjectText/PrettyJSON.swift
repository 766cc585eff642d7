package import Objects

extension ObjectValue {
    /// As JSON for a person, with two spaces for each depth and a line at the end.
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
                bytes += ObjectValue.text(member.name).json
                bytes += [UInt8(ascii: ":"), UInt8(ascii: " ")]
                member.value.writePretty(&bytes, depth: depth + 1)
            }
            line(depth)
            bytes.append(UInt8(ascii: "}"))
        default: bytes += json
        }
    }
}
