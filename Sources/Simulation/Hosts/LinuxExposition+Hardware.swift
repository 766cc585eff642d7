/// What only machines of metal have: temperatures, bonds, services, ZFS.
extension LinuxExposition {
    /// The `node_hwmon_` families. Not each sensor knows what is too hot for it.
    func write(_ sensors: [LinuxMachine.Hardware.Sensor], into writer: inout ExpositionWriter) {
        writer.family("node_hwmon_chip_names", .gauge, "The name of a chip's driver, as a label.")
        var seen: Set<String> = []
        for sensor in sensors where seen.insert(sensor.chip).inserted {
            writer.sample(["chip": sensor.chip, "chip_name": sensor.chipName], 1)
        }
        writer.family("node_hwmon_sensor_label", .gauge, "What a sensor measures, as a label.")
        for sensor in sensors { writer.sample(["chip": sensor.chip, "label": sensor.label, "sensor": sensor.sensor], 1) }
        func each(_ name: StaticString, _ help: StaticString, _ value: (LinuxMachine.Hardware.Sensor) -> Double?) {
            writer.family(name, .gauge, help)
            for sensor in sensors {
                if let value = value(sensor) { writer.sample(["chip": sensor.chip, "sensor": sensor.sensor], value) }
            }
        }
        each("node_hwmon_temp_celsius", "Temperature.") { $0.celsius }
        each("node_hwmon_temp_crit_celsius", "Temperature that harms.") { $0.critical }
        each("node_hwmon_temp_max_celsius", "Temperature that is too high.") { $0.maximum }
    }

    /// The `node_bonding_` families.
    func write(_ bonds: [LinuxMachine.Hardware.Bond], into writer: inout ExpositionWriter) {
        writer.family("node_bonding_active", .gauge, "Cards of a bond that have a link.")
        for bond in bonds { writer.sample(["master": bond.name], Double(bond.active)) }
        writer.family("node_bonding_slaves", .gauge, "Cards of a bond.")
        for bond in bonds { writer.sample(["master": bond.name], Double(bond.cards)) }
    }

    /// What differs from what most services are.
    private static let serviceTypes = [
        "chrony": "notify", "corosync": "notify", "cron": "simple", "ksmtuned": "simple", "proxmox-firewall": "notify", "ssh": "notify",
        "systemd-journald": "notify", "qmeventd": "notify", "lxcfs": "simple",
    ]
    private static let unitStates = ["activating", "active", "deactivating", "failed", "inactive"]

    /// The `node_systemd_` families: the services that the API tells of, and two that it does not.
    func write(_ services: [NodeService], into writer: inout ExpositionWriter) {
        let installed = services.filter { $0.unit != "not-found" }
        // The server of SSH is called otherwise by Debian.
        let units = installed.map { ($0.name == "sshd" ? "ssh" : $0.name, $0.activity) } + [("lxcfs", "active"), ("qmeventd", "active")]
        writer.single(
            "node_systemd_system_running", .gauge, "Whether all that was to be started runs.",
            units.contains { $0.1 == "failed" } ? 0 : 1)
        writer.family("node_systemd_unit_state", .gauge, "Which state a unit is in.")
        for (name, activity) in units {
            for state in Self.unitStates {
                writer.sample(
                    ["name": "\(name).service", "state": state, "type": Self.serviceTypes[name] ?? "forking"], state == activity ? 1 : 0)
            }
        }
        writer.family("node_systemd_units", .gauge, "Units by their state.")
        for state in Self.unitStates { writer.sample(["state": state], Double(units.count { $0.1 == state })) }
    }

    private static let poolStates = ["degraded", "faulted", "offline", "online", "removed", "suspended", "unavail"]

    /// The `node_zfs_` families of the cache and of pools.
    func write(_ cache: LinuxMachine.Hardware.Cache, _ pools: [(name: String, health: String)], into writer: inout ExpositionWriter) {
        let (size, hits, misses) = (Double(cache.size), cache.hits, cache.misses)
        let fields: [(name: StaticString, help: StaticString, value: Double)] = [
            ("node_zfs_arc_c", "Size that the cache aims at.", size),
            ("node_zfs_arc_c_max", "Size that the cache may have.", Double(cache.maximum)),
            ("node_zfs_arc_c_min", "Size below which the cache does not shrink.", Double(cache.minimum)),
            ("node_zfs_arc_compressed_size", "What the cache holds, as it lies on disks.", size * 0.86),
            ("node_zfs_arc_data_size", "Data in the cache.", size * 0.8),
            ("node_zfs_arc_demand_data_hits", "Data that were asked for and cached.", hits * 0.6),
            ("node_zfs_arc_demand_data_misses", "Data that were asked for and not cached.", misses * 0.5),
            ("node_zfs_arc_demand_metadata_hits", "Metadata that were asked for and cached.", hits * 0.36),
            ("node_zfs_arc_demand_metadata_misses", "Metadata that were asked for and not cached.", misses * 0.2),
            ("node_zfs_arc_hits", "Reads that the cache had.", hits),
            ("node_zfs_arc_metadata_size", "Metadata in the cache.", size * 0.12),
            ("node_zfs_arc_mfu_size", "What was read often.", size * 0.65),
            ("node_zfs_arc_misses", "Reads that the cache did not have.", misses),
            ("node_zfs_arc_mru_size", "What was read lately.", size * 0.3),
            ("node_zfs_arc_prefetch_data_hits", "Data that were read ahead and cached.", hits * 0.03),
            ("node_zfs_arc_prefetch_data_misses", "Data that were read ahead and not cached.", misses * 0.25),
            ("node_zfs_arc_prefetch_metadata_hits", "Metadata that were read ahead and cached.", hits * 0.01),
            ("node_zfs_arc_prefetch_metadata_misses", "Metadata that were read ahead and not cached.", misses * 0.05),
            ("node_zfs_arc_size", "Size of the cache.", size),
            ("node_zfs_arc_uncompressed_size", "What the cache holds, as programs see it.", size * 1.5),
        ]
        for field in fields { writer.single(field.name, .untyped, field.help, field.value.rounded(.down)) }
        writer.family("node_zfs_zpool_state", .gauge, "Which state a pool is in.")
        for pool in pools {
            for state in Self.poolStates { writer.sample(["state": state, "zpool": pool.name], state == pool.health ? 1 : 0) }
        }
    }
}
