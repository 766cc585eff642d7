import Primitives

/// Says each thing once a minute at most: what is logged here goes to the journal, and from there to Loki, if all goes well.
struct Complaints: Sendable {
    private var said: [String: Double] = [:]
    private var trouble: PushOutcome.Obstacle.Kind?
    /// Whether the trouble at hand was said, so that its end is worth saying.
    private var isTroubleSaid = false

    static let everySeconds = 60.0

    mutating func say(_ what: String, _ now: Double, _ body: () -> Void) {
        if let last = said[what], now - last < Self.everySeconds, now >= last { return }
        said[what] = now
        body()
    }

    mutating func begin(_ kind: PushOutcome.Obstacle.Kind, _ now: Double, _ body: () -> Void) {
        // A new trouble is worth a line of its own.
        trouble = kind
        var isSaid = false
        say(kind.rawValue, now) {
            isSaid = true
            body()
        }
        if isSaid { isTroubleSaid = true }
    }

    mutating func end(_ logger: Logger) {
        guard trouble != nil else { return }
        trouble = nil
        if isTroubleSaid { logger.info("Loki stores again") }
        isTroubleSaid = false
    }
}
