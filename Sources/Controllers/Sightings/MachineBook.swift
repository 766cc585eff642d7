import Primitives
import ProviderRPC
import Synchronization

/// What a provider's machines were when it was last asked, by their identifiers.
///
/// An answer counts from when its question was asked: one that was on its way while something was changed may not know of it.
package final class MachineBook: Sendable {
    package struct Entry: Sendable, Equatable {
        /// nil for a machine that is not there.
        package let sighting: MachineSighting?
        package let askedAt: ContinuousClock.Instant
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// When the last list was asked for that came.
        var listedAt: ContinuousClock.Instant?
        /// When it came.
        var heardAt: ContinuousClock.Instant?
        var count = 0
        var problem: String?
    }

    private let state = Mutex(State())

    package init() {}

    package subscript(id: String) -> Entry? { state.withLock { $0.entries[id] } }

    /// Machines of the last list, whoever they belong to; nil before there was one, and when so many lists that were due have not come.
    ///
    /// - Parameters:
    ///   - lists: how many.
    ///   - seconds: between two lists, beside what a list takes.
    package func count(
        within lists: Double = 3, every seconds: Double, now: ContinuousClock.Instant = .now
    ) -> Int? {
        state.withLock { state in
            guard let asked = state.listedAt, let heard = state.heardAt else { return nil }
            return (now - heard).seconds > lists * (seconds + (heard - asked).seconds) ? nil : state.count
        }
    }

    /// Why lists that came are not taken; nil while they are.
    package var problem: String? {
        get { state.withLock { $0.problem } }
        set { state.withLock { $0.problem = newValue } }
    }

    /// - Returns: machines that are otherwise than was known, come or gone.
    func note(_ list: [VMInfo], askedAt: ContinuousClock.Instant, heardAt: ContinuousClock.Instant = .now) -> [String] {
        state.withLock { state in
            (state.listedAt, state.heardAt, state.count, state.problem) = (askedAt, max(askedAt, heardAt), list.count, nil)
            var changed: [String] = []
            var seen: Set<String> = []
            for info in list {
                seen.insert(info.id)
                let before = state.entries[info.id]
                guard before.map({ $0.askedAt < askedAt }) ?? true else { continue }
                var sighting = MachineSighting(info)
                if var known = before?.sighting {
                    sighting.consoleURL = known.consoleURL
                    sighting.facts = known.facts
                    if sighting.owner == nil { sighting.owner = known.owner }
                    // What Describe said holds until lists say another thing than they did.
                    if known.isDescribed, sighting.size == known.listed || sighting.size == known.size && !known.waitsForRestart {
                        sighting.size = known.size
                        (sighting.waitsForRestart, sighting.isDescribed) = (known.waitsForRestart, true)
                    }
                    known.listed = sighting.listed
                    if known != sighting { changed.append(info.id) }
                } else {
                    changed.append(info.id)
                }
                state.entries[info.id] = Entry(sighting: sighting, askedAt: askedAt)
            }
            for (id, entry) in state.entries where !seen.contains(id) && entry.askedAt < askedAt {
                if entry.sighting != nil { changed.append(id) }
                state.entries[id] = nil
            }
            return changed
        }
    }

    /// What Describe answered of one machine.
    @discardableResult
    func note(_ id: String, _ answer: DescribeResponse, askedAt: ContinuousClock.Instant) -> Entry {
        state.withLock { state in
            let before = state.entries[id]
            let entry = Entry(sighting: answer.exists ? MachineSighting(answer, before: before?.sighting) : nil, askedAt: askedAt)
            if let before, before.askedAt >= askedAt { return before }
            state.entries[id] = entry
            return entry
        }
    }

    func forget(_ id: String) { state.withLock { $0.entries[id] = nil } }
}
