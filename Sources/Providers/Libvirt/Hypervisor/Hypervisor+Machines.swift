import LibvirtAPI
import Primitives
import RPC
import Synchronization
import XML

/// Finding machines, and what a request names.
extension Hypervisor {
    /// The domain of an identifier: a UUID, or the name of a machine that somebody else made.
    static func domain(_ connection: LibvirtConnection, _ id: String) throws(LibvirtError) -> LibvirtDomain {
        isUUID(id) ? try connection.domain(uuid: id) : try connection.domain(named: id)
    }

    /// nil when there is none.
    static func domainIfThere(_ connection: LibvirtConnection, _ id: String) throws(LibvirtError) -> LibvirtDomain? {
        do throws(LibvirtError) {
            return try domain(connection, id)
        } catch  where error.kind == .noDomain {
            return nil
        }
    }

    static func isUUID(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return parts.map(\.count) == [8, 4, 4, 4, 12] && text.allSatisfy { $0 == "-" || $0.isHexDigit && $0.isASCII }
    }

    static func view(_ domain: LibvirtDomain, _ options: LibvirtDomain.XMLOptions = []) throws(LibvirtError) -> MachineView {
        let text = try domain.xml(options)
        do throws(RPCError) { return try MachineView(xml: text) } catch { throw LibvirtError(.failed, error.message) }
    }

    /// A machine as it is, its state with it.
    struct Machine: Sendable {
        let uuid: String
        let name: String
        let state: DomainState
        /// As it runs, or will.
        let now: MachineView
        /// As it will be started next.
        let next: MachineView

        var isActive: Bool {
            switch state.state {
            case .off, .crashed, .noState, nil: false
            default: true
            }
        }
    }

    static func machine(_ domain: LibvirtDomain) throws(LibvirtError) -> Machine {
        let now = try view(domain)
        var hasTwo = try domain.isActive()
        if hasTwo { hasTwo = try domain.isPersistent() }
        let next = if hasTwo { try view(domain, .inactive) } else { now }
        return Machine(uuid: domain.uuid, name: domain.name, state: try domain.state(), now: now, next: next)
    }

    /// Errors: `notFound`, `invalidArgument` for an empty identifier.
    func machine(_ id: String, field: String = "id") async throws(RPCError) -> Machine {
        guard !id.isEmpty else { throw RPCError(.invalidArgument, "\(field): is empty; say which machine is meant") }
        return try await look("look at machine \(id)") { connection throws(LibvirtError) in try Self.machine(Self.domain(connection, id)) }
    }

    /// What the host is; asked for again after a while.
    func host() async throws(RPCError) -> HostProfile {
        if let known = knownHost.withLock({ $0 }), (ContinuousClock.now - known.at).seconds < 300 { return known.host }
        let settings = settings
        let host = try await look("ask for the host's capabilities", seconds: 60) { connection throws(LibvirtError) in
            try HostProfile.read(connection, settings)
        }
        knownHost.withLock { $0 = (host, .now) }
        return host
    }
}
