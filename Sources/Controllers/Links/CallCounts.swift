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

    /// What every provider is asked, whatever its machines are.
    private static let always: [ProviderMethod] = [.validate, .getCapabilities, .listVMs]
    /// With which calls go well, and with which they usually fail.
    private static let usual: [RPCCode] = [.ok, .unavailable, .deadlineExceeded, .internal]

    /// From 0 on, so that the first call, and the first that fails, is an increase.
    func begin(type: String) { for method in Self.always { begin(type, method) } }

    /// As it is asked for the first time. Those that are never asked for have no series.
    func begin(_ type: String, _ method: ProviderMethod) {
        state.withLock { state in
            guard state.durations[.init(type: type, method: method)] == nil else { return }
            for code in Self.usual { state.calls[.init(type: type, method: method, code: code), default: 0] += 0 }
            state.durations[.init(type: type, method: method)] = Distribution(bounds: VirtrigaudFamilies.callBounds)
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
