import Primitives
import ProxmoxAPI
import Synchronization

/// What one slow source of one cluster was told, subject by subject.
final class SlowShelf<Source: SlowSource>: AnySlowShelf {
    private struct Kept: Sendable {
        let reading: Source.Reading
        let at: Deadline
        let expires: Deadline
    }

    private struct State {
        var kept: [SlowSubject: Kept] = [:]
        /// Why the last call failed, of subjects of which it did.
        var problems: [SlowSubject: ProxmoxError] = [:]
        var failures = 0
    }

    let source: Source
    private let state = Mutex(State())

    init(_ source: Source) { self.source = source }

    var profile: SlowProfile { source.profile }

    func subjects(_ picture: ClusterPicture) -> [SlowSubject] { source.subjects(picture) }

    /// Asks, keeps what is said, and returns what that means for the next time.
    func refresh(_ subject: SlowSubject, _ call: SlowCall) async -> SlowOutcome {
        let last = state.withLock { $0.kept[subject]?.reading }
        do throws(ProxmoxError) {
            let reading = try await source.ask(subject, call, last: last)
            let delay = source.delaySeconds(after: reading)
            let life = max(3 * profile.periodSeconds, (delay ?? 0) + profile.periodSeconds)
            state.withLock { state in
                state.kept[subject] = Kept(reading: reading, at: .after(seconds: 0), expires: .after(seconds: life))
                state.problems[subject] = nil
            }
            return .answered(nextAfterSeconds: delay)
        } catch {
            // A call that was given up tells nothing.
            if Task.isCancelled { return .failed }
            let isAbsence = source.isAbsence(error)
            state.withLock { state in
                if isAbsence { state.kept[subject] = nil }
                state.problems[subject] = isAbsence ? nil : error
                if !isAbsence { state.failures += 1 }
            }
            return isAbsence ? .absent : error.kind == .forbidden ? .forbidden : .failed
        }
    }

    func forget(allBut subjects: Set<SlowSubject>) {
        state.withLock { state in
            if state.kept.keys.contains(where: { !subjects.contains($0) }) {
                state.kept = state.kept.filter { subjects.contains($0.key) }
            }
            if state.problems.keys.contains(where: { !subjects.contains($0) }) {
                state.problems = state.problems.filter { subjects.contains($0.key) }
            }
        }
    }

    func write(into page: inout SlowPage) {
        let kept = state.withLock { $0.kept }
        guard !kept.isEmpty else { return }
        func write(_ subject: SlowSubject) {
            guard let kept = kept[subject], !kept.expires.hasPassed else { return }
            source.write(subject, kept.reading, into: &page)
            page.note(profile.name, subject, ageSeconds: (ContinuousClock.now - kept.at.instant).seconds)
        }
        // In the order of their labels, so that lines stay where they are.
        switch profile.scope {
        case .cluster: write(.cluster)
        case .node: for node in page.picture.onlineNodes { write(.node(node)) }
        case .guest: for guest in page.picture.guestsInOrder { write(.guest(guest)) }
        }
    }

    var problems: [SlowSubject: ProxmoxError] { state.withLock { $0.problems } }

    var failureCount: Int { state.withLock { $0.failures } }
}

/// A shelf, whatever it holds.
protocol AnySlowShelf: AnyObject, Sendable {
    var profile: SlowProfile { get }
    var problems: [SlowSubject: ProxmoxError] { get }
    /// Calls that failed since the start.
    var failureCount: Int { get }
    func subjects(_ picture: ClusterPicture) -> [SlowSubject]
    func refresh(_ subject: SlowSubject, _ call: SlowCall) async -> SlowOutcome
    /// Throws away what is about others: they are gone, or elsewhere.
    func forget(allBut subjects: Set<SlowSubject>)
    func write(into page: inout SlowPage)
}
