/// What the node exporter of a simulated host says of it at one moment.
struct HostExposition {
    let world: World
    let node: Node
    /// Seconds since the world's epoch.
    let moment: Double
    /// When the host started, on the same scale.
    let bootedAt: Double
    let reading: NodeReading
    /// What guests have moved on the host since it started.
    private(set) var sums = GuestSums()

    /// The traffic of guests on the host, as its disks and cards see it.
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
    func text() -> [UInt8] { LinuxExposition(machine: machine).text() }

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

    // MARK: the machine

    var machine: LinuxMachine {
        let end = max(bootedAt, moment)
        let swapping = world.seconds(of: .swapping, node, from: bootedAt, to: end)
        return LinuxMachine(
            time: world.timeline.epoch + moment, bootTime: world.timeline.epoch + bootedAt, uptimeSeconds: reading.uptimeSeconds,
            cpus: node.threads, work: work, lean: 0.005, load: world.load(of: node, at: moment, bootedAt: bootedAt),
            memory: LinuxMachine.Memory(
                totalBytes: node.memoryBytes, usedBytes: reading.memoryUsedBytes, availableBytes: reading.memoryAvailableBytes,
                freeBytes: reading.memoryFreeBytes, swapBytes: node.swapBytes, swapUsedBytes: reading.swapUsedBytes),
            disks: disks, fileSystems: fileSystems, cards: cards,
            kernel: LinuxMachine.Kernel(
                switches: sinceBoot(node.switches).rounded(.down),
                cpuWaitingSeconds: world.cpuPressureSeconds(of: node, from: bootedAt, to: end),
                ioWaitingSeconds: world.ioPressureSeconds(of: node, from: bootedAt, to: end),
                memoryWaitingSeconds: world.memoryPressureSeconds(of: node, from: bootedAt, to: end),
                // What was moved out long ago was moved before the exporter counted.
                swapIn: node.swapUsed.base / 16_384 + swapping * 700, swapOut: node.swapUsed.base / 4096 + swapping * 900,
                kills: kills, readBytes: sums.read, writtenBytes: sums.written,
                busyThreads: reading.busyThreads, blockedProcesses: reading.ioWait * Double(node.threads),
                openFiles: 2048 + Double(sums.cards.count) * 128, clockSwing: node.freeShare.value(at: moment) - node.freeShare.base,
                clockError: world.has(.clockSkew, node, at: moment) ? 0.35 : nil),
            system: LinuxMachine.System(
                nodeName: node.name, kernel: Release.current.kernel, kernelVersion: Release.current.kernelVersion, id: "debian", idLike: "",
                name: "Debian GNU/Linux", prettyName: "Debian GNU/Linux 13 (trixie)", version: "13 (trixie)", codename: "trixie",
                versionID: "13", versionNumber: 13),
            hardware: hardware)
    }

    /// One as it begins, and one every 5 minutes.
    private var kills: Double {
        world.stretches(of: .oomKill, node, from: bootedAt, to: max(bootedAt, moment)).reduce(0) {
            $0 + 1 + ($1.seconds / 300).rounded(.down)
        }
    }

    private var work: LinuxMachine.Work {
        let work = world.work(of: node, from: bootedAt, to: max(bootedAt, moment), bootedAt: bootedAt)
        let threads = Double(node.threads)
        return LinuxMachine.Work(
            user: (work.host * 0.5 + work.qemu * 0.95 + work.lxc * 0.8) / threads,
            system: (work.host * 0.42 + work.qemu * 0.05 + work.lxc * 0.2) / threads, interrupts: work.host * 0.08 / threads,
            waiting: sinceBoot(node.ioWait),
            stolen: world.seconds(of: .cpuSteal, node, from: bootedAt, to: max(bootedAt, moment)) * 0.12, guests: work.qemu * 0.93 / threads
        )
    }

    /// The guests' disks lie on the fast one; the host lives on the other.
    private var disks: [LinuxMachine.Disk] {
        let own = sinceBoot(node.diskWrites)
        let slow = world.stretches(of: .diskLatency, node, from: bootedAt, to: max(bootedAt, moment))
        let delayed = slow.reduce(0) { $0 + $1.seconds * 20 + node.diskWrites.area(from: $1.start, to: $1.end) / 16_384 }
        let slowSeconds = slow.reduce(0) { $0 + $1.seconds }
        let busy = sinceBoot(node.diskBusy) + slowSeconds * 0.5
        let ownWrites = (own / 16_384 + slowSeconds * 20).rounded(.down)
        let ownReads = (ownWrites / 4).rounded(.down)
        return [
            LinuxMachine.Disk(
                device: "nvme0n1", major: "259", model: "SAMSUNG MZQL23T8HCLS", serial: "SIM\(node.index + 1)0",
                readBytes: Double(sums.read), writtenBytes: Double(sums.written), reads: Double(sums.reads),
                writes: Double(sums.writes), flushes: Double(sums.flushes), readSeconds: sums.readSeconds,
                writeSeconds: sums.writeSeconds, busySeconds: busy),
            LinuxMachine.Disk(
                device: "sda", major: "8", model: "INTEL SSDSC2KB24", serial: "SIM\(node.index + 1)1", readBytes: ownReads * 16_384,
                writtenBytes: ownWrites * 16_384, reads: ownReads, writes: ownWrites, flushes: (ownWrites / 30).rounded(.down),
                readSeconds: ownWrites * 0.000_05 + delayed * 0.03, writeSeconds: ownWrites * 0.000_4 + delayed * 0.14,
                busySeconds: busy * 0.2 + slowSeconds * 0.4),
        ]
    }

    /// Root, firmware and shared storage.
    private var fileSystems: [LinuxMachine.FileSystem] {
        let share = World.pages(world.inventory.shareUsed.value(at: moment))
        return [
            LinuxMachine.FileSystem(
                device: "/dev/mapper/pve-root", type: "ext4", mountPoint: "/", size: node.rootBytes, used: reading.rootUsedBytes,
                available: ProxmoxAnswers.rootAvailableBytes(node, reading), files: 6_291_456,
                filesUsedShare: world.has(.diskFull, node, at: moment) ? 0.985 : 0.03),
            LinuxMachine.FileSystem(
                device: "/dev/sda2", type: "vfat", mountPoint: "/boot/efi", size: 1_071_628_288, used: 9_175_040,
                available: 1_062_453_248, files: 0),
            LinuxMachine.FileSystem(
                device: "10.0.0.5:/export/nas", type: "nfs4", mountPoint: "/mnt/pve/nas", size: world.inventory.shareBytes, used: share,
                available: world.inventory.shareBytes - share, files: 1_610_612_736),
        ]
    }
}
