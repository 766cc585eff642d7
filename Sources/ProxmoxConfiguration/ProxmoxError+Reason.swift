package import Exporting
package import ProxmoxAPI

extension ProxmoxError {
    /// The same as the label `reason` has it.
    package var reason: PartProblem.Reason {
        switch kind {
        case .unauthorized: .unauthorized
        case .forbidden: .forbidden
        case .nodeUnreachable, .unreachable: .unreachable
        case .refused: .failed
        case .timeout: .deadline
        case .tls: .tls
        case .tooLarge: .tooLarge
        case .malformed: .malformed
        }
    }
}
