/// A stretch of time, in seconds since the world's epoch.
struct Span: Sendable, Equatable {
    var start: Double
    /// Infinite while it lasts.
    var end: Double

    /// Its end belongs to what follows.
    func contains(_ moment: Double) -> Bool { moment >= start && moment < end }
}

extension [Span] {
    /// Adds a later stretch; one that begins where the last ends makes it longer.
    mutating func extend(with span: Span) {
        guard span.end > span.start else { return }
        if let last, last.end >= span.start {
            self[count - 1].end = span.end
        } else {
            append(span)
        }
    }
}
