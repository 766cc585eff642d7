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

    /// What all domains do, by UUID: one call, which asks no QEMU and waits for none.
    package func states() throws(LibvirtError) -> [String: DomainState] {
        var list: UnsafeMutablePointer<virDomainStatsRecordPtr?>?
        let flags = VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT.rawValue
        let count = mlt_virt_connect_get_all_domain_stats(library.doors, handle, VIR_DOMAIN_STATS_STATE.rawValue, &list, flags)
        try check(count)
        guard let list else { return [:] }
        defer { mlt_virt_domain_stats_record_list_free(library.doors, list) }
        var states: [String: DomainState] = [:]
        for index in 0..<Int(count) {
            guard let record = list[index]?.pointee, let domain = record.dom else { continue }
            let uuid = try uuid { mlt_virt_domain_get_uuid_string(library.doors, domain, $0) }
            var (state, reason): (Int?, Int) = (nil, 0)
            for parameter in TypedParameter.read(record.params, count: record.nparams) {
                guard let number = parameter.number.flatMap({ Int(exactly: $0) }) else { continue }
                if parameter.name == "state.state" { state = number } else if parameter.name == "state.reason" { reason = number }
            }
            if let state { states[uuid] = DomainState(state: state, reason: reason) }
        }
        return states
    }
}
