import GRPC
import Synchronization

/// What is known of the certificate of the gRPC listeners; nothing without one.
final class CertificateBook: Sendable {
    struct Contents: Sendable {
        /// Seconds since 1970.
        let expires: Double
        /// Whether it is what the files hold now.
        let isCurrent: Bool
    }

    private let state = Mutex<Contents?>(nil)

    var contents: Contents? { state.withLock { $0 } }

    func note(_ report: CertificateReport) {
        state.withLock { $0 = Contents(expires: report.expires, isCurrent: report.refusal == nil) }
    }
}
