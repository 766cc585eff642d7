import Metrics
import Primitives
package import ProviderRPC
import RPC
import Synchronization

/// Calls to providers of one type: how many by method and code, and how long they took.
package final class CallCounts: Sendable {
    struct Contents: Sendable {
        struct Key: Hashable, Sendable {
            let type: String
            let method: ProviderMethod
            let code: RPCCode
        }
        struct Series: Hashable, Sendable {
            let type: String
            let method: ProviderMethod
        }
        var calls: [Key: Int] = [:]
        var durations: [Series: Distribution] = [:]
        var errors: [ErrorReason: Int] = [:]
    }

    private let state = Mutex(Contents())

    package init() {}

    var contents: Contents { state.withLock { $0 } }

    /// From 0 on, so that the first call is an increase.
    func begin(type: String) {
        state.withLock { state in
            for method in ProviderMethod.allCases where state.durations[.init(type: type, method: method)] == nil {
                state.calls[.init(type: type, method: method, code: .ok)] = 0
                state.durations[.init(type: type, method: method)] = Distribution(bounds: VirtrigaudFamilies.callBounds)
            }
        }
    }

    /// - Parameter duration: nil for a call that was not made, which would pull times down.
    /// - Parameter reason: what it counts as among errors; nil for none.
    func count(_ type: String, _ method: ProviderMethod, _ code: RPCCode, _ duration: Duration?, _ reason: ErrorReason?) {
        state.withLock { state in
            state.calls[.init(type: type, method: method, code: code), default: 0] += 1
            if let duration {
                state.durations[.init(type: type, method: method), default: Distribution(bounds: VirtrigaudFamilies.callBounds)].observe(
                    duration.seconds)
            }
            if let reason { state.errors[reason, default: 0] += 1 }
        }
    }

    package func count(_ reason: ErrorReason) { state.withLock { $0.errors[reason, default: 0] += 1 } }
}
