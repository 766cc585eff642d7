import Primitives
import Synchronization
import Web

/// A number of places for many who want one. Who has had a place least lately comes first, and the last quarter of the places is for those who
/// have none: whoever asks for much keeps nobody but himself waiting.
final class FairLine: Sendable {
    /// Who wants a place: a user, or where there are none an address.
    struct Guest: Sendable, Hashable {
        private let address: ClientAddress
        private let user: String?

        init(_ request: HTTPServerRequest) {
            user = request.user
            // A user may come from anywhere.
            address = request.user == nil ? request.client : .local
        }
    }

    /// Why there is no place.
    enum Refusal: Error {
        /// As many wait as may.
        case full
        /// The time to wait was over, or the task was cancelled.
        case late
    }

    private struct Waiter {
        let number: Int
        let guest: Guest
        let continuation: CheckedContinuation<Refusal?, Never>
    }

    private struct State {
        var free: Int
        var taken: [Guest: Int] = [:]
        var line: [Waiter] = []
        /// When each of those who wait or have a place got one last, in turns.
        var lastTurn: [Guest: Int] = [:]
        var turn = 0
        var next = 0
    }

    private let places: Int
    private let waiting: Int
    private let state: Mutex<State>

    /// - Parameter waiting: most that may wait, a quarter of them kept for those who have nobody in the line.
    init(places: Int, waiting: Int) {
        self.places = max(1, places)
        self.waiting = max(1, waiting)
        state = Mutex(State(free: max(1, places)))
    }

    /// Those with a place, and those without.
    var counts: (inside: Int, waiting: Int) { state.withLock { (places - $0.free, $0.line.count) } }

    /// Runs the body once there is a place.
    func withPlace<Value>(for guest: Guest, by deadline: Deadline, _ body: () async -> Value) async throws(Refusal) -> Value {
        if let refusal = await enter(guest, deadline) { throw refusal }
        defer { leave(guest) }
        return await body()
    }

    private func enter(_ guest: Guest, _ deadline: Deadline) async -> Refusal? {
        let number: Int? = state.withLock { state in
            if mayEnter(guest, state) {
                take(guest, &state)
                return nil
            }
            state.next += 1
            return state.next
        }
        guard let number else { return nil }
        return await waitInLine(by: deadline) {
            self.giveUp(number)
        } enter: { continuation in
            state.withLock { state -> Refusal?? in
                // Since it was asked for a number, a place may have come free, or time may have run out.
                if Task.isCancelled || deadline.hasPassed { return .late }
                if mayEnter(guest, state) {
                    take(guest, &state)
                    return .some(nil)
                }
                let own = state.line.count { $0.guest == guest }
                guard state.line.count < (own == 0 ? waiting : max(1, waiting - waiting / 4)) else { return .full }
                state.line.append(Waiter(number: number, guest: guest, continuation: continuation))
                return nil
            }
        }
    }

    private func mayEnter(_ guest: Guest, _ state: State) -> Bool {
        guard state.free > 0 else { return false }
        return state.taken[guest] == nil || state.free > places / 4
    }

    private func take(_ guest: Guest, _ state: inout State) {
        state.free -= 1
        state.turn += 1
        state.taken[guest, default: 0] += 1
        state.lastTurn[guest] = state.turn
    }

    private func giveUp(_ number: Int) {
        let waiter: Waiter? = state.withLock { state in
            guard let place = state.line.firstIndex(where: { $0.number == number }) else { return nil }
            let waiter = state.line.remove(at: place)
            Self.forget(waiter.guest, &state)
            return waiter
        }
        waiter?.continuation.resume(returning: .late)
    }

    private func leave(_ guest: Guest) {
        let next: Waiter? = state.withLock { state in
            state.free += 1
            let left = (state.taken[guest] ?? 1) - 1
            state.taken[guest] = left > 0 ? left : nil
            defer { Self.forget(guest, &state) }
            let candidates = state.line.indices.filter { mayEnter(state.line[$0].guest, state) }
            let first = candidates.min { state.lastTurn[state.line[$0].guest] ?? 0 < state.lastTurn[state.line[$1].guest] ?? 0 }
            guard let first else { return nil }
            let waiter = state.line.remove(at: first)
            take(waiter.guest, &state)
            return waiter
        }
        next?.continuation.resume(returning: nil)
    }

    /// Who neither waits nor has a place is new when he comes back: nothing is kept of those who have gone.
    private static func forget(_ guest: Guest, _ state: inout State) {
        guard state.taken[guest] == nil, !state.line.contains(where: { $0.guest == guest }) else { return }
        state.lastTurn[guest] = nil
    }
}
