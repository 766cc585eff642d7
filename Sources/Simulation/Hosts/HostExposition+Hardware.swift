/// What the host is built of.
extension HostExposition {
    /// Temperatures, bonds, services and the cache of ZFS: those of the API, where it tells of them too.
    var hardware: LinuxMachine.Hardware {
        let cache = world.cache(of: node, at: moment, used: reading.memoryUsedBytes)
        let accesses = world.cacheAccesses(of: node, from: bootedAt, to: max(bootedAt, moment))
        return LinuxMachine.Hardware(
            sensors: sensors,
            bonds: [LinuxMachine.Hardware.Bond(name: "bond0", cards: 2, active: world.has(.bondDegraded, node, at: moment) ? 1 : 2)],
            services: world.services(of: node, at: moment),
            cache: LinuxMachine.Hardware.Cache(
                size: cache.size, minimum: cache.minimum, maximum: cache.maximum, hits: (accesses.all - accesses.misses).rounded(.down),
                misses: accesses.misses.rounded(.down)),
            pools: world.storagePools(of: node, at: moment).map { ($0.name, $0.health.lowercased()) })
    }

    /// Of each processor, whose driver knows no limit, and of each fast disk, whose limits are its maker's.
    private var sensors: [LinuxMachine.Hardware.Sensor] {
        let core = world.has(.overheating, node, at: moment) ? 94 : 38 + 30 * reading.cpu
        let processors = (0..<node.sockets).map { socket in
            LinuxMachine.Hardware.Sensor(
                chip: "pci0000:00_0000:00:\(18 + socket)_3", chipName: "k10temp", sensor: "temp1", label: "Tctl",
                celsius: (core * 8).rounded() / 8)
        }
        let disks = world.disks(of: node, at: moment).filter { $0.kind == .nvme }.enumerated().map { number, disk in
            LinuxMachine.Hardware.Sensor(
                chip: "nvme_nvme\(number)", chipName: "nvme", sensor: "temp1", label: "Composite",
                // The disk says it in kelvins, and smartctl leaves the fraction out.
                celsius: Double(world.temperature(of: disk, node, at: moment)) - 0.15, maximum: 81.85, critical: 84.85)
        }
        return processors + disks
    }
}
