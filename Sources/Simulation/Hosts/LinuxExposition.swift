/// What the node exporter of a Linux machine says of it: names, types and labels as Debian's 1.5 writes them.
struct LinuxExposition {
    let machine: LinuxMachine

    /// The families that the collectors of these names write.
    private static let collectors = [
        "conntrack", "cpu", "diskstats", "filefd", "filesystem", "loadavg", "meminfo", "netclass", "netdev", "os", "pressure", "stat",
        "time", "timex", "uname", "vmstat",
    ]

    /// Those that find something only on hosts.
    private static let hardwareCollectors = ["bonding", "hwmon", "systemd", "zfs"]

    /// The whole exposition.
    func text() -> [UInt8] {
        var writer = ExpositionWriter(reservingBytes: (64 << 10) + machine.cpus * 700)
        writeProcessors(into: &writer)
        writeMemory(into: &writer)
        writeDisks(into: &writer)
        writeFileSystems(into: &writer)
        writeNetwork(into: &writer)
        writeKernel(into: &writer)
        writeClock(into: &writer)
        writeIdentity(into: &writer)
        if let hardware = machine.hardware {
            write(hardware.sensors, into: &writer)
            write(hardware.bonds, into: &writer)
            write(hardware.services, into: &writer)
            write(hardware.cache, hardware.pools, into: &writer)
        }
        writeCollectors(into: &writer)
        return writer.bytes
    }

    private func writeCollectors(into writer: inout ExpositionWriter) {
        let collectors = Self.collectors + (machine.hardware == nil ? [] : Self.hardwareCollectors)
        writer.family("node_scrape_collector_duration_seconds", .gauge, "How long a collector took.")
        for (index, name) in collectors.enumerated() { writer.sample(["collector": name], 0.000_05 * Double(index + 1)) }
        writer.family("node_scrape_collector_success", .gauge, "Whether a collector succeeded.")
        for name in collectors { writer.sample(["collector": name], 1) }
    }

    private func writeIdentity(into writer: inout ExpositionWriter) {
        let system = machine.system
        writer.family("node_exporter_build_info", .gauge, "The exporter's build, as labels.")
        writer.sample(
            [
                "branch": "debian/sid", "goarch": "amd64", "goos": "linux", "goversion": "go1.19.8", "revision": "1.5.0-1+b6",
                "version": "1.5.0",
            ], 1)
        writer.family("node_os_info", .gauge, "The operating system, as labels.")
        writer.sample(
            [
                "build_id": "", "id": system.id, "id_like": system.idLike, "image_id": "", "image_version": "", "name": system.name,
                "pretty_name": system.prettyName, "variant": "", "variant_id": "", "version": system.version,
                "version_codename": system.codename, "version_id": system.versionID,
            ], 1)
        writer.family("node_os_version", .gauge, "Major and minor version of the operating system.")
        writer.sample(["id": system.id, "id_like": system.idLike, "name": system.name], system.versionNumber)
        writer.family("node_uname_info", .gauge, "What uname says, as labels.")
        writer.sample(
            [
                "domainname": "(none)", "machine": "x86_64", "nodename": system.nodeName, "release": system.kernel, "sysname": "Linux",
                "version": system.kernelVersion,
            ], 1)
    }
}
