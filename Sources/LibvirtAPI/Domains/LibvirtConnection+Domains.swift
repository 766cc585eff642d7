import LibvirtShim

extension LibvirtConnection {
    /// `virConnectListAllDomainsFlags`; of each pair none means both.
    package struct DomainFilter: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let active = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_ACTIVE.rawValue)
        package static let inactive = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_INACTIVE.rawValue)
        package static let persistent = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_PERSISTENT.rawValue)
        package static let transient = DomainFilter(rawValue: VIR_CONNECT_LIST_DOMAINS_TRANSIENT.rawValue)
    }

    /// All domains, in the daemon's order: one call however many there are.
    package func domains(_ filter: DomainFilter = []) throws(LibvirtError) -> [LibvirtDomain] {
        try list({ mlt_virt_connect_list_all_domains(library.doors, handle, $0, filter.rawValue) }) { LibvirtDomain($0, self) }
    }

    /// - Throws: `noDomain` when there is none.
    package func domain(named name: String) throws(LibvirtError) -> LibvirtDomain {
        try domain(mlt_virt_domain_lookup_by_name(library.doors, handle, name))
    }

    /// - Throws: `noDomain` when there is none, `invalidArgument` when the text is no UUID.
    package func domain(uuid: String) throws(LibvirtError) -> LibvirtDomain {
        try domain(mlt_virt_domain_lookup_by_uuid_string(library.doors, handle, uuid))
    }

    func domain(_ answer: OpaquePointer?) throws(LibvirtError) -> LibvirtDomain {
        guard let answer else { throw LibvirtError.last(library) }
        return LibvirtDomain(answer, self)
    }
}
