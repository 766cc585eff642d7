import JSON
import Synchronization

/// What was asked of the simulated API, for tests and benchmarks that assert on it.
final class CallStatistics: Sendable {
    private struct State {
        var calls = 0
        var bytes = 0
        var byPath: [String: Int] = [:]
        var inFlight: [String: Int] = [:]
        var maxInFlightPerNode = 0
    }

    private let state = Mutex(State())

    /// A call has come. Every `begin` is followed by an `end` with the same node.
    func begin(_ route: ProxmoxRoute) {
        state.withLock { state in
            state.calls += 1
            state.byPath[route.pattern, default: 0] += 1
            if let node = route.node {
                let count = state.inFlight[node, default: 0] + 1
                state.inFlight[node] = count
                state.maxInFlightPerNode = max(state.maxInFlightPerNode, count)
            }
        }
    }

    /// - Parameter bytes: size of the answer's body, before compression.
    func end(_ route: ProxmoxRoute, bytes: Int) {
        state.withLock { state in
            state.bytes += bytes
            guard let node = route.node, let count = state.inFlight[node] else { return }
            state.inFlight[node] = count > 1 ? count - 1 : nil
        }
    }

    /// Forgets what was counted; calls in flight stay known.
    func reset() {
        state.withLock { state in
            let inFlight = state.inFlight
            state = State()
            state.inFlight = inFlight
            state.maxInFlightPerNode = inFlight.values.max() ?? 0
        }
    }

    /// `{"calls":n,"by_path":{"/nodes/*/qemu":n},"bytes":n,"max_in_flight_per_node":n}`
    func json() -> [UInt8] {
        state.withLock { state in
            var json = JSONWriter()
            json.object { json in
                json.member("calls", state.calls)
                json.key("by_path")
                json.object { json in
                    for (path, count) in state.byPath.sorted(by: { $0.key < $1.key }) {
                        json.key(text: path)
                        json.integer(count)
                    }
                }
                json.member("bytes", state.bytes)
                json.member("max_in_flight_per_node", state.maxInFlightPerNode)
            }
            return json.bytes
        }
    }
}
