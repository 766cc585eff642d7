/// How long to wait before a store that did not answer is asked again: twice as long each time, and up to twice that by chance, so that not all ask at once.
struct Backoff: Sendable {
    static let firstSeconds = 0.8
    static let longestSeconds = 30.0

    private var seconds = firstSeconds

    /// It answered when it was last asked.
    var isAtRest: Bool { seconds == Self.firstSeconds }

    /// - Parameter chance: 0 to 1.
    mutating func next(chance: Double) -> Double {
        defer { seconds = min(Self.longestSeconds, seconds * 2) }
        return seconds * (1 + chance)
    }

    mutating func reset() { seconds = Self.firstSeconds }
}
