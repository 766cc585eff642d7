import Synchronization

/// How many watches there may be at the same time.
final class WatchPlaces: Sendable {
    private let limit: Int
    private let state = Mutex(0)

    init(_ limit: Int) { self.limit = limit }

    var taken: Int { state.withLock { $0 } }

    func take() -> Bool {
        state.withLock { taken in
            guard taken < limit else { return false }
            taken += 1
            return true
        }
    }

    func giveBack() { state.withLock { $0 -= 1 } }
}
