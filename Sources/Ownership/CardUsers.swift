import Synchronization

/// Containers, guests and units of which a process was seen on a card, as the driver tells who works there.
///
/// What was seen once stays: a server of models that is idle for a while has its card all the same, and ids of containers are not used again.
package final class CardUsers: Sendable {
    private struct State {
        /// To the turn in which it was seen last.
        var seen: [String: Int] = [:]
        var turn = 0
    }

    private let state = Mutex(State())
    static let limit = 4_096

    /// Notes that a process of the group works on a card.
    func note(_ place: CgroupPlace) {
        guard place.kind != .host, place.kind != .vm else { return }
        let key = Self.key(place)
        state.withLock { state in
            state.turn += 1
            state.seen[key] = state.turn
            guard state.seen.count > Self.limit else { return }
            // The half that was not seen for longest goes.
            let middle = state.seen.values.sorted()[Self.limit / 2]
            state.seen = state.seen.filter { $0.value >= middle }
        }
    }

    /// Whether a process of the group was seen on a card.
    package func contains(_ place: CgroupPlace) -> Bool {
        let key = Self.key(place)
        return state.withLock { $0.seen[key] != nil }
    }

    /// Nobody was seen yet.
    package var isEmpty: Bool { count == 0 }
    var count: Int { state.withLock { $0.seen.count } }

    private static func key(_ place: CgroupPlace) -> String { "\(place.kind) \(place.ownerID)" }
}
