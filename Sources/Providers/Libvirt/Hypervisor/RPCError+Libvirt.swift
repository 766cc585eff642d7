import LibvirtAPI
import RPC

extension RPCError {
    /// What a call of libvirt's failed of, for a client.
    ///
    /// - Parameter doing: `start machine web1`.
    init(_ error: LibvirtError, doing: String) {
        self.init(Self.code(error), "cannot \(doing): \(error.message)\(Self.remedy(error))", cause: error)
    }

    private static func code(_ error: LibvirtError) -> RPCCode {
        switch error.kind {
        case .noDomain, .noSnapshot, .noStoragePool, .noStorageVolume, .noNetwork: .notFound
        // A life before this one has begun with the volume, and the daemon is at it still: it may be tried again.
        case .invalidState where error.message.contains("still being allocated") || error.message.contains("still in use"): .unavailable
        // A pool in which volumes are made is not looked at meanwhile.
        case .failed where error.message.contains("asynchronous jobs"): .unavailable
        case .noDevice, .noMetadata, .alreadyExists, .invalidState, .agentUnresponsive, .resourceBusy: .failedPrecondition
        // VIR_ERR_NO_SUPPORT is of the hypervisor; the others are of one configuration.
        case .notSupported: error.code == 3 ? .unimplemented : .failedPrecondition
        // It is one machine that hangs or is busy: nothing of the provider's is.
        case .lockTimeout: .aborted
        case .invalidArgument: .invalidArgument
        case .authenticationFailed: .unauthenticated
        case .accessDenied: .permissionDenied
        // ssh says itself why.
        case .unreachable where error.message.contains("Permission denied"):
            error.message.contains("connect socket") ? .permissionDenied : .unauthenticated
        case .unreachable: .unavailable
        case .noSpace: .resourceExhausted
        case .aborted: .cancelled
        case .abandoned: .deadlineExceeded
        case .failed where error.message.contains("Cannot allocate memory"): .resourceExhausted
        case .failed: .internal
        }
    }

    private static func remedy(_ error: LibvirtError) -> String {
        switch error.kind {
        case .lockTimeout: "; another call holds the machine, which hangs or is busy: try again, or look at its QEMU"
        case .abandoned: "; what was asked for may still be done"
        case .noSpace: "; make room in the pool, or use another"
        case .authenticationFailed: "; check user and password, and what the daemon accepts"
        case .unreachable where code(error) == .unavailable: "; check the URI, and whether libvirtd runs"
        default: ""
        }
    }
}
