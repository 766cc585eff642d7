/// What a TYPE line says of a family.
package enum FamilyKind: String, Sendable, CaseIterable {
    /// `untyped` in the text format.
    case unknown
    case gauge, counter, histogram, summary, info
    case stateSet = "stateset"
    case gaugeHistogram = "gaugehistogram"

    /// What a sample's name has beyond its family's.
    enum Suffix: String, CaseIterable {
        case none = ""
        case total = "_total"
        case created = "_created"
        case bucket = "_bucket"
        case sum = "_sum"
        case count = "_count"
        case gaugeSum = "_gsum"
        case gaugeCount = "_gcount"
        case info = "_info"
    }

    /// The kind that a TYPE line's word stands for, whichever format has it.
    init?(_ text: Span<UInt8>, _ word: TextRange) {
        let known = text.spells(word, "untyped") ? FamilyKind.unknown : Self.allCases.first { text.spells(word, $0.rawValue) }
        guard let known else { return nil }
        self = known
    }

    /// Whether the format's page has the word.
    func isNamed(in format: ExpositionReader.Format, _ text: Span<UInt8>, _ word: TextRange) -> Bool {
        switch self {
        case .unknown: text.spells(word, format == .text ? "untyped" : "unknown")
        case .gauge, .counter, .histogram, .summary: true
        case .info, .stateSet, .gaugeHistogram: format == .openMetrics
        }
    }

    /// Whether a family of this kind has samples with the suffix.
    func has(_ suffix: Suffix, in format: ExpositionReader.Format) -> Bool {
        switch (self, suffix) {
        case (.unknown, .none), (.gauge, .none), (.summary, .none), (.stateSet, .none): true
        case (.counter, .none): format == .text
        case (.counter, .total), (.counter, .created), (.histogram, .created), (.summary, .created): format == .openMetrics
        case (.histogram, .bucket), (.histogram, .sum), (.histogram, .count), (.summary, .sum), (.summary, .count): true
        case (.gaugeHistogram, .bucket), (.gaugeHistogram, .gaugeSum), (.gaugeHistogram, .gaugeCount), (.info, .info): true
        default: false
        }
    }
}

extension FamilyKind.Suffix {
    init?(_ text: Span<UInt8>, _ range: TextRange) {
        guard let suffix = Self.allCases.first(where: { text.spells(range, $0.rawValue) }) else { return nil }
        self = suffix
    }
}
