import Primitives

/// Where a text stops being an exposition, and why. It is small: a text may be full of them, and only one is told.
struct ReadingFault: Error {
    enum Reason: Sendable {
        case metricName, metricNameInBraces, labelName, equalsSign, quotationMark, endOfQuoted, escape, commaOrBrace
        case nameText, labelText, helpText, labelTwice, reservedLabel
        case space, value, timestamp, exemplar, lineEnd, lineFeed, carriageReturn, blankLine
        case keyword, kind, kindOfFormat, helpOnce, typeOnce, unitOnce, metadataFirst, unitSuffix, unitOfKind
        case sampleSuffix, bound, quantile, state, stateValue, infoValue, counted, whole, exemplarPlace, exemplarLength
        case end, nothingAfterEnd
        case byteLimit, sampleLimit, familyLimit, lineLimit, labelLimit, nameLimit, labelValueLimit, helpLimit

        /// Whether nothing more is read after it.
        var isFinal: Bool {
            switch self {
            case .nothingAfterEnd, .byteLimit, .sampleLimit, .familyLimit: true
            default: false
            }
        }
    }

    let reason: Reason
    /// From the start of the text, in bytes.
    let position: Int
    /// From 1.
    let line: Int
    /// From 1, in bytes.
    let column: Int

    func failure(_ limits: ReadingLimits, in bytes: [UInt8]) -> Failure {
        Failure(reason.limit(limits) == nil ? .malformed : .limit, message(limits, in: bytes))
    }

    /// `line:column: expected …, found "…"`, on one line and with no byte that a terminal obeys.
    func message(_ limits: ReadingLimits, in bytes: [UInt8]) -> String {
        if let limit = reason.limit(limits) { return "\(line):\(column): expected at most \(limit)" }
        let rest = bytes.dropFirst(position)
        var excerpt = rest.prefix(Self.excerptBytes).prefix { $0 != 0x0A }
        if excerpt.count == Self.excerptBytes, rest.count > excerpt.count {
            // Not through the middle of a character.
            while excerpt.last.map({ $0 & 0xC0 == 0x80 }) == true { excerpt.removeLast() }
            if excerpt.last.map({ $0 >= 0xC0 }) == true { excerpt.removeLast() }
        }
        var found: [UInt8] = []
        if excerpt.isEmpty {
            found.append(utf8: rest.isEmpty ? "the end of the text" : "the end of the line" as StaticString)
        } else {
            found.append(quoted: String(decoding: excerpt, as: UTF8.self))
        }
        return "\(line):\(column): expected \(reason.expected), found \(String(decoding: found, as: UTF8.self))"
    }

    private static let excerptBytes = 40
}

extension ReadingFault.Reason {
    fileprivate var expected: String {
        switch self {
        case .metricName: "a metric name"
        case .metricNameInBraces: "one metric name, before the braces or quoted within them"
        case .labelName: "a label name"
        case .equalsSign: "= after the label name"
        case .quotationMark: "a label value in quotation marks"
        case .endOfQuoted: "a quotation mark at the end before the line ends"
        case .escape: #"one of the escapes \\, \" and \n"#
        case .commaOrBrace: "a comma or a closing brace"
        case .nameText: "a name of at least one letter, in UTF-8"
        case .labelText: "a label value in UTF-8"
        case .helpText: "a help text in UTF-8"
        case .labelTwice: "each label name once"
        case .reservedLabel: "no label __name__, which is the metric's own"
        case .space: "a space"
        case .value: "a number as Go's ParseFloat reads it"
        case .timestamp: "a timestamp: whole milliseconds in the text format, finite seconds in OpenMetrics"
        case .exemplar: "the labels of an exemplar in braces"
        case .lineEnd: "the end of the line"
        case .lineFeed: "a line feed at the end of the last line"
        case .carriageReturn: "a line feed alone at the end of the line"
        case .blankLine: "no blank line in OpenMetrics"
        case .keyword: "# HELP, # TYPE, # UNIT or # EOF"
        case .kind: "the type of a metric"
        case .kindOfFormat: "a type of this format"
        case .helpOnce: "one HELP for each family"
        case .typeOnce: "one TYPE for each family"
        case .unitOnce: "one UNIT for each family"
        case .metadataFirst: "HELP, TYPE and UNIT before the family's samples"
        case .unitSuffix: "a unit that the family's name ends with"
        case .unitOfKind: "no unit for an info or a stateset"
        case .sampleSuffix: "a sample name with the suffix of its family's type"
        case .bound: "a bucket with a bound le"
        case .quantile: "a sample with a quantile, from 0 to 1 in OpenMetrics"
        case .state: "a state, as the label with the family's name"
        case .stateValue: "0 or 1 for a state"
        case .infoValue: "1 for an info"
        case .counted: "a number that is not negative, as the sample counts"
        case .whole: "a whole number, as the sample counts"
        case .exemplarPlace: "an exemplar only on a bucket or a counter's total"
        case .exemplarLength: "at most 128 characters in the labels of an exemplar"
        case .end: "# EOF as the last line"
        case .nothingAfterEnd: "nothing after # EOF"
        case .byteLimit, .sampleLimit, .familyLimit, .lineLimit, .labelLimit, .nameLimit, .labelValueLimit, .helpLimit: ""
        }
    }

    /// `64 bytes in …`, of a reason that is a limit.
    fileprivate func limit(_ limits: ReadingLimits) -> String? {
        switch self {
        case .byteLimit: "\(limits.bytes) bytes in an exposition"
        case .sampleLimit: "\(limits.samples) samples"
        case .familyLimit: "\(limits.families) families"
        case .lineLimit: "\(limits.lineBytes) bytes in a line"
        case .labelLimit: "\(limits.labels) labels"
        case .nameLimit: "\(limits.nameBytes) bytes in a name"
        case .labelValueLimit: "\(limits.labelValueBytes) bytes in a label value"
        case .helpLimit: "\(limits.helpBytes) bytes in a help text"
        default: nil
        }
    }
}
