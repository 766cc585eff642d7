import Synchronization

/// What a server says of its services over grpc.health.v1: each serves until it is said that it does not. The empty name is the server itself.
package final class HealthBook: Sendable {
    /// As they are on the wire.
    package enum Status: UInt8, Sendable {
        case serving = 1
        case notServing = 2
        /// Only to who watches: there is no such service, yet.
        case serviceUnknown = 3
    }

    private struct Watcher {
        let service: String
        let changes: AsyncStream<Status>.Continuation
    }

    private struct State {
        var statuses: [String: Status]
        var watchers: [Int: Watcher] = [:]
        var next = 0
        var hasEnded = false
    }

    private let state: Mutex<State>
    private static let watcherLimit = 64

    init(services: [String]) {
        state = Mutex(State(statuses: Dictionary((services + [""]).map { ($0, .serving) }) { first, _ in first }))
    }

    /// - Parameter service: one that the server has, or empty for the server.
    package func set(_ service: String, isServing: Bool) {
        change { statuses in statuses[service] = isServing ? .serving : .notServing }
    }

    /// Nil for a service that there is not.
    package func status(of service: String) -> Status? { state.withLock { $0.statuses[service] } }

    /// The server stops: nothing serves any more, and whoever watches hears that last.
    func end() {
        change { statuses in for name in statuses.keys { statuses[name] = .notServing } }
        let watchers = state.withLock { state in
            defer { (state.watchers, state.hasEnded) = ([:], true) }
            return state.watchers.values.map(\.changes)
        }
        for changes in watchers { changes.finish() }
    }

    /// What is, and what it changes to; nil when there are too many who watch, or the server stops.
    func changes(of service: String) -> AsyncStream<Status>? {
        let (stream, changes) = AsyncStream.makeStream(of: Status.self, bufferingPolicy: .bufferingNewest(1))
        let number: Int? = state.withLock { state in
            guard !state.hasEnded, state.watchers.count < Self.watcherLimit else { return nil }
            state.next += 1
            state.watchers[state.next] = Watcher(service: service, changes: changes)
            changes.yield(state.statuses[service] ?? .serviceUnknown)
            return state.next
        }
        guard let number else { return nil }
        changes.onTermination = { [weak self] _ in _ = self?.state.withLock { $0.watchers.removeValue(forKey: number) } }
        return stream
    }

    private func change(_ body: (inout [String: Status]) -> Void) {
        state.withLock { state in
            let before = state.statuses
            body(&state.statuses)
            for watcher in state.watchers.values where before[watcher.service] != state.statuses[watcher.service] {
                watcher.changes.yield(state.statuses[watcher.service] ?? .serviceUnknown)
            }
        }
    }
}
