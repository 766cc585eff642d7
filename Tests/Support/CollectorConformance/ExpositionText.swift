/// A text exposition, read strictly: by the grammar of the text format 0.0.4 and by what Prometheus asks beyond it.
package struct ExpositionText: Sendable {
    /// One line of numbers.
    package struct Sample: Sendable {
        /// Name and labels as they stand in the text: `pve_node_up{cluster="lab",node="pve1"}`.
        package let series: String
        package let family: String
        package let labels: [(name: String, value: String)]
        package let value: Double
    }

    /// A family, as its TYPE line begins it.
    package struct Family: Sendable {
        package let name: String
        package let type: String
        package fileprivate(set) var samples: [Sample] = []
    }

    package private(set) var families: [Family] = []
    /// What is wrong with the text; empty for a good one.
    package private(set) var faults: [String] = []
    /// Series that stand in the text more than once.
    package private(set) var duplicates: [String] = []

    /// All samples in the order of the text.
    package var samples: [Sample] { families.flatMap(\.samples) }

    package init(_ text: String) {
        var seen: Set<String> = []
        var help: String?
        let bytes = Array(text.utf8)
        if let last = bytes.last, last != UInt8(ascii: "\n") { faults.append("the last line has no end") }
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true) {
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix("# HELP ") {
                let words = text.dropFirst("# HELP ".count)
                help = String(words.prefix { $0 != " " })
                if words.count == help?.count { faults.append("HELP without words: \(text)") }
            } else if text.hasPrefix("# TYPE ") {
                let words = text.split(separator: " ")
                guard words.count == 4, ["gauge", "counter"].contains(words[3]) else {
                    faults.append("not a TYPE line: \(text)")
                    continue
                }
                let name = String(words[2])
                if families.contains(where: { $0.name == name }) { faults.append("family \(name) stands in two places") }
                if help != name { faults.append("TYPE of \(name) does not follow its HELP") }
                families.append(Family(name: name, type: String(words[3])))
            } else if let sample = Self.sample(Array(line)) {
                if families.last?.name != sample.family {
                    faults.append("sample of \(sample.family) outside its family: \(text)")
                    continue
                }
                families[families.count - 1].samples.append(sample)
                if !seen.insert(sample.series).inserted { duplicates.append(sample.series) }
            } else {
                faults.append("not a sample: \(text)")
            }
        }
        for family in families where family.samples.isEmpty { faults.append("family \(family.name) has no samples") }
    }

    /// The value of a series, as it stands in the text.
    package subscript(series: String) -> Double? { samples.first { $0.series == series }?.value }

    private static func sample(_ line: [UInt8]) -> Sample? {
        var cursor = Cursor(line)
        guard let family = cursor.name() else { return nil }
        var labels: [(name: String, value: String)] = []
        if cursor.take("{") {
            repeat {
                guard let name = cursor.name(), cursor.take("="), cursor.take("\""), let value = cursor.labelValue() else { return nil }
                labels.append((name, value))
            } while cursor.take(",")
            guard cursor.take("}") else { return nil }
        }
        let series = String(decoding: line[..<cursor.position], as: UTF8.self)
        guard cursor.take(" "), let value = number(String(decoding: line[cursor.position...], as: UTF8.self)) else { return nil }
        return Sample(series: series, family: family, labels: labels, value: value)
    }

    private static func number(_ text: String) -> Double? {
        switch text {
        case "NaN": return .nan
        case "+Inf": return .infinity
        case "-Inf": return -.infinity
        default:
            let isDecimal = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
            return isDecimal ? Double(text) : nil
        }
    }

    /// Reads a line from left to right.
    private struct Cursor {
        let line: [UInt8]
        var position = 0

        init(_ line: [UInt8]) { self.line = line }

        mutating func take(_ letter: Unicode.Scalar) -> Bool {
            guard position < line.count, line[position] == UInt8(ascii: letter) else { return false }
            position += 1
            return true
        }

        mutating func name() -> String? {
            let name = String(decoding: line[position...].prefix { LegalName.isLetter($0) || (0x30...0x39).contains($0) }, as: UTF8.self)
            guard LegalName.isLegal(name) else { return nil }
            position += name.utf8.count
            return name
        }

        /// Up to and with the closing quotation mark.
        mutating func labelValue() -> String? {
            var value: [UInt8] = []
            while position < line.count {
                let byte = line[position]
                position += 1
                switch byte {
                case UInt8(ascii: "\""): return String(validating: value, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard position < line.count else { return nil }
                    switch line[position] {
                    case UInt8(ascii: "n"): value.append(0x0A)
                    case UInt8(ascii: "\\"), UInt8(ascii: "\""): value.append(line[position])
                    default: return nil
                    }
                    position += 1
                default: value.append(byte)
                }
            }
            return nil
        }
    }
}

/// Names of families and labels that every Prometheus takes.
enum LegalName {
    /// `[a-zA-Z_][a-zA-Z0-9_]*`: a colon is for recording rules.
    static func isLegal(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first) else { return false }
        return name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
    }

    static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F }
}
