import ProxmoxAPI

/// How long one job goes on that asks for many things one after the other, of which some fail.
struct SlowPatience: Sendable {
    /// Calls in a row that timed out: then it is the node that is slow, and each more would keep the others that wait for it.
    private static let timeoutLimit = 3

    private var timeouts = 0

    mutating func succeeded() { timeouts = 0 }

    /// Whether to ask for the next thing. It throws what would befall the next in the same way, so that what was known before is kept.
    mutating func goesOn(after error: ProxmoxError) throws(ProxmoxError) -> Bool {
        if Task.isCancelled { throw error }
        switch error.kind {
        case .unauthorized, .nodeUnreachable, .unreachable, .tls: throw error
        // Whoever may see the list may not see the rest.
        case .forbidden: return false
        case .timeout:
            timeouts += 1
            return timeouts < Self.timeoutLimit
        case .refused, .tooLarge, .malformed:
            timeouts = 0
            return true
        }
    }
}
