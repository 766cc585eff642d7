import LibvirtShim
import Primitives

/// Why a call of libvirt's failed.
package struct LibvirtError: Error, Sendable, CustomStringConvertible {
    /// What matters to who called; `virErrorNumber` has a hundred more.
    package enum Kind: String, Sendable, CaseIterable {
        case noDomain, noSnapshot, noStoragePool, noStorageVolume, noNetwork, noDevice, noMetadata
        /// A domain, network, pool or volume of the name or UUID is there already.
        case alreadyExists
        /// The hypervisor, this version of it or this version of the library cannot.
        case notSupported
        /// Another call holds the domain's lock: it hangs, or a long job runs.
        case lockTimeout
        /// Not in the state that the object is in.
        case invalidState
        /// What was handed over is wrong: XML, a value, a configuration that this hypervisor does not take.
        case invalidArgument
        case authenticationFailed
        /// Known, and not let: a read-only connection, or access control.
        case accessDenied
        /// The daemon cannot be reached, or the connection to it broke.
        case unreachable
        /// The guest's agent does not answer, or there is none.
        case agentUnresponsive
        case resourceBusy
        case noSpace
        /// Somebody cancelled the job.
        case aborted
        /// Ours: not answered in time; the call is at work still, and may yet succeed.
        case abandoned
        /// The hypervisor said no in another way.
        case failed
    }

    package let kind: Kind
    /// `virErrorNumber`; 0 when the error is ours.
    package let code: Int
    /// `virErrorDomain`: which part of libvirt speaks.
    package let domain: Int
    /// `virErrorLevel`.
    package let level: Int
    /// libvirt's own words, with ours before it where there are any.
    package let message: String

    package init(_ kind: Kind, code: Int = 0, domain: Int = 0, level: Int = 2, _ message: String) {
        self.kind = kind
        self.code = code
        self.domain = domain
        self.level = level
        self.message = Failure(.unavailable, message).message
    }

    package var description: String { message }

    /// The same with what was being done before it: `cannot start guest web1: …`.
    package func during(_ doing: String) -> LibvirtError {
        LibvirtError(kind, code: code, domain: domain, level: level, "\(doing): \(message)")
    }
}

extension LibvirtError {
    /// What this thread's last call failed of. Nothing may have been called between the two, freeing included.
    static func last(_ library: LibvirtLibrary) -> LibvirtError {
        var error = mlt_virt_error()
        mlt_virt_last_error(library.doors, &error)
        let message = withUnsafeBytes(of: &error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let kind =
            error.missing == nil
            ? Self.kind(code: Int(error.code), domain: Int(error.domain), number: Int(error.number), message) : .notSupported
        return LibvirtError(
            kind, code: Int(error.code), domain: Int(error.domain), level: Int(error.level),
            message.isEmpty ? "libvirt gave no reason" : message)
    }

    /// - Parameter number: of a system error the errno.
    static func kind(code: Int, domain: Int, number: Int, _ message: String) -> Kind {
        switch code {
        case rawValue(VIR_ERR_NO_DOMAIN): .noDomain
        case rawValue(VIR_ERR_NO_DOMAIN_SNAPSHOT): .noSnapshot
        case rawValue(VIR_ERR_NO_STORAGE_POOL): .noStoragePool
        case rawValue(VIR_ERR_NO_STORAGE_VOL): .noStorageVolume
        case rawValue(VIR_ERR_NO_NETWORK): .noNetwork
        case rawValue(VIR_ERR_DEVICE_MISSING): .noDevice
        case rawValue(VIR_ERR_NO_DOMAIN_METADATA): .noMetadata
        case rawValue(VIR_ERR_DOM_EXIST), rawValue(VIR_ERR_NETWORK_EXIST), rawValue(VIR_ERR_STORAGE_VOL_EXIST): .alreadyExists
        case rawValue(VIR_ERR_NO_SUPPORT), rawValue(VIR_ERR_OPERATION_UNSUPPORTED), rawValue(VIR_ERR_ARGUMENT_UNSUPPORTED),
            rawValue(VIR_ERR_CONFIG_UNSUPPORTED):
            .notSupported
        case rawValue(VIR_ERR_OPERATION_TIMEOUT): .lockTimeout
        case rawValue(VIR_ERR_OPERATION_INVALID), rawValue(VIR_ERR_BLOCK_COPY_ACTIVE), rawValue(VIR_ERR_SNAPSHOT_REVERT_RISKY):
            .invalidState
        case rawValue(VIR_ERR_INVALID_ARG), rawValue(VIR_ERR_XML_ERROR), rawValue(VIR_ERR_XML_DETAIL), rawValue(VIR_ERR_XML_INVALID_SCHEMA),
            rawValue(VIR_ERR_CPU_INCOMPATIBLE), rawValue(VIR_ERR_INVALID_MAC), rawValue(VIR_ERR_OS_TYPE):
            .invalidArgument
        case rawValue(VIR_ERR_AUTH_FAILED), rawValue(VIR_ERR_AUTH_CANCELLED), rawValue(VIR_ERR_AUTH_UNAVAILABLE): .authenticationFailed
        case rawValue(VIR_ERR_ACCESS_DENIED), rawValue(VIR_ERR_OPERATION_DENIED): .accessDenied
        case rawValue(VIR_ERR_NO_CONNECT), rawValue(VIR_ERR_UNKNOWN_HOST), rawValue(VIR_ERR_INVALID_CONN), rawValue(VIR_ERR_RPC),
            rawValue(VIR_ERR_GNUTLS_ERROR), rawValue(VIR_ERR_SSH), rawValue(VIR_ERR_LIBSSH):
            .unreachable
        case rawValue(VIR_ERR_AGENT_UNRESPONSIVE), rawValue(VIR_ERR_AGENT_UNSYNCED): .agentUnresponsive
        case rawValue(VIR_ERR_RESOURCE_BUSY): .resourceBusy
        case rawValue(VIR_ERR_OPERATION_ABORTED): .aborted
        // A connection that breaks is told as a system error or an internal one of the part that speaks to the daemon.
        case _ where domain == rawValue(VIR_FROM_RPC): .unreachable
        case rawValue(VIR_ERR_SYSTEM_ERROR) where number == 28: .noSpace
        // qemu-img and QEMU end with the system's words.
        case _ where message.contains("No space left on device"): .noSpace
        default: .failed
        }
    }

    private static func rawValue(_ number: virErrorNumber) -> Int { Int(number.rawValue) }
    private static func rawValue(_ domain: virErrorDomain) -> Int { Int(domain.rawValue) }
}
