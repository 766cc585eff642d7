/// A stretch of time, in seconds since the world's epoch.
struct Span: Sendable, Equatable {
    var start: Double
    /// Infinite while it lasts.
    var end: Double

    /// Its end belongs to what follows.
    func contains(_ moment: Double) -> Bool { moment >= start && moment < end }

    /// The part of it between two moments; nil when there is none.
    func part(from start: Double, to end: Double) -> Span? {
        let part = Span(start: max(self.start, start), end: min(self.end, end))
        return part.end > part.start ? part : nil
    }

    var seconds: Double { end - start }
}

extension [Span] {
    /// Adds a later stretch; one that begins where the last ends makes it longer.
    mutating func extend(with span: Span) {
        guard span.end > span.start else { return }
        if let last, last.end >= span.start {
            self[count - 1].end = Swift.max(last.end, span.end)
        } else {
            append(span)
        }
    }
}
