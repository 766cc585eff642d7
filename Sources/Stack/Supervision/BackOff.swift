/// How long to wait before a service is started again: twice as long after each failure, from the start after a long run.
struct BackOff: Equatable, Sendable {
    /// After the first failure.
    var firstSeconds = 0.5
    /// However many failures.
    var longestSeconds = 30.0
    /// A run of so long was a good one.
    var goodRunSeconds = 60.0
    private var nextSeconds: Double?

    /// Nothing has failed yet.
    init() {}

    /// The wait after a run that ended.
    mutating func delay(afterRunningSeconds ran: Double) -> Double {
        let delay = ran >= goodRunSeconds ? firstSeconds : nextSeconds ?? firstSeconds
        nextSeconds = min(delay * 2, longestSeconds)
        return delay
    }
}
