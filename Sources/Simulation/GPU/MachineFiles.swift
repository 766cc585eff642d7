/// What the kernel of the machine with the cards counts of itself. It is a node of the cluster, whose node exporter says the same.
struct MachineFiles {
    /// By path below the root; none while the node is off.
    let files: [String: String]

    /// The lines of `/proc/stat` of processors, in ticks.
    let processors: String

    init(world: World, at moment: Double) {
        let view = world.ownView(of: min(Passthrough.sharingNode, world.inventory.nodes.count - 1), at: moment)
        let machine = view.isOnline ? HostExposition(world: world, view: view, moment: moment).machine : nil
        files = machine.map(Self.files(of:)) ?? [:]
        processors = machine.map(Self.processors(of:)) ?? ""
    }

    private static func files(of machine: LinuxMachine) -> [String: String] {
        let memory = machine.memory
        let load = machine.load
        var files = [
            "proc/meminfo": [
                ("MemTotal", memory.totalBytes), ("MemFree", memory.freeBytes), ("MemAvailable", memory.availableBytes),
                ("SwapTotal", memory.swapBytes), ("SwapFree", memory.swapBytes - memory.swapUsedBytes),
            ].map { "\($0): \($1 / 1024) kB\n" }.joined(),
            "proc/loadavg": [load.one, load.five, load.fifteen].map { "\(($0 * 100).rounded() / 100) " }.joined() + "1/900 4212\n",
            "proc/uptime": "\(machine.uptimeSeconds) 0\n",
            "proc/sys/kernel/hostname": machine.system.nodeName + "\n",
            "proc/sys/kernel/osrelease": machine.system.kernel + "\n",
            "proc/diskstats": machine.disks.map(line).joined(),
        ]
        for disk in machine.disks { files["sys/block/\(disk.device)/size"] = "7501476528\n" }
        let waits = [
            ("cpu", machine.kernel.cpuWaitingSeconds), ("memory", machine.kernel.memoryWaitingSeconds),
            ("io", machine.kernel.ioWaitingSeconds),
        ]
        for (resource, seconds) in waits { files["proc/pressure/\(resource)"] = pressure(seconds) }
        return files
    }

    private static func processors(of machine: LinuxMachine) -> String {
        let work = machine.work
        let idle = machine.uptimeSeconds - work.user - work.system - work.interrupts - work.waiting - work.stolen
        func line(_ name: String, _ processors: Int) -> String {
            let seconds = [work.user, 0, work.system, idle, work.waiting, 0, work.interrupts, work.stolen, work.guests, 0]
            return "\(name) " + seconds.map { String(Int(max(0, $0) * Double(processors) * ticks)) }.joined(separator: " ") + "\n"
        }
        return line("cpu ", machine.cpus) + (0..<machine.cpus).map { line("cpu\($0)", 1) }.joined()
    }

    private static let ticks = 100.0

    private static func line(_ disk: LinuxMachine.Disk) -> String {
        let fields = [
            disk.reads, 0, disk.readBytes / 512, disk.readSeconds * 1000, disk.writes, 0, disk.writtenBytes / 512, disk.writeSeconds * 1000,
            0,
            disk.busySeconds * 1000, (disk.readSeconds + disk.writeSeconds) * 1000,
        ]
        return "\(disk.major) 0 \(disk.device) " + fields.map { String(Int($0)) }.joined(separator: " ") + "\n"
    }

    private static func pressure(_ seconds: Double) -> String {
        func line(_ kind: String, _ share: Double) -> String {
            "\(kind) avg10=0.00 avg60=0.00 avg300=0.00 total=\(Int(seconds * share * 1e6))\n"
        }
        return line("some", 1) + line("full", 0.6)
    }
}
