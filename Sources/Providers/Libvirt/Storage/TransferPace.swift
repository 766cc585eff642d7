/// Whether bytes come fast enough: in each while so many, and over a long time many more, not counted the time for which the sender was made to wait.
///
/// A sender that is slow on purpose would hold a place of the provider's for as long as it likes.
struct TransferPace: Sendable {
    let leastBytesPerSecond: Double
    /// How long a while is.
    let seconds: Double
    /// Over all of it, once a long time has passed: what only trickles would be there for half a day.
    let leastOverall: Double
    let longSeconds: Double

    private var began: ContinuousClock.Instant
    private var bytes = 0.0
    private var passedBefore = 0.0
    private var bytesBefore = 0.0
    private var waitedSeconds = 0.0

    init(
        leastBytesPerSecond: Double = 32 * 1024, seconds: Double = 120, leastOverall: Double = 128 * 1024, longSeconds: Double = 900,
        at now: ContinuousClock.Instant = .now
    ) {
        self.leastOverall = leastOverall
        self.longSeconds = longSeconds
        self.leastBytesPerSecond = leastBytesPerSecond
        self.seconds = seconds
        began = now
    }

    /// - Parameter waited: how long it took to pass them on, in seconds.
    mutating func add(_ count: Int, waited: Double) {
        bytes += Double(count)
        waitedSeconds += waited
    }

    /// To be asked again and again.
    mutating func isTooSlow(at now: ContinuousClock.Instant = .now) -> Bool {
        let passed = (now - began) / .seconds(1) - waitedSeconds
        guard passed >= seconds else { return false }
        passedBefore += passed
        bytesBefore += bytes
        defer { (began, bytes, waitedSeconds) = (now, 0, 0) }
        return bytes < leastBytesPerSecond * passed || passedBefore >= longSeconds && bytesBefore < leastOverall * passedBefore
    }
}
