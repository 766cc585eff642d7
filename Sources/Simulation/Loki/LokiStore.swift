import Primitives
import Synchronization

/// All that was pushed, as far as there is room for it, and what Loki says of what it does not take.
final class LokiStore: Sendable {
    struct Verdict: Sendable, Equatable {
        var status: Int
        var text: String

        static let stored = Verdict(status: 204, text: "")
    }

    struct Counts: Sendable {
        var pushes = 0
        var lines = 0
        var repeated = 0
        var bytes = 0
        var refused: [String: Int] = [:]
        var forgotten = 0
    }

    /// What is wrong with a push, of which the first few say enough: there may be millions.
    private struct Problems {
        private(set) var texts: [String] = []

        mutating func note(_ text: @autoclosure () -> String) {
            if texts.count < 10 { texts.append(text()) }
        }
    }

    private struct State {
        var streams: [[LokiPush.Label]: LokiStream] = [:]
        var bytes = 0
        var counts = Counts()
        var bucket: TokenBucket
    }

    let limits: LokiLimits
    let clock: WallClock
    private let state: Mutex<State>

    init(_ limits: LokiLimits, clock: WallClock) {
        self.limits = limits
        self.clock = clock
        state = Mutex(State(bucket: TokenBucket(full: limits.burstBytes, at: clock.unixSeconds)))
    }

    /// Stores what is good, and tells of what is not: as Loki does it, one bad line keeps no other out.
    func take(_ push: LokiPush) -> Verdict {
        let now = clock.unixSeconds
        return state.withLock { state in
            state.counts.pushes += 1
            var problems = Problems()
            var good: [LokiPush.Stream] = []
            for stream in push.streams {
                if let problem = LokiRules.problem(labels: stream.labels, limits) {
                    state.counts.refused[problem.reason, default: 0] += stream.entries.count
                    problems.note(problem.text)
                    continue
                }
                var kept = stream
                kept.entries.removeAll { entry in
                    guard let problem = LokiRules.problem(entry, of: stream.labels, limits, now: now) else { return false }
                    state.counts.refused[problem.reason, default: 0] += 1
                    problems.note(problem.text)
                    return true
                }
                if !kept.entries.isEmpty { good.append(kept) }
            }
            let bytes = good.reduce(0) { $0 + $1.entries.reduce(0) { $0 + $1.bytes } }
            let lines = good.reduce(0) { $0 + $1.entries.count }
            guard state.bucket.take(Double(bytes), perSecond: limits.bytesPerSecond, burst: limits.burstBytes, at: now) else {
                state.counts.refused["rate_limited", default: 0] += lines
                return Verdict(
                    status: 429,
                    text:
                        "Ingestion rate limit exceeded for user fake (limit: \(Int(limits.bytesPerSecond)) bytes/sec) while attempting to ingest '\(lines)' lines totaling '\(bytes)' bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased"
                )
            }
            var isLimited = false
            for stream in good {
                guard let problem = store(stream, now, &state) else { continue }
                isLimited = isLimited || problem.status == 429
                problems.note(problem.text)
            }
            while state.bytes > limits.keptBytes { forget(&state) }
            return problems.texts.isEmpty ? .stored : Verdict(status: isLimited ? 429 : 400, text: problems.texts.joined(separator: "\n"))
        }
    }

    private func store(_ pushed: LokiPush.Stream, _ now: Double, _ state: inout State) -> Verdict? {
        guard state.streams[pushed.labels] != nil || state.streams.count < limits.streams else {
            state.counts.refused["stream_limit", default: 0] += pushed.entries.count
            return Verdict(
                status: 429,
                text:
                    "maximum active stream limit exceeded when trying to create stream \(LokiStream.text(pushed.labels)), reduce the number of active streams (reduce labels or reduce label values), or contact your Loki administrator to see if the limit can be increased, user: 'fake'"
            )
        }
        var stream =
            state.streams.removeValue(forKey: pushed.labels)
            ?? LokiStream(labels: pushed.labels, bucket: TokenBucket(full: limits.streamBurstBytes, at: now))
        // Whatever becomes of it; taken out meanwhile, so that it is changed in place.
        let before = stream.bytes
        defer {
            state.bytes += stream.bytes - before
            if stream.count > 0 { state.streams[pushed.labels] = stream }
        }
        let bytes = pushed.entries.reduce(0) { $0 + $1.bytes }
        guard stream.bucket.take(Double(bytes), perSecond: limits.streamBytesPerSecond, burst: limits.streamBurstBytes, at: now) else {
            state.counts.refused["per_stream_rate_limit", default: 0] += pushed.entries.count
            return Verdict(
                status: 429,
                text:
                    "Per stream rate limit exceeded (limit: \(Int(limits.streamBytesPerSecond / 1_048_576))MB/sec) while attempting to ingest for stream '\(stream.text)' totaling \(bytes)B, consider splitting a stream via additional labels or contact your Loki administrator to see if the limit can be increased"
            )
        }
        var (late, told) = (0, "")
        for entry in pushed.entries {
            if let newest = stream.newest, Double(newest - entry.time) > limits.behindSeconds * 1e9 {
                late += 1
                told = LokiRules.tooFarBehind(entry.time, newest: newest, limits)
            } else if stream.insert(entry) {
                state.counts.lines += 1
                state.counts.bytes += entry.bytes
            } else {
                state.counts.repeated += 1
            }
        }
        guard late > 0 else { return nil }
        state.counts.refused["too_far_behind", default: 0] += late
        return Verdict(
            status: 400, text: "\(told),\nuser 'fake', total ignored: \(late) out of \(pushed.entries.count) for stream: \(stream.text)")
    }

    /// The largest stream loses what is oldest in it.
    private func forget(_ state: inout State) {
        guard let key = state.streams.max(by: { $0.value.bytes < $1.value.bytes })?.key, var stream = state.streams.removeValue(forKey: key)
        else { return state.bytes = 0 }
        // A share of it at once, as to find the largest takes its time.
        var freed = 0
        while stream.count > 0, freed < max(limits.keptBytes / 64, 1) {
            freed += stream.drop()
            state.counts.forgotten += 1
        }
        state.bytes -= freed
        if stream.count > 0 { state.streams[key] = stream }
    }

    // MARK: asking

    var counts: Counts { state.withLock { $0.counts } }
    var bytes: Int { state.withLock { $0.bytes } }
    var streamCount: Int { state.withLock { $0.streams.count } }

    func clear() {
        state.withLock { state in (state.streams, state.bytes, state.counts) = ([:], 0, Counts()) }
    }

    /// Streams that have lines in that time.
    func streams(from start: Int64, to end: Int64, where isWanted: ([LokiPush.Label]) -> Bool) -> [LokiStream] {
        let streams = state.withLock { Array($0.streams.values) }
        return streams.filter { isWanted($0.labels) && !$0.between(start, end).isEmpty }
    }
}
