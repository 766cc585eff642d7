package import Primitives

/// Reads an exposition that somebody else wrote, from its first line to its last: Prometheus' text format 0.0.4 with the quoted names
/// of 1.0.0, or OpenMetrics 1.0.
///
/// `next()` goes from one entry to the next; the properties show the entry that it stopped at, as slices of the bytes that are
/// decoded only when asked for. Beside the bytes it keeps the ranges of one line and the name of one family, whatever is in the
/// text: that a family stands in two places, or a series comes twice, is for the caller to see, who keeps them. A carriage return
/// is no line end, as it is none for Prometheus.
package struct ExpositionReader: Sendable {
    package enum Format: Sendable {
        /// `text/plain; version=0.0.4` and `1.0.0`.
        case text
        /// `application/openmetrics-text; version=1.0.0`.
        case openMetrics

        /// The format that an answer's `Content-Type` names: text unless it is OpenMetrics.
        package init(contentType: String) {
            let name = Array("application/openmetrics-text".utf8)
            let isOpenMetrics = contentType.utf8.count >= name.count && zip(contentType.utf8, name).allSatisfy { $0 | 0x20 == $1 | 0x20 }
            self = isOpenMetrics ? .openMetrics : .text
        }
    }

    package enum Strictness: Sendable {
        /// A line that cannot be read is left out and counted; what Prometheus would let pass passes.
        case tolerant
        /// The first line that is not as the format's page has it ends the reading with a failure.
        case strict
    }

    /// What `next()` stopped at.
    package enum Entry: Sendable, Equatable {
        /// `familyName` and `help`.
        case help
        /// `familyName` and `familyKind`.
        case type
        /// `familyName` and `unit`; OpenMetrics only.
        case unit
        /// `name`, `labels`, `value`, `timestampSeconds` and `exemplar`, and the family that it belongs to.
        case sample
    }

    private let bytes: [UInt8]
    private var parser: LineParser

    /// - Parameter bytes: the whole exposition; it is kept and not copied.
    package init(_ bytes: [UInt8], as format: Format = .text, _ strictness: Strictness, limits: ReadingLimits = ReadingLimits()) {
        self.bytes = bytes
        parser = LineParser(format, strictness, limits, byteCount: bytes.count)
    }

    /// Goes to the next entry; nil at the end.
    ///
    /// Throws only when strict: `malformed` for text that is not of the format, `limit` for a limit that was reached, with
    /// `line:column` (of bytes, from 1), what was expected and up to 40 bytes of what stands there.
    package mutating func next() throws(Failure) -> Entry? {
        let text = bytes
        do throws(ReadingFault) {
            return try parser.next(in: text.span)
        } catch {
            throw error.failure(parser.limits, in: text)
        }
    }

    /// What has been read so far, and what was left out.
    package var report: ReadingReport {
        ReadingReport(
            sampleCount: parser.sampleCount, familyCount: parser.familyCount, skippedLineCount: parser.skippedLineCount,
            repairedTextCount: parser.repairedTextCount, limitReached: parser.limitReached,
            firstProblem: parser.firstFault?.message(parser.limits, in: bytes))
    }

    /// The line of the current entry, from 1.
    package var line: Int { parser.line }

    // MARK: the family

    /// The family of the current entry: the one that HELP, TYPE or UNIT named, or that the sample begins when it is of no such one.
    package var familyName: ExpositionSlice { slice(parser.family.name) }

    /// How many families have begun up to the current entry, its own with them: another number is another family.
    package var familyNumber: Int { parser.familyCount }

    /// `unknown` until a TYPE line has said it.
    package var familyKind: FamilyKind { parser.family.kind }

    /// The text of a HELP entry.
    package var help: ExpositionSlice { slice(parser.metadata, parser.format == .text ? .help : .quoted) }

    /// The text of a UNIT entry.
    package var unit: ExpositionSlice { slice(parser.metadata, .none) }

    // MARK: the sample

    /// The name of a sample, which may end with more than its family's: `_total`, `_bucket`.
    package var name: ExpositionSlice { slice(parser.name) }

    /// Labels of a sample in the order of the text.
    package var labels: Labels { Labels(bytes: bytes, ranges: parser.labels) }

    package var value: Double { parser.value }

    /// Seconds since 1970, if the line says when the sample was taken; the text format has milliseconds.
    package var timestampSeconds: Double? { parser.timestampSeconds }

    /// The observation that stands for the sample; OpenMetrics only.
    package var exemplar: Exemplar? {
        guard let found = parser.exemplar else { return nil }
        return Exemplar(
            labels: Labels(bytes: bytes, ranges: parser.exemplarLabels), value: found.value, timestampSeconds: found.timestampSeconds)
    }

    /// Name and labels of a sample as they stand in the text.
    package var series: ExpositionSlice { slice(parser.series, .none) }

    /// The number of a sample as it stands in the text.
    package var valueText: ExpositionSlice { slice(parser.valueText, .none) }

    private func slice(_ range: TextRange, _ escapes: ExpositionSlice.Escapes = .quoted) -> ExpositionSlice {
        ExpositionSlice(bytes: bytes[range.start..<range.end], escapes: range.hasEscapes ? escapes : .none)
    }
}

extension ExpositionReader {
    /// The labels of one sample or exemplar.
    package struct Labels: Sendable, RandomAccessCollection {
        let bytes: [UInt8]
        let ranges: [LabelRange]

        package var startIndex: Int { 0 }
        package var endIndex: Int { ranges.count }

        package subscript(position: Int) -> (name: ExpositionSlice, value: ExpositionSlice) {
            let range = ranges[position]
            return (slice(range.name), slice(range.value))
        }

        /// The value of a label, if it is there.
        package subscript(name: StaticString) -> ExpositionSlice? { first { $0.name == name }?.value }

        private func slice(_ range: TextRange) -> ExpositionSlice {
            ExpositionSlice(bytes: bytes[range.start..<range.end], escapes: range.hasEscapes ? .quoted : .none)
        }
    }

    package struct Exemplar: Sendable {
        package let labels: Labels
        package let value: Double
        /// Seconds since 1970, if the text says when it was observed.
        package let timestampSeconds: Double?
    }
}
