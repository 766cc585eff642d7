import Metrics
import Synchronization

/// How long machines took from being switched on to their first address, by the type of their provider.
package final class AddressDurations: Sendable {
    static let bounds: [Double] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]

    private let state = Mutex<[String: Distribution]>([:])

    package init() {}

    var contents: [String: Distribution] { state.withLock { $0 } }

    /// From 0 on.
    func begin(type: String) { state.withLock { if $0[type] == nil { $0[type] = Distribution(bounds: Self.bounds) } } }

    func note(type: String, seconds: Double) {
        state.withLock { $0[type, default: Distribution(bounds: Self.bounds)].observe(max(0, seconds)) }
    }
}
