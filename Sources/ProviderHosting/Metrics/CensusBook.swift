import Primitives
import Synchronization

/// What libvirt last told of its domains. It is asked in the background, so that no scrape waits for it, and however often is scraped it is asked as often.
final class CensusBook: Sendable {
    typealias Facts = HostedProvider.LibvirtFacts

    private struct State {
        var last: (facts: Facts, at: ContinuousClock.Instant)?
        var hasFailed = false
    }

    /// What is older is not shown any more.
    static let freshSeconds = 60.0
    private static let answerSeconds = 10.0

    private let state = Mutex(State())
    private let interval: Duration

    init(everySeconds: Double = 15) { interval = .seconds(everySeconds) }

    /// As the hypervisor called itself when it last answered.
    var lastHost: String? { state.withLock { $0.last?.facts.host } }

    /// Whether it did not answer when it was last asked.
    var hasFailed: Bool { state.withLock { $0.hasFailed } }

    /// Nil before the first answer, and when the last one is old.
    func facts(at now: ContinuousClock.Instant = .now) -> Facts? {
        guard let last = state.withLock({ $0.last }), (now - last.at).seconds <= Self.freshSeconds else { return nil }
        return last.facts
    }

    /// - Parameters:
    ///   - facts: nil when there was no answer.
    ///   - instant: when it was asked.
    func note(_ facts: Facts?, at instant: ContinuousClock.Instant) {
        state.withLock { state in
            state.hasFailed = facts == nil
            if let facts { state.last = (facts, instant) }
        }
    }

    /// Asks again and again until its task is cancelled.
    func keep(_ ask: @Sendable (Deadline) async -> Facts?) async {
        while !Task.isCancelled {
            let start = ContinuousClock.now
            let facts = await ask(.after(seconds: Self.answerSeconds))
            guard !Task.isCancelled else { return }
            note(facts, at: start)
            try? await Task.sleep(until: start + interval, clock: .continuous)
        }
    }
}
