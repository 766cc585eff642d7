import Metrics
import Primitives

/// What a `WorkQueue` knows: which keys wait, which ones are at work, and which ones are so and were added again.
struct WorkLine<Key: Hashable & Sendable>: Sendable {
    /// Each key once, and none that is at work.
    private var ready = Line<Key>()
    /// Keys to be looked at, since when: those that are ready, and those at work that were added again.
    private var dirty: [Key: TimeSource.Instant] = [:]
    private var working: [Key: TimeSource.Instant] = [:]
    private var delayed = DelayLine<Key>()
    private var limiter: RetryLimiter<Key>
    private(set) var isShutDown = false
    private var counts = QueueFacts()

    init(_ pace: RetryPace) { limiter = RetryLimiter(pace) }

    var isAtRest: Bool { working.isEmpty }

    mutating func add(_ key: Key, at now: TimeSource.Instant) {
        guard !isShutDown, dirty[key] == nil else { return }
        counts.adds += 1
        dirty[key] = now
        if working[key] == nil { ready.append(key) }
    }

    mutating func add(_ key: Key, afterSeconds seconds: Double, at now: TimeSource.Instant) {
        guard !isShutDown else { return }
        counts.retries += 1
        guard seconds > 0 else { return add(key, at: now) }
        delayed.add(key, until: now.advanced(by: .seconds(seconds.clamped(to: 0...1e9))))
    }

    mutating func addRateLimited(_ key: Key, isShared: Bool, at now: TimeSource.Instant) {
        guard !isShutDown else { return }
        add(key, afterSeconds: limiter.delaySeconds(key, at: now, isShared: isShared), at: now)
    }

    mutating func take(at now: TimeSource.Instant) -> Key? {
        guard let key = ready.popFirst() else { return nil }
        if let added = dirty.removeValue(forKey: key) { counts.queueDurations.observe((now - added).seconds) }
        working[key] = now
        return key
    }

    mutating func done(_ key: Key, at now: TimeSource.Instant) {
        guard let start = working.removeValue(forKey: key) else { return }
        counts.workDurations.observe((now - start).seconds)
        if dirty[key] != nil { ready.append(key) }
    }

    mutating func forget(_ key: Key) { limiter.forget(key) }

    func retries(of key: Key) -> Int { limiter.retries(of: key) }

    mutating func shutDown(dropping: Bool) {
        isShutDown = true
        delayed.removeAll()
        guard dropping else { return }
        ready.removeAll()
        dirty = [:]
    }

    /// When the first of those that wait for their time is due.
    mutating func firstDue() -> TimeSource.Instant? { delayed.first() }

    /// Adds those whose time has come, up to a number of them: the lock is not held for long.
    mutating func addDue(at now: TimeSource.Instant, limit: Int) {
        for _ in 0..<limit {
            guard let key = delayed.popDue(at: now) else { return }
            add(key, at: now)
        }
    }

    func facts(at now: TimeSource.Instant) -> QueueFacts {
        var facts = counts
        facts.depth = dirty.count
        facts.waiting = ready.count
        facts.delayed = delayed.count
        facts.working = working.count
        for start in working.values {
            let seconds = max(0, (now - start).seconds)
            facts.unfinishedSeconds += seconds
            facts.longestSeconds = max(facts.longestSeconds, seconds)
        }
        return facts
    }
}
