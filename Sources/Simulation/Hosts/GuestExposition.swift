/// What the node exporter inside a Linux guest says of it at one moment.
struct GuestExposition {
    let state: GuestState

    /// The whole exposition.
    func text() -> [UInt8] { LinuxExposition(machine: machine).text() }

    private var guest: Guest { state.guest }
    private var isContainer: Bool { guest.kind == .lxc }

    private var machine: LinuxMachine {
        let (work, cpus) = (state.workSeconds, Double(guest.cpus))
        let uptime = state.reading.uptimeSeconds
        let waiting = guest.diskWrites.area(from: state.startedAt, to: state.moment) / guest.diskWrites.peak * 0.01
        let swapping = state.seconds(of: .swapping)
        let swapBytes = isContainer ? guest.swapBytes : guest.memoryBytes / 4
        let isSwapping = state.world.has(.swapping, guest, at: state.moment)
        let slow = state.seconds(of: .diskLatency)
        let available = state.availableBytes
        return LinuxMachine(
            time: state.time, bootTime: state.bootTime, uptimeSeconds: uptime, cpus: guest.cpus,
            work: LinuxMachine.Work(
                user: work * 0.74, system: work * 0.22, interrupts: work * 0.04, waiting: waiting,
                stolen: state.seconds(of: .cpuSteal) * 0.15, guests: 0),
            // Where all CPUs are busy none has room for the share of another.
            lean: 0,
            load: LoadAverages(
                one: state.busyCPUs(over: 60), five: state.busyCPUs(over: 300), fifteen: state.busyCPUs(over: 900)),
            memory: LinuxMachine.Memory(
                totalBytes: state.memoryBytes, usedBytes: state.reading.memoryBytes, availableBytes: available,
                freeBytes: World.pages(Double(available) * 0.4), swapBytes: swapBytes,
                swapUsedBytes: isContainer || !isSwapping ? state.reading.swapUsedBytes : World.pages(Double(swapBytes) * 0.7)),
            disks: disks, fileSystems: fileSystems, cards: cards,
            kernel: LinuxMachine.Kernel(
                switches: (uptime * 200 + work * cpus * 3000).rounded(.down),
                cpuWaitingSeconds: work * 0.02 + state.seconds(of: .hostSaturated) * 0.45, ioWaitingSeconds: waiting * 2 + slow * 0.45,
                memoryWaitingSeconds: waiting * 0.02 + swapping * 0.3, swapIn: swapping * 500, swapOut: swapping * 600,
                readBytes: state.reading.readBytes, writtenBytes: state.reading.writtenBytes, busyThreads: state.reading.cpu * cpus,
                blockedProcesses: 0, openFiles: 1024 + cpus * 64, clockSwing: guest.memory.value(at: state.moment) - guest.memory.base),
            system: isContainer ? containerSystem : system)
    }

    // MARK: disks

    /// A container sees the disk of its host on which it lies, with its own numbers.
    private var disks: [LinuxMachine.Disk] {
        let readings = state.reading.disks
        if isContainer { return [disk("nvme0n1", major: "259", model: "", serial: "", readings.0, number: 0)] }
        return [("sda", readings.0), ("sdb", readings.1), ("sdc", readings.2)].enumerated().map { number, disk in
            self.disk(
                disk.0, major: "8", model: "QEMU HARDDISK", serial: "0QEMU_QEMU_HARDDISK_drive-scsi\(number)", disk.1, number: number)
        }
    }

    private func disk(
        _ device: String, major: String, model: String, serial: String, _ reading: GuestReading.Disk, number: Int
    ) -> LinuxMachine.Disk {
        LinuxMachine.Disk(
            device: device, major: major, model: model, serial: serial, readBytes: Double(reading.readBytes),
            writtenBytes: Double(reading.writtenBytes), reads: Double(reading.readOperations), writes: Double(reading.writeOperations),
            flushes: Double(reading.flushOperations), readSeconds: Double(reading.readNanoseconds) / 1e9,
            writeSeconds: Double(reading.writeNanoseconds) / 1e9, busySeconds: state.busySeconds(ofDisk: number))
    }

    private var fileSystems: [LinuxMachine.FileSystem] {
        if isContainer {
            let used = state.reading.diskUsedBytes
            return [
                LinuxMachine.FileSystem(
                    device: "rpool/data/subvol-\(guest.vmid)-disk-0", type: "zfs", mountPoint: "/", size: guest.diskBytes, used: used,
                    available: guest.diskBytes - used, files: Double(guest.diskBytes / 512))
            ]
        }
        // The exporter leaves out what is mounted from an image.
        return state.inside.fileSystems.filter { $0.type != "squashfs" }.map { system in
            let kept = system.type == "ext4" ? system.totalBytes / 20 & ~0xFFF : 0
            return LinuxMachine.FileSystem(
                device: system.device ?? system.name, type: system.type, mountPoint: system.mountPoint, size: system.totalBytes,
                used: system.usedBytes, available: max(0, system.totalBytes - system.usedBytes - kept),
                files: Double(system.totalBytes / 16_384))
        }
    }

    // MARK: cards

    private var cards: [LinuxMachine.Card] {
        state.inside.interfaces.map { interface in
            LinuxMachine.Card(
                device: interface.name, kind: interface.name == "lo" ? .loopback : .virtual, hardwareAddress: interface.hardwareAddress,
                received: Double(interface.receivedBytes), sent: Double(interface.sentBytes), dropped: Double(interface.droppedPackets),
                broken: Double(interface.brokenPackets))
        }
    }

    // MARK: the system

    private var system: LinuxMachine.System {
        let system = state.inside.system
        let (idLike, codename, number) =
            switch system.id {
            case "ubuntu": ("debian", "noble", 24.04)
            case "rocky": ("rhel centos fedora", "", 9.6)
            default: ("", "trixie", 13)
            }
        return LinuxMachine.System(
            nodeName: guest.name, kernel: system.kernel, kernelVersion: system.kernelVersion, id: system.id, idLike: idLike,
            name: system.name, prettyName: system.prettyName, version: system.version, codename: codename, versionID: system.versionID,
            versionNumber: number)
    }

    /// A container has the kernel of its host.
    private var containerSystem: LinuxMachine.System {
        let release = state.world.inventory.release
        let isAlpine = GuestIdentity(guest, in: state.world).systemType == "alpine"
        return LinuxMachine.System(
            nodeName: guest.name, kernel: release.kernel, kernelVersion: release.kernelVersion, id: isAlpine ? "alpine" : "debian",
            idLike: "", name: isAlpine ? "Alpine Linux" : "Debian GNU/Linux",
            prettyName: isAlpine ? "Alpine Linux v3.22" : "Debian GNU/Linux 13 (trixie)", version: isAlpine ? "" : "13 (trixie)",
            codename: isAlpine ? "" : "trixie", versionID: isAlpine ? "3.22.1" : "13", versionNumber: isAlpine ? 3.22 : 13)
    }
}
