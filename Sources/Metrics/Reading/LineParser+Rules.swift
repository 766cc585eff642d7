/// What the formats' pages promise of single lines beyond what can be read. Only the strict reader holds a text to it: Prometheus
/// itself does not.
extension LineParser {
    func checkSample(_ text: Span<UInt8>, _ kind: FamilyKind, _ suffix: FamilyKind.Suffix) throws(ReadingFault) {
        guard isStrict else { return }
        switch (kind, suffix) {
        case (.histogram, .bucket), (.gaugeHistogram, .bucket):
            guard let bound = label(text, "le"), isBound(text, bound) else { throw fault(.bound, at: lineStart) }
        case (.summary, .none):
            guard let quantile = label(text, "quantile"), let number = text.double(quantile) else { throw fault(.quantile, at: lineStart) }
            try demand(format == .text || (0...1).contains(number), .quantile, at: quantile.start)
        default: break
        }
        guard format == .openMetrics else { return }
        switch suffix {
        case .total, .sum, .bucket, .count, .gaugeCount:
            try demand(value >= 0, .counted, at: valueText.start)
            let isWhole = suffix == .total || suffix == .sum || value.isFinite && value == value.rounded()
            try demand(isWhole, .whole, at: valueText.start)
        case .info: try demand(value == 1, .infoValue, at: valueText.start)
        case .none where kind == .stateSet:
            try demand(labels.contains { text.isEqual($0.name, family.name) }, .state, at: lineStart)
            try demand(value == 0 || value == 1, .stateValue, at: valueText.start)
        case .none where kind == .summary: try demand(!(value < 0), .counted, at: valueText.start)
        case .none, .created, .gaugeSum: break
        }
        if exemplar != nil { try demand(suffix == .bucket || suffix == .total, .exemplarPlace, at: lineStart) }
    }

    func checkExemplar(_ text: Span<UInt8>, at start: Int) throws(ReadingFault) {
        guard isStrict else { return }
        let length = exemplarLabels.reduce(0) { $0 + characters(text, $1.name) + characters(text, $1.value) }
        try demand(length <= 128, .exemplarLength, at: start)
    }

    private func label(_ text: Span<UInt8>, _ name: String) -> TextRange? {
        labels.first { text.spells($0.name, name) }?.value
    }

    /// A number; the one without end is written as `+Inf` in OpenMetrics.
    private func isBound(_ text: Span<UInt8>, _ range: TextRange) -> Bool {
        guard let bound = text.double(range), !bound.isNaN else { return false }
        return format == .text || bound != .infinity || text.spells(range, "+Inf")
    }

    /// Characters of a text that is UTF-8; an escape counts as what it stands for.
    private func characters(_ text: Span<UInt8>, _ range: TextRange) -> Int {
        var count = 0
        var position = range.start
        while position < range.end {
            if text[position] == UInt8(ascii: "\\"), position + 1 < range.end,
                [UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "n")].contains(text[position + 1])
            {
                position += 1
            }
            if text[position] & 0xC0 != 0x80 { count += 1 }
            position += 1
        }
        return count
    }
}
