import Reconciling
import Synchronization

/// Whose objects the workers of a controller look at, so that providers that hang never hold all of them.
///
/// A provider may have as many as are free: one alone half of them, two a third each, and one that comes later still finds some. Objects that find no place
/// stand in line, and come again as soon as there is one.
final class WorkerShares: Sendable {
    private struct Line {
        /// At work.
        var own = 0
        /// Called, and not there yet.
        var called: Set<ObjectName> = []
        private(set) var waiting: Set<ObjectName> = []
        /// In the order of their coming; also of those that wait no more.
        private var order: [ObjectName] = []
        private var first = 0

        var isEmpty: Bool { own == 0 && called.isEmpty && waiting.isEmpty }

        mutating func stand(_ name: ObjectName) {
            waiting.insert(name)
            order.append(name)
        }

        mutating func remove(_ name: ObjectName) {
            called.remove(name)
            waiting.remove(name)
        }

        /// Those for whom there is a place.
        mutating func call(room: Int) -> [ObjectName] {
            var names: [ObjectName] = []
            while own + called.count < room, let name = next() {
                called.insert(name)
                names.append(name)
            }
            return names
        }

        private mutating func next() -> ObjectName? {
            while first < order.count {
                let name = order[first]
                first += 1
                if first > 256, first > order.count / 2 {
                    order.removeFirst(first)
                    first = 0
                }
                if waiting.remove(name) != nil { return name }
            }
            order.removeAll(keepingCapacity: true)
            first = 0
            return nil
        }
    }

    private struct State {
        var taken = 0
        var lines: [String: Line] = [:]
        /// Of those that wait or were called, the provider in whose line they are.
        var places: [ObjectName: String] = [:]
        var call: (@Sendable (ObjectName) -> Void)?
    }

    private let workers: Int
    private let state = Mutex(State())

    init(workers: Int) { self.workers = workers }

    /// - Parameter call: has an object come again.
    func onRoom(_ call: @escaping @Sendable (ObjectName) -> Void) { state.withLock { $0.call = call } }

    /// Looks at an object, or has it come again when its provider has workers enough.
    ///
    /// - Parameter provider: nil where none will be asked.
    func look(
        at name: ObjectName, of provider: String?, _ body: () async throws(ReconcileError) -> ReconcileResult
    ) async throws(ReconcileError) -> ReconcileResult {
        guard let provider else {
            leaveLine(name)
            return try await body()
        }
        guard enter(name, provider) else { return ReconcileResult(.requeue, next: .change) }
        defer { leave(provider) }
        return try await body()
    }

    /// The object is there no more, and its place is another's.
    func leaveLine(_ name: ObjectName) {
        change { state in Self.remove(name, &state) }
    }

    /// - Returns: false when it stands in line.
    private func enter(_ name: ObjectName, _ provider: String) -> Bool {
        change { state in
            Self.remove(name, &state)
            guard state.lines[provider]?.own ?? 0 < room(state) else {
                state.lines[provider, default: Line()].stand(name)
                state.places[name] = provider
                return false
            }
            state.lines[provider, default: Line()].own += 1
            state.taken += 1
            return true
        }
    }

    private func leave(_ provider: String) {
        change { state in
            state.taken -= 1
            state.lines[provider]?.own -= 1
            if state.lines[provider]?.isEmpty == true { state.lines[provider] = nil }
        }
    }

    private func room(_ state: State) -> Int { max(1, workers - state.taken) }

    private static func remove(_ name: ObjectName, _ state: inout State) {
        guard let provider = state.places.removeValue(forKey: name) else { return }
        state.lines[provider]?.remove(name)
    }

    /// Changes who is where, and calls those for whom there is a place then.
    private func change<Answer>(_ body: (inout State) -> Answer) -> Answer {
        let (answer, called, call) = state.withLock { state in
            let answer = body(&state)
            var called: [ObjectName] = []
            if !state.places.isEmpty {
                let room = room(state)
                for provider in Array(state.lines.keys) { called += state.lines[provider]?.call(room: room) ?? [] }
            }
            return (answer, called, state.call)
        }
        for name in called { call?(name) }
        return answer
    }
}
