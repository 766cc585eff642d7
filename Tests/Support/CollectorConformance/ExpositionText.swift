import Metrics
import Primitives

/// A text exposition as `ExpositionReader` reads it strictly, held to the one form in which we write: what is read is written once
/// more and must be the same text.
package struct ExpositionText: Sendable {
    /// One line of numbers.
    package struct Sample: Sendable {
        /// Name and labels as they stand in the text: `pve_node_up{cluster="lab",node="pve1"}`.
        package let series: String
        package let name: String
        /// The family that it stands in.
        package let family: String
        package let labels: [(name: String, value: String)]
        package let value: Double

        package func label(_ name: String) -> String? { labels.first { $0.name == name }?.value }
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
    /// Series that stand in the text more than once; faults too.
    package private(set) var duplicates: [String] = []

    /// All samples in the order of the text.
    package var samples: [Sample] { families.flatMap(\.samples) }

    /// By family.
    package var types: [String: String] { Dictionary(families.map { ($0.name, $0.type) }) { first, _ in first } }

    package init(_ text: String) {
        let bytes = Array(text.utf8)
        var written: [UInt8] = []
        do throws(Failure) {
            try read(bytes, &written)
            if written != bytes { faults.append("not in our form: \(Self.firstDifference(bytes, written))") }
        } catch {
            faults.append("\(error)")
        }
        for family in families where family.samples.isEmpty { faults.append("family \(family.name) has no samples") }
    }

    /// The value of a series, as it stands in the text.
    package subscript(series: String) -> Double? { samples.first { $0.series == series }?.value }

    /// The samples with a name.
    package func family(_ name: String) -> [Sample] { samples.filter { $0.name == name } }

    /// Series and value of each sample with a name, sorted.
    package func lines(_ name: String) -> [String] { family(name).map { "\($0.series) \($0.value)" }.sorted() }

    private mutating func read(_ bytes: [UInt8], _ written: inout [UInt8]) throws(Failure) {
        var reader = ExpositionReader(bytes, .strict)
        var seen: Set<String> = []
        var help: String?
        while let entry = try reader.next() {
            let family = reader.familyName.text
            switch entry {
            case .help:
                help = family
                if reader.help.bytes.isEmpty { faults.append("HELP without words: \(family)") }
                written.append(utf8: "# HELP \(family) \(Self.escaped(reader.help.text, quotes: false))\n")
            case .type:
                if families.contains(where: { $0.name == family }) { faults.append("family \(family) stands in two places") }
                if help != family { faults.append("TYPE of \(family) does not follow its HELP") }
                families.append(Family(name: family, type: reader.familyKind.rawValue))
                written.append(utf8: "# TYPE \(family) \(reader.familyKind.rawValue)\n")
            case .unit: faults.append("UNIT in the text format")
            case .sample:
                let sample = Sample(
                    series: reader.series.text, name: reader.name.text, family: family,
                    labels: reader.labels.map { ($0.name.text, $0.value.text) }, value: reader.value)
                written.append(utf8: Self.line(sample, reader.valueText.text))
                if !seen.insert(sample.series).inserted {
                    duplicates.append(sample.series)
                    faults.append("twice: \(sample.series)")
                }
                if families.last?.name == family {
                    families[families.count - 1].samples.append(sample)
                } else {
                    faults.append("sample of \(sample.name) outside its family: \(sample.series)")
                }
            }
        }
    }

    private static func line(_ sample: Sample, _ value: String) -> String {
        let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",")
        let isDecimal = value.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.e".utf8.contains($0) } && !value.hasPrefix("+")
        let isNumber = isDecimal || ["NaN", "+Inf", "-Inf"].contains(value)
        return "\(sample.name)\(labels.isEmpty ? "" : "{\(labels)}") \(isNumber ? value : "a number")\n"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func firstDifference(_ bytes: [UInt8], _ written: [UInt8]) -> String {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        let others = written.split(separator: 0x0A, omittingEmptySubsequences: false)
        return zip(lines, others).first { $0 != $1 }.map { String(decoding: $0.0.prefix(200), as: UTF8.self) } ?? "the end"
    }
}

/// Names of families and labels that every Prometheus takes.
enum LegalName {
    /// `[a-zA-Z_][a-zA-Z0-9_]*`: a colon is for recording rules.
    static func isLegal(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first) else { return false }
        return name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F }
}
