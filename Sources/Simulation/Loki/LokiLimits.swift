/// What a Loki takes, in the measure that one has where nobody has set it.
package struct LokiLimits: Sendable {
    /// Bytes a second of all lines, and at once.
    package var bytesPerSecond = 4.0 * 1_048_576
    package var burstBytes = 6.0 * 1_048_576
    /// The same of each stream.
    package var streamBytesPerSecond = 3.0 * 1_048_576
    package var streamBurstBytes = 15.0 * 1_048_576
    var streams = 5000
    var lineBytes = 256 << 10
    var labels = 15
    var labelNameBytes = 1024
    var labelValueBytes = 2048
    var metadataEntries = 128
    var metadataBytes = 64 << 10
    /// How far behind the newest of its stream a line may be.
    var behindSeconds = 3600.0
    var ageSeconds = 604_800.0
    var futureSeconds = 600.0
    /// Of a push, unpacked.
    var pushBytes = 100 << 20
    /// Of a query.
    var queryLines = 5000
    /// All lines that are kept; of more the oldest go.
    package var keptBytes = 64 << 20

    package init() {}
}

/// Bytes that may come: so many at once, and so many more each second.
struct TokenBucket: Sendable {
    private var tokens: Double
    private var filledAt: Double

    init(full burst: Double, at now: Double) { (tokens, filledAt) = (burst, now) }

    /// Whether there is room for so many; if so it is taken.
    mutating func take(_ bytes: Double, perSecond: Double, burst: Double, at now: Double) -> Bool {
        tokens = min(burst, tokens + max(0, now - filledAt) * perSecond)
        filledAt = now
        guard bytes <= tokens else { return false }
        tokens -= bytes
        return true
    }
}
