import Glibc
import Metrics
import Primitives

/// Reads the machine's files of /proc. Blocks.
struct SystemReading {
    let families: SystemFamilies
    let root: String
    private let files = KernelFileReader()

    /// What only passes on what went over a card, or never leaves the machine.
    private static let innerInterfaces = [
        "lo", "veth", "docker", "br-", "vmbr", "virbr", "cni", "podman", "tap", "fwbr", "fwpr", "fwln", "vnet", "bond", "dummy", "ifb",
        "tun", "wg",
    ]
    private static let sectorBytes = 512.0

    init(families: SystemFamilies, root: String) {
        self.families = families
        self.root = root
    }

    /// False when there is nothing to be read.
    func write(into buffer: inout SampleBuffer) -> Bool {
        let hasProcessors = writeProcessors(&buffer)
        let hasMemory = writeMemory(&buffer)
        writeIdentity(&buffer)
        writeLoad(&buffer)
        writeDisks(&buffer)
        writeNetwork(&buffer)
        writePressure(&buffer)
        return hasProcessors || hasMemory
    }

    private func writeIdentity(_ buffer: inout SampleBuffer) {
        func line(_ name: String) -> String? {
            files.read("\(root)/proc/sys/kernel/\(name)") { text in
                var text = text
                return text.nextWord()?.string
            }
        }
        guard let kernel = line("osrelease") else { return }
        buffer.add(families.info, buffer.labels(SystemFamilies.identity, line("hostname") ?? "", kernel), 1)
    }

    private func writeProcessors(_ buffer: inout SampleBuffer) -> Bool {
        let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        var cpus = 0
        var modes: [(String, Double)] = []
        _ = files.read("\(root)/proc/stat") { text in
            var text = text
            while var line = text.nextLine() {
                guard let name = line.nextWord() else { continue }
                if name == "cpu" {
                    var values: [Double] = []
                    while let value = line.nextWord()?.number { values.append(Double(value) / ticks) }
                    // user nice system idle iowait irq softirq steal; guests are in user already.
                    guard values.count >= 8 else { continue }
                    modes = [
                        ("user", values[0] + values[1]), ("system", values[2]), ("idle", values[3]), ("iowait", values[4]),
                        ("irq", values[5] + values[6]), ("steal", values[7]),
                    ]
                } else if name.string.hasPrefix("cpu") {
                    cpus += 1
                } else {
                    break
                }
            }
        }
        for (mode, seconds) in modes { buffer.add(families.cpu, buffer.labels(SystemFamilies.mode, mode), seconds) }
        buffer.add(families.cpus, .empty, cpus > 0 ? Double(cpus) : nil)
        return !modes.isEmpty
    }

    private func writeMemory(_ buffer: inout SampleBuffer) -> Bool {
        var found: [(Metric, Double)] = []
        _ = files.read("\(root)/proc/meminfo") { text in
            var text = text
            while var line = text.nextLine() {
                guard let name = line.next(before: UInt8(ascii: ":")), let value = line.nextWord()?.number else { continue }
                let bytes = Double(value) * 1024
                switch name {
                case "MemTotal": found.append((families.memoryTotal, bytes))
                case "MemAvailable": found.append((families.memoryAvailable, bytes))
                case "SwapTotal": found.append((families.swapTotal, bytes))
                case "SwapFree": found.append((families.swapFree, bytes))
                default: break
                }
            }
        }
        for (metric, bytes) in found { buffer.add(metric, .empty, bytes) }
        return !found.isEmpty
    }

    private func writeLoad(_ buffer: inout SampleBuffer) {
        func decimals(_ path: String, _ count: Int) -> [Double] {
            files.read(path) { text in
                var text = text
                var values: [Double] = []
                while values.count < count, let value = text.nextWord().flatMap({ Double($0.string) }), value.isFinite {
                    values.append(value)
                }
                return values
            } ?? []
        }
        let loads = decimals("\(root)/proc/loadavg", 3)
        if loads.count == 3 {
            for (window, value) in zip(["1m", "5m", "15m"], loads) {
                buffer.add(families.load, buffer.labels(SystemFamilies.window, window), value)
            }
        }
        buffer.add(families.uptime, .empty, decimals("\(root)/proc/uptime", 1).first)
    }

    /// Sums over whole disks: a partition's figures are in its disk's, and those of mapped devices and RAIDs in those of the disks below.
    private func writeDisks(_ buffer: inout SampleBuffer) {
        let disks = Set(
            (Files.names(in: "\(root)/sys/block", limit: 10_000) ?? []).filter { name in
                !["loop", "ram", "zram", "zd", "sr", "fd"].contains { name.hasPrefix($0) }
                    && Files.names(in: "\(root)/sys/block/\(name)/slaves", limit: 1)?.isEmpty != false
            })
        guard !disks.isEmpty else { return }
        var sums: (read: Double, written: Double)?
        _ = files.read("\(root)/proc/diskstats") { text in
            var text = text
            while var line = text.nextLine() {
                // Numbers of the device, name, then reads: done, merged, sectors, time; and the same of writes.
                guard line.nextWord() != nil, line.nextWord() != nil, let name = line.nextWord()?.string, disks.contains(name) else {
                    continue
                }
                var values: [Double] = []
                while values.count < 7, let value = line.nextWord()?.number { values.append(Double(value)) }
                guard values.count == 7 else { continue }
                sums = ((sums?.read ?? 0) + values[2] * Self.sectorBytes, (sums?.written ?? 0) + values[6] * Self.sectorBytes)
            }
        }
        guard let sums else { return }
        buffer.add(families.diskBytes, buffer.labels(SystemFamilies.direction, "read"), sums.read)
        buffer.add(families.diskBytes, buffer.labels(SystemFamilies.direction, "write"), sums.written)
    }

    private func writeNetwork(_ buffer: inout SampleBuffer) {
        var sums: (received: Double, transmitted: Double)?
        // That of the first process is the host's, wherever we are ourselves.
        _ = files.read("\(root)/proc/1/net/dev") { text in
            var text = text
            while var line = text.nextLine() {
                guard var head = line.next(before: UInt8(ascii: ":")), let name = head.nextWord()?.string,
                    !Self.innerInterfaces.contains(where: { name.hasPrefix($0) })
                else { continue }
                var values: [Double] = []
                while values.count < 9, let value = line.nextWord()?.number { values.append(Double(value)) }
                // A VLAN's bytes went over the card below it.
                guard values.count == 9, !name.contains(".") else { continue }
                sums = ((sums?.received ?? 0) + values[0], (sums?.transmitted ?? 0) + values[8])
            }
        }
        guard let sums else { return }
        buffer.add(families.networkBytes, buffer.labels(SystemFamilies.direction, "receive"), sums.received)
        buffer.add(families.networkBytes, buffer.labels(SystemFamilies.direction, "transmit"), sums.transmitted)
    }

    private func writePressure(_ buffer: inout SampleBuffer) {
        for resource in ["cpu", "memory", "io"] {
            guard let pressure = files.pressure("\(root)/proc/pressure/\(resource)") else { continue }
            let labels = buffer.labels(SystemFamilies.resource, resource)
            buffer.add(families.waiting, labels, pressure.some)
            // Of the CPU, "full" means nothing for a machine as a whole, and is always 0.
            if resource != "cpu" { buffer.add(families.stalled, labels, pressure.full) }
        }
    }
}
