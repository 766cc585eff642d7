import Metrics

/// Chooses the format that a scraper likes best, by its `Accept` (RFC 9110, 12.5.1).
///
/// The most specific range that covers a format gives its weight, and 0 refuses it. Of formats with one weight, one that is named goes
/// before one that a wildcard covers, then the one that is named first, then text. A scraper that accepts none of ours gets text 0.0.4,
/// which all understand. It is one pass over the bytes, whatever they are.
struct ContentNegotiation {
    /// How much a format is liked, by the range that says so.
    private struct Liking {
        var weight = 0
        /// Of the range: 0 for `*/*`, 1 for `text/*`, 2 for a whole name, 3 and 4 with version and escaping.
        var specificity = -1
        /// Of the range, among all.
        var position = 0
        var format: ExpositionFormat

        private var isNamed: Bool { specificity >= 2 }

        /// Takes what a range says if that is more specific than what was heard before; of two that are as specific the friendlier holds.
        /// Returns whether it was taken.
        mutating func hear(_ range: AcceptReader.Range, _ specificity: Int, at position: Int) -> Bool {
            guard specificity > self.specificity || specificity == self.specificity && range.weight > weight else { return false }
            (self.weight, self.specificity, self.position) = (range.weight, specificity, position)
            return true
        }

        func isAhead(of other: Liking) -> Bool {
            if weight != other.weight { return weight > other.weight }
            if isNamed != other.isNamed { return isNamed }
            return position < other.position
        }
    }

    /// In the order in which they are taken when nothing tells them apart.
    private var text = Liking(format: .text)
    private var standard = Liking(format: .openMetrics(.standard))
    private var draft = Liking(format: .openMetrics(.draft))

    /// - Parameter accept: the values of all `Accept` fields, which count as one list.
    static func format(accept: [String]) -> ExpositionFormat {
        var negotiation = ContentNegotiation()
        var position = 0
        for header in accept {
            var reader = AcceptReader(header)
            while let range = reader.next() {
                negotiation.hear(range, at: position)
                position += 1
            }
        }
        var best = negotiation.text
        for liking in [negotiation.standard, negotiation.draft] where liking.isAhead(of: best) { best = liking }
        return best.weight > 0 ? best.format : .text
    }

    private mutating func hear(_ range: AcceptReader.Range, at position: Int) {
        switch (range.type, range.subtype) {
        case ("*", "*"):
            _ = text.hear(range, 0, at: position)
            hearOpenMetrics(range, 0, at: position)
        case ("text", "*"): _ = text.hear(range, 1, at: position)
        case ("application", "*"): hearOpenMetrics(range, 1, at: position)
        case ("text", "plain"):
            // Version 1.0.0 of the text format is for names that we do not have; who takes it takes 0.0.4 too, and says so.
            guard range.version == nil || range.version == "0.0.4" else { return }
            _ = text.hear(range, range.version == nil ? 2 : 3, at: position)
        case ("application", "openmetrics-text"): hearOpenMetrics(range, 2, at: position)
        default: break
        }
    }

    private mutating func hearOpenMetrics(_ range: AcceptReader.Range, _ specificity: Int, at position: Int) {
        let specificity = specificity + (range.version == nil ? 0 : 1)
        if range.version == nil || range.version == OpenMetricsFormat.Version.draft.rawValue {
            _ = draft.hear(range, specificity, at: position)
        }
        guard range.version == nil || range.version == OpenMetricsFormat.Version.standard.rawValue else { return }
        var escaping: ExpositionFormat.NameEscaping?
        if let wanted = range.escaping {
            // Prometheus' documentation has the first one without the second hyphen too. The other schemes double underscores, so that
            // every name would be another: that is a format which we do not have.
            escaping = wanted == "allow-utf8" ? ExpositionFormat.NameEscaping.none : .init(rawValue: wanted)
            guard escaping != nil else { return }
        }
        if standard.hear(range, specificity + (escaping == nil ? 0 : 1), at: position) {
            standard.format = .openMetrics(.standard, escaping: escaping)
        }
    }
}
