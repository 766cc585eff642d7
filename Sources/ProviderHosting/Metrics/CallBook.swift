import GRPC
import Metrics
import Primitives
import ProviderRPC
import RPC
import Synchronization

/// Calls that were answered: how many by method and code, how long they took by method, and errors by their reason.
final class CallBook: Sendable {
    struct Contents: Sendable {
        struct Key: Hashable, Sendable {
            let method: String
            let code: RPCCode
        }

        /// From 0 on, so that a method's first answer is an increase.
        var calls = Dictionary(uniqueKeysWithValues: ProviderMethod.allCases.map { (Key(method: $0.rawValue, code: .ok), 0) })
        var durations: [String: Distribution] = [:]
        var errors: [ErrorReason: Int] = [:]
    }

    private let state = Mutex(Contents())

    var contents: Contents { state.withLock { $0 } }

    func count(_ report: GRPCCallReport) {
        let method = Self.method(report.path)
        state.withLock { state in
            state.calls[Contents.Key(method: method, code: report.code), default: 0] += 1
            state.durations[method, default: Distribution(bounds: VirtrigaudFamilies.callBounds)].observe(report.duration.seconds)
            if let reason = ErrorReason(report.code) { state.errors[reason, default: 0] += 1 }
        }
    }

    func count(_ reason: ErrorReason) { state.withLock { $0.errors[reason, default: 0] += 1 } }

    /// `Create` of the provider's own service, `Tasks/List` and `Health/Check` of others, `unknown` for what there is not.
    private static func method(_ path: String?) -> String {
        guard let path else { return "unknown" }
        let own = "/\(ProviderMethod.serviceName)/"
        if path.hasPrefix(own) { return String(path.dropFirst(own.utf8.count)) }
        let words = path.split(separator: "/")
        guard let service = words.first?.split(separator: ".").last, let method = words.last else { return "unknown" }
        return "\(service)/\(method)"
    }
}
