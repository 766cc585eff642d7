import LibvirtShim

/// Pools and networks, as far as one watches them.
extension LibvirtConnection {
    package struct PoolStatus: Sendable, Equatable {
        package let name: String
        /// `virStoragePoolState`, and sizes in bytes as they were when the pool was refreshed last; nil where they are not told.
        package let state: Int?
        package let capacity, allocation, available: UInt64?
        package let isAutostarted: Bool?
        /// In XML.
        package let description: String?
    }

    /// All pools; of one that goes meanwhile what was told before.
    package func poolStatuses() throws(LibvirtError) -> [PoolStatus] {
        let doors = library.doors
        return try list({ mlt_virt_connect_list_all_storage_pools(doors, handle, $0, 0) }) { pool in
            defer { _ = mlt_virt_storage_pool_free(doors, pool) }
            var info = virStoragePoolInfo()
            let isTold = mlt_virt_storage_pool_get_info(doors, pool, &info) == 0
            var autostart: Int32 = 0
            let isAutostartTold = mlt_virt_storage_pool_get_autostart(doors, pool, &autostart) == 0
            return PoolStatus(
                name: mlt_virt_storage_pool_get_name(doors, pool).map { String(cString: $0) } ?? "",
                state: isTold ? Int(info.state) : nil, capacity: isTold ? info.capacity : nil, allocation: isTold ? info.allocation : nil,
                available: isTold ? info.available : nil, isAutostarted: isAutostartTold ? autostart != 0 : nil,
                description: try? text(mlt_virt_storage_pool_get_xml_desc(doors, pool, 0)))
        }
    }

    package struct NetworkStatus: Sendable, Equatable {
        package let name: String
        /// Empty where there is none.
        package let bridge: String
        package let isActive: Bool?
        package let isAutostarted: Bool?
    }

    /// All networks; of one that goes meanwhile what was told before.
    package func networkStatuses() throws(LibvirtError) -> [NetworkStatus] {
        let doors = library.doors
        return try list({ mlt_virt_connect_list_all_networks(doors, handle, $0, 0) }) { network in
            defer { _ = mlt_virt_network_free(doors, network) }
            let active = mlt_virt_network_is_active(doors, network)
            var autostart: Int32 = 0
            let isAutostartTold = mlt_virt_network_get_autostart(doors, network, &autostart) == 0
            return NetworkStatus(
                name: mlt_virt_network_get_name(doors, network).map { String(cString: $0) } ?? "",
                bridge: (try? text(mlt_virt_network_get_bridge_name(doors, network))) ?? "", isActive: active < 0 ? nil : active == 1,
                isAutostarted: isAutostartTold ? autostart != 0 : nil)
        }
    }
}
