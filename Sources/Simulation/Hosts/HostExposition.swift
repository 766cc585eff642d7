/// What the node exporter of a simulated host says of it at one moment: names, types and labels as Debian's 1.5 writes them.
struct HostExposition {
    let world: World
    let node: Node
    /// Seconds since the world's epoch.
    let moment: Double
    /// When the host started, on the same scale.
    let bootedAt: Double
    let reading: NodeReading
    /// What the guests of the host have moved since they started.
    private(set) var sums = GuestSums()

    /// The traffic of the guests on the host, as its disks and cards see it.
    struct GuestSums {
        var read = 0
        var written = 0
        var reads = 0
        var writes = 0
        var flushes = 0
        var readSeconds = 0.0
        var writeSeconds = 0.0
        var received = 0
        var sent = 0
        /// The first cards of the host's side, and how many bytes guests sent and received there.
        var cards: [(device: String, sent: Int, received: Int)] = []

        mutating func add(_ reading: GuestReading) {
            for disk in [reading.disks.0, reading.disks.1, reading.disks.2] {
                read += disk.readBytes
                written += disk.writtenBytes
                reads += disk.readOperations
                writes += disk.writeOperations
                flushes += disk.flushOperations
                readSeconds += Double(disk.readNanoseconds) * 0.8e-9
                writeSeconds += Double(disk.writeNanoseconds) * 0.8e-9
            }
            received += reading.receivedBytes
            sent += reading.sentBytes
        }
    }

    /// A host has a card for each of its guests' cards; a few of them are enough to look like one.
    private static let cardLimit = 16

    /// The families that the collectors of these names write.
    private static let collectors = [
        "conntrack", "cpu", "diskstats", "filefd", "filesystem", "loadavg", "meminfo", "netclass", "netdev", "os", "pressure", "stat",
        "time", "timex", "uname", "vmstat",
    ]

    /// - Parameter view: of a node that is on.
    init(world: World, view: NodeView, moment: Double) {
        self.world = world
        self.moment = moment
        node = view.node
        bootedAt = view.bootedAt
        reading = world.reading(of: view.node, at: moment, bootedAt: view.bootedAt)
        world.forEachVisit(of: node, bootedAt: bootedAt, until: moment) { guest, start, end, _ in
            sums.add(world.traffic(of: guest, from: start, to: end))
        }
        for index in node.qemu + node.lxc { addCards(of: world.inventory.guests[index]) }
    }

    /// The whole exposition.
    func text() -> [UInt8] {
        var writer = ExpositionWriter(reservingBytes: (64 << 10) + node.threads * 700)
        writeProcessors(into: &writer)
        writeMemory(into: &writer)
        writeDisks(into: &writer)
        writeFileSystems(into: &writer)
        writeNetwork(into: &writer)
        writeKernel(into: &writer)
        writeClock(into: &writer)
        writeIdentity(into: &writer)
        writeCollectors(into: &writer)
        return writer.bytes
    }

    private mutating func addCards(of guest: Guest) {
        guard guest.isLive, sums.cards.count < Self.cardLimit else { return }
        let reading = world.reading(of: guest, at: moment, nodeBootedAt: bootedAt)
        if guest.kind == .qemu {
            sums.cards.append(("tap\(guest.vmid)i0", reading.cards.0.sentBytes, reading.cards.0.receivedBytes))
            sums.cards.append(("tap\(guest.vmid)i1", reading.cards.1.sentBytes, reading.cards.1.receivedBytes))
        } else {
            sums.cards.append(("veth\(guest.vmid)i0", reading.cards.0.sentBytes, reading.cards.0.receivedBytes))
        }
    }

    /// The area under a wave of the node since its start.
    func sinceBoot(_ wave: Wave) -> Double { wave.area(from: bootedAt, to: max(bootedAt, moment)) }

    private func writeCollectors(into writer: inout ExpositionWriter) {
        writer.family("node_scrape_collector_duration_seconds", .gauge, "How long a collector took.")
        for (index, name) in Self.collectors.enumerated() { writer.sample(["collector": name], 0.000_05 * Double(index + 1)) }
        writer.family("node_scrape_collector_success", .gauge, "Whether a collector succeeded.")
        for name in Self.collectors { writer.sample(["collector": name], 1) }
    }

    private func writeIdentity(into writer: inout ExpositionWriter) {
        writer.family("node_exporter_build_info", .gauge, "The exporter's build, as labels.")
        writer.sample(
            [
                "branch": "debian/sid", "goarch": "amd64", "goos": "linux", "goversion": "go1.19.8", "revision": "1.5.0-1+b6",
                "version": "1.5.0",
            ], 1)
        writer.family("node_os_info", .gauge, "The operating system, as labels.")
        writer.sample(
            [
                "build_id": "", "id": "debian", "id_like": "", "image_id": "", "image_version": "", "name": "Debian GNU/Linux",
                "pretty_name": "Debian GNU/Linux 13 (trixie)", "variant": "", "variant_id": "", "version": "13 (trixie)",
                "version_codename": "trixie", "version_id": "13",
            ], 1)
        writer.family("node_os_version", .gauge, "Major and minor version of the operating system.")
        writer.sample(["id": "debian", "id_like": "", "name": "Debian GNU/Linux"], 13)
        writer.family("node_uname_info", .gauge, "What uname says, as labels.")
        writer.sample(
            [
                "domainname": "(none)", "machine": "x86_64", "nodename": node.name, "release": Release.current.kernel, "sysname": "Linux",
                "version": Release.current.kernelVersion,
            ], 1)
    }
}
