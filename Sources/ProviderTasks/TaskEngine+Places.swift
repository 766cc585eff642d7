import Primitives
import RPC
import Synchronization

/// Places: how many operations may be at work at a time, by what they do. One that only waits gives its place to others.
extension TaskEngine {
    func place(_ operation: Operation) -> OperationKind.Place {
        guard let kind = kinds[operation.kind] else { return .acting }
        return kind.places[operation.variant] ?? kind.place
    }

    static func hasRoom(_ place: OperationKind.Place, _ state: State, _ limits: Limits) -> Bool {
        state.taken[place, default: 0] < limits[place]
    }

    static func take(_ place: OperationKind.Place, _ id: String, _ state: inout State) {
        state.taken[place, default: 0] += 1
        state.entries[id]?.place = place
    }

    static func giveBack(_ id: String, _ state: inout State) {
        guard let place = state.entries[id]?.place else { return }
        state.entries[id]?.place = nil
        state.taken[place, default: 0] -= 1
    }

    /// Those that come back to their place go before those that begin; the latches of those that have one now.
    func serveReturning(_ state: inout State) -> [Latch] {
        var (served, left): ([Latch], [(id: String, latch: Latch)]) = ([], [])
        for one in state.returning {
            guard let operation = state.entries[one.id]?.operation else { continue }
            let place = place(operation)
            if Self.hasRoom(place, state, limits) {
                Self.take(place, one.id, &state)
                served.append(one.latch)
            } else {
                left.append(one)
            }
        }
        state.returning = left
        return served
    }

    /// Waits until there is a place; comes back without one when the task is cancelled, or the process ends.
    func comeBack(_ id: String) async {
        let latch = state.withLock { state -> Latch? in
            guard !state.isEnding, let entry = state.entries[id], entry.place == nil else { return nil }
            let place = place(entry.operation)
            guard !Self.hasRoom(place, state, limits) else {
                Self.take(place, id, &state)
                return nil
            }
            let latch = Latch()
            state.returning.append((id, latch))
            return latch
        }
        guard let latch else { return }
        while !(await latch.wait(by: .after(seconds: 3600))) {
            guard Task.isCancelled else { continue }
            return state.withLock { $0.returning.removeAll { $0.latch === latch } }
        }
    }

    func stepAside(_ id: String) {
        let wasFull = state.withLock { state in
            let wasFull = state.entries[id]?.place.map { !Self.hasRoom($0, state, limits) } ?? false
            Self.giveBack(id, &state)
            return wasFull
        }
        // Nobody waits for one of several that are free.
        if wasFull { startWhatCan() }
    }

    /// A pause in which others have its place. Cut short when the task is cancelled.
    func rest(_ id: String, seconds: Double) async {
        stepAside(id)
        await pause(seconds: seconds)
        await comeBack(id)
    }

    /// A pause of what is done. Only what waits gives its place away meanwhile: behind other pauses the hypervisor is at work.
    func sleep(_ id: String, seconds: Double) async {
        guard seconds >= Self.shortestRest, operation(id).map(place) == .waiting else { return await pause(seconds: seconds) }
        await rest(id, seconds: seconds)
    }

    /// A shorter pause is not worth the change.
    private static let shortestRest = 0.5

    // MARK: work that is out

    func beginOutside(_ id: String, _ what: String) -> OutsideWork {
        let number = state.withLock { state in
            state.lastOutside += 1
            state.entries[id]?.outside[state.lastOutside] = what
            return state.lastOutside
        }
        return OutsideWork(number, id, self)
    }

    func endOutside(_ id: String, _ number: Int) {
        let latch = state.withLock { state -> Latch? in
            guard state.entries[id]?.outside.removeValue(forKey: number) != nil, state.entries[id]?.outside.isEmpty == true else {
                return nil
            }
            return state.entries[id]?.isBack
        }
        latch?.open()
    }

    /// Waits until no work of the operation is out, however long that takes, and says for what; false when the process ends before.
    func workIsBack(_ id: String) async -> Bool {
        var hasWaited = false
        while true {
            let (latch, what) = state.withLock { state -> (Latch?, String?) in
                guard let entry = state.entries[id], let what = entry.outside.min(by: { $0.key < $1.key })?.value else { return (nil, nil) }
                guard !state.isEnding else { return (nil, what) }
                let isStopping = entry.stop != nil || entry.operation.code != .ok
                state.entries[id]?.operation.step = "\(isStopping ? "cancelling: " : "")waits for the end of what was begun: \(what)"
                let latch = Latch()
                state.entries[id]?.isBack = latch
                return (latch, what)
            }
            guard let latch else {
                // In a task of its own, as this one may have been cancelled.
                if hasWaited { await Task { await self.comeBack(id) }.value }
                return what == nil
            }
            if !hasWaited {
                logger.warn(
                    "work of an operation is out still, and the operation waits for its end", ["operation": id, "work": what ?? ""])
                stepAside(id)
            }
            hasWaited = true
            _ = await Task { await latch.wait(by: .after(seconds: 3600)) }.value
        }
    }

    /// The process ends: nobody waits any more. The latches of those who did.
    static func wake(_ state: inout State) -> [Latch] {
        defer { state.returning = [] }
        return state.returning.map(\.latch) + state.entries.values.compactMap(\.isBack)
    }
}
