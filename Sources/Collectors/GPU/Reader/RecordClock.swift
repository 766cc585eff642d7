import Primitives

/// How far NVML's records of what was done have been read. Their times are microseconds since 1970, of a clock that may be set, and of a
/// driver that may err.
struct RecordClock {
    private var lastSeen: UInt64 = 0

    /// A record may be so much ahead of us.
    private static let toleranceSeconds = 60.0

    private static func limit(_ unixSeconds: Double) -> UInt64 {
        UInt64(((unixSeconds + toleranceSeconds) * 1e6).clamped(to: 0...9e18))
    }

    /// Where to go on from: the beginning, when the clock was set back behind what was read.
    mutating func start(_ unixSeconds: Double) -> UInt64 {
        if lastSeen > Self.limit(unixSeconds) { lastSeen = 0 }
        return lastSeen
    }

    /// Whether a time can be: one that is to come would make us wait for it.
    func believes(_ time: UInt64, _ unixSeconds: Double) -> Bool { time <= Self.limit(unixSeconds) }

    mutating func note(_ time: UInt64) { lastSeen = max(lastSeen, time) }
}
