/// Finds a field in a line of logfmt or JSON without parsing it: `name=value`, `name="value"`, `"name":"value"`.
enum FieldSearch {
    /// The value of the first of these names that stands in the line; nothing of it is unescaped.
    static func value(of names: [[UInt8]], in line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        // What all of them have is rare: a sign of a field.
        var place = line.startIndex
        while place < line.endIndex {
            let byte = line[place]
            if byte == UInt8(ascii: "=") || byte == UInt8(ascii: ":") {
                for name in names {
                    if let value = value(behind: place, name, in: line) { return value }
                }
            }
            place += 1
        }
        return nil
    }

    private static func value(behind sign: Int, _ name: [UInt8], in line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var end = sign
        let isJSON = line[sign] == UInt8(ascii: ":")
        if isJSON {
            guard end > line.startIndex, line[end - 1] == UInt8(ascii: "\"") else { return nil }
            end -= 1
        }
        let start = end - name.count
        guard start >= line.startIndex, line[start..<end].elementsEqual(name) else { return nil }
        if start > line.startIndex {
            let before = line[start - 1]
            guard isJSON ? before == UInt8(ascii: "\"") : before == 0x20 || before == 0x09 else { return nil }
        } else if isJSON {
            return nil
        }
        var from = sign + 1
        while isJSON, from < line.endIndex, line[from] == 0x20 { from += 1 }
        if from < line.endIndex, line[from] == UInt8(ascii: "\"") { from += 1 }
        var to = from
        while to < line.endIndex, !" \",}\t".utf8.contains(line[to]) { to += 1 }
        return from < to ? line[from..<to] : nil
    }
}
