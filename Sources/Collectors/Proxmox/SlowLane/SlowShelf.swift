import ProxmoxAPI
import Synchronization

/// What one slow source of one cluster was told, subject by subject.
final class SlowShelf<Source: SlowSource>: AnySlowShelf {
    private struct Kept: Sendable {
        let reading: Source.Reading
        /// By the clock of the timers.
        let at: Double
        /// The same in seconds since 1970.
        let unixSeconds: Double
        let expires: Double
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
            // The next answer may come a little later than it is due.
            let life = profile.isOfThePast ? .infinity : max(3 * profile.periodSeconds, 1.5 * (delay ?? 0))
            let now = call.timer.seconds
            state.withLock { state in
                state.kept[subject] = Kept(reading: reading, at: now, unixSeconds: call.now, expires: now + life)
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

    func follow(_ other: any AnySlowShelf) {
        guard let other = other as? SlowShelf<Source> else { return }
        let (kept, problems) = other.state.withLock { ($0.kept, $0.problems) }
        state.withLock { ($0.kept, $0.problems) = (kept, problems) }
    }

    func forget(allBut subjects: Set<SlowSubject>, _ picture: ClusterPicture) {
        // A node that is silent may come back, with the same past.
        let subjects = profile.isOfThePast ? Set(picture.nodes.map(SlowSubject.node)) : subjects
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
        let (kept, problems) = state.withLock { ($0.kept, $0.problems) }
        guard !kept.isEmpty else { return }
        // In the order of their labels, so that lines stay where they are.
        let subjects: [SlowSubject] =
            switch profile.scope {
            case .cluster: [.cluster]
            case .node: (profile.isOfThePast ? page.picture.nodes : page.picture.onlineNodes).map(SlowSubject.node)
            case .guest: page.picture.guestsInOrder.map(SlowSubject.guest)
            }
        var readings: [(subject: SlowSubject, reading: Source.Reading)] = []
        for subject in subjects {
            guard let kept = kept[subject] else { continue }
            // Of what may not be asked any more the missing right is told.
            if problems[subject]?.kind != .forbidden { page.noteSuccess(profile.name, subject, at: kept.unixSeconds) }
            guard page.moment < kept.expires else { continue }
            readings.append((subject, kept.reading))
            page.note(profile.name, subject, ageSeconds: page.moment - kept.at)
        }
        source.write(readings, into: &page)
    }

    var problems: [SlowSubject: ProxmoxError] { state.withLock { $0.problems } }

    var isEmpty: Bool { state.withLock { $0.kept.isEmpty } }

    var failureCount: Int { state.withLock { $0.failures } }
}

/// A shelf, whatever it holds.
protocol AnySlowShelf: AnyObject, Sendable {
    var profile: SlowProfile { get }
    var problems: [SlowSubject: ProxmoxError] { get }
    /// Calls that failed since the start.
    var failureCount: Int { get }
    /// Nothing is kept.
    var isEmpty: Bool { get }
    func subjects(_ picture: ClusterPicture) -> [SlowSubject]
    func refresh(_ subject: SlowSubject, _ call: SlowCall) async -> SlowOutcome
    /// Takes over what is kept in another shelf of the same source.
    func follow(_ other: any AnySlowShelf)
    /// Throws away what is about others: they are gone, or elsewhere.
    func forget(allBut subjects: Set<SlowSubject>, _ picture: ClusterPicture)
    func write(into page: inout SlowPage)
}
