import LibvirtShim

/// Figures of many domains in one call.
extension LibvirtConnection {
    /// `virDomainStatsTypes`: what is asked for. Each group but `state` and `interface` asks each domain's QEMU once or more.
    package struct StatisticsGroups: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let state = StatisticsGroups(rawValue: VIR_DOMAIN_STATS_STATE.rawValue)
        package static let cpu = StatisticsGroups(rawValue: VIR_DOMAIN_STATS_CPU_TOTAL.rawValue)
        package static let balloon = StatisticsGroups(rawValue: VIR_DOMAIN_STATS_BALLOON.rawValue)
        package static let vcpu = StatisticsGroups(rawValue: VIR_DOMAIN_STATS_VCPU.rawValue)
        package static let interface = StatisticsGroups(rawValue: VIR_DOMAIN_STATS_INTERFACE.rawValue)
        package static let block = StatisticsGroups(rawValue: VIR_DOMAIN_STATS_BLOCK.rawValue)
    }

    /// What was told of one domain.
    package struct StatisticsRecord: Sendable, Equatable {
        package let uuid: String
        package let parameters: [TypedParameter]

        package init(uuid: String, parameters: [TypedParameter]) {
            self.uuid = uuid
            self.parameters = parameters
        }
    }

    /// What libvirt tells of all domains, off or not; of one that another command holds less. `virConnectGetAllDomainStats` with NOWAIT.
    package func statistics(_ groups: StatisticsGroups) throws(LibvirtError) -> [StatisticsRecord] {
        try records {
            mlt_virt_connect_get_all_domain_stats(
                library.doors, handle, groups.rawValue, $0, VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT.rawValue)
        }
    }

    /// What libvirt tells of these domains; of one that another command holds less, and nothing of one that is there no more.
    /// `virDomainListGetStats` with NOWAIT.
    ///
    /// - Parameter domains: of this connection.
    package func statistics(of domains: [LibvirtDomain], _ groups: StatisticsGroups) throws(LibvirtError) -> [StatisticsRecord] {
        guard !domains.isEmpty else { return [] }
        var handles: [OpaquePointer?] = domains.map(\.handle) + [nil]
        return try withExtendedLifetime(domains) { () throws(LibvirtError) in
            try records {
                mlt_virt_domain_list_get_stats(
                    library.doors, &handles, groups.rawValue, $0, VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT.rawValue)
            }
        }
    }

    private func records(
        _ ask: (UnsafeMutablePointer<UnsafeMutablePointer<virDomainStatsRecordPtr?>?>) -> Int32
    ) throws(LibvirtError) -> [StatisticsRecord] {
        var list: UnsafeMutablePointer<virDomainStatsRecordPtr?>?
        let count = ask(&list)
        try check(count)
        guard let list else { return [] }
        defer { mlt_virt_domain_stats_record_list_free(library.doors, list) }
        return (0..<Int(count)).compactMap { index in
            guard let record = list[index]?.pointee, let domain = record.dom,
                let uuid = try? uuid({ mlt_virt_domain_get_uuid_string(library.doors, domain, $0) })
            else { return nil }
            return StatisticsRecord(uuid: uuid, parameters: TypedParameter.read(record.params, count: record.nparams))
        }
    }
}

extension LibvirtConnection.DomainFilter {
    /// Started with the hypervisor.
    package static let autostarted = Self(rawValue: VIR_CONNECT_LIST_DOMAINS_AUTOSTART.rawValue)
    /// Saved, so that the next start goes on from there.
    package static let saved = Self(rawValue: VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE.rawValue)
}
