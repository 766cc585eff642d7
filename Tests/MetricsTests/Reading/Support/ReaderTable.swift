import Metrics
import Primitives
import Testing

/// The table of texts and verdicts: `Fixtures/expositions.tsv`, whose head says what stands in a line.
struct ReaderTable {
    struct Case: Sendable, CustomTestStringConvertible {
        let title: String
        let format: ExpositionReader.Format
        /// As it stands in the table, with escapes.
        let text: String
        let strict: String
        let tolerant: String
        let samples: String

        var testDescription: String { title }
        var bytes: [UInt8] { ReaderTable.bytes(text) }
    }

    static let path = "\(#filePath)".split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Fixtures/expositions.tsv"

    static let cases: [Case] = lines.compactMap { line in
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 6, !line.hasPrefix("#") else { return nil }
        return Case(
            title: fields[0], format: fields[1] == "text" ? .text : .openMetrics, text: fields[2], strict: fields[3], tolerant: fields[4],
            samples: fields[5])
    }

    private static var lines: [Substring] {
        String(decoding: (try? Files.read(path)) ?? [], as: UTF8.self).split(separator: "\n")
    }

    /// Writes the table once more, with what the reader says now.
    static func record() throws {
        let head = lines.prefix { $0.hasPrefix("#") }
        let body = cases.map { item in
            let (strict, tolerant, samples) = verdict(item)
            return [item.title, item.format == .text ? "text" : "openmetrics", item.text, strict, tolerant, samples].joined(separator: "\t")
        }
        try Files.write(Array(((head.map(String.init) + body).joined(separator: "\n") + "\n").utf8), to: path)
    }

    /// The last three fields of a line.
    static func verdict(_ item: Case) -> (strict: String, tolerant: String, samples: String) {
        let strict = WholeReading(item.bytes, as: item.format, .strict)
        let tolerant = WholeReading(item.bytes, as: item.format, .tolerant)
        let (skipped, repaired) = (tolerant.report.skippedLineCount, tolerant.report.repairedTextCount)
        let isWhole = tolerant.report.firstProblem == nil || skipped > 0
        return (
            strict.failure ?? "ok", "\(skipped) \(repaired)\(isWhole ? "" : " end")", "[\(tolerant.samples.joined(separator: ","))]"
        )
    }

    /// Undoes `\n \t \r \\ \xNN`.
    static func bytes(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                result.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "x"):
                result.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            default: result.append(escape)
            }
        }
        return result
    }
}
