import Metrics
import Primitives

/// All that a reader finds in a text, in a form that can be compared.
struct WholeReading: Equatable {
    /// Of each sample: `["name",[["label","value"]],"value",timestamp,exemplar]`, as JSON.
    private(set) var samples: [String] = []
    /// Of each sample: its family and that family's kind.
    private(set) var families: [String] = []
    /// Of each HELP, TYPE and UNIT: `HELP name text`.
    private(set) var metadata: [String] = []
    private(set) var report: ReadingReport
    /// What ended it, when strict.
    private(set) var failure: String?
    private(set) var code: Failure.Code?

    init(
        _ bytes: [UInt8], as format: ExpositionReader.Format = .text, _ strictness: ExpositionReader.Strictness = .strict,
        limits: ReadingLimits = ReadingLimits()
    ) {
        var reader = ExpositionReader(bytes, as: format, strictness, limits: limits)
        do throws(Failure) {
            while let entry = try reader.next() {
                switch entry {
                case .help: metadata.append("HELP \(reader.familyName.text) \(reader.help.text)")
                case .type: metadata.append("TYPE \(reader.familyName.text) \(reader.familyKind)")
                case .unit: metadata.append("UNIT \(reader.familyName.text) \(reader.unit.text)")
                case .sample:
                    samples.append(Self.sample(reader))
                    families.append("\(reader.familyName.text) \(reader.familyKind)")
                }
            }
        } catch {
            failure = error.message
            code = error.code
        }
        report = reader.report
    }

    init(
        _ text: String, as format: ExpositionReader.Format = .text, _ strictness: ExpositionReader.Strictness = .strict,
        limits: ReadingLimits = ReadingLimits()
    ) {
        self.init(Array(text.utf8), as: format, strictness, limits: limits)
    }

    private static func sample(_ reader: ExpositionReader) -> String {
        var line: [UInt8] = [UInt8(ascii: "[")]
        line.append(quoted: reader.name.text)
        line.append(utf8: "," as StaticString)
        append(reader.labels, to: &line)
        line.append(utf8: ",\"\(number(reader.value))\"," as String)
        append(reader.timestampSeconds, to: &line)
        line.append(utf8: "," as StaticString)
        if let exemplar = reader.exemplar {
            line.append(utf8: "[" as StaticString)
            append(exemplar.labels, to: &line)
            line.append(utf8: ",\"\(number(exemplar.value))\"," as String)
            append(exemplar.timestampSeconds, to: &line)
            line.append(utf8: "]" as StaticString)
        } else {
            line.append(utf8: "null" as StaticString)
        }
        line.append(UInt8(ascii: "]"))
        return String(decoding: line, as: UTF8.self)
    }

    private static func append(_ labels: ExpositionReader.Labels, to line: inout [UInt8]) {
        line.append(utf8: "[" as StaticString)
        for (position, label) in labels.enumerated() {
            line.append(utf8: position == 0 ? "[" : ",[" as StaticString)
            line.append(quoted: label.name.text)
            line.append(utf8: "," as StaticString)
            line.append(quoted: label.value.text)
            line.append(utf8: "]" as StaticString)
        }
        line.append(utf8: "]" as StaticString)
    }

    private static func append(_ seconds: Double?, to line: inout [UInt8]) {
        line.append(utf8: seconds.map(number) ?? "null")
    }

    private static func number(_ value: Double) -> String { "\(value)" }
}
