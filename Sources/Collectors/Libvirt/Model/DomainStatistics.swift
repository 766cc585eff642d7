import Primitives

/// What a domain's QEMU told of it: a record of virDomainListGetStats.
struct DomainStatistics: Sendable, Equatable {
    /// `balloon.*`; raw values are libvirt's names.
    enum Memory: String, Sendable, CaseIterable {
        case current, maximum, swapIn = "swap_in", swapOut = "swap_out", majorFault = "major_fault", minorFault = "minor_fault"
        case unused, available, usable, rss, diskCaches = "disk_caches", lastUpdate = "last-update"
        case hugetlbAllocations = "hugetlb_pgalloc", hugetlbFailures = "hugetlb_pgfail"
    }

    /// `vcpu.N.*`.
    enum VCPU: String, Sendable, CaseIterable {
        case state, time, wait, delay
    }

    /// `block.N.*`.
    enum Block: String, Sendable, CaseIterable {
        case readRequests = "rd.reqs", readBytes = "rd.bytes", readTimes = "rd.times"
        case writeRequests = "wr.reqs", writeBytes = "wr.bytes", writeTimes = "wr.times"
        case flushRequests = "fl.reqs", flushTimes = "fl.times"
        case allocation, capacity, physical
    }

    /// `net.N.*`.
    enum Interface: String, Sendable, CaseIterable {
        case receiveBytes = "rx.bytes", receivePackets = "rx.pkts", receiveErrors = "rx.errs", receiveDrops = "rx.drop"
        case transmitBytes = "tx.bytes", transmitPackets = "tx.pkts", transmitErrors = "tx.errs", transmitDrops = "tx.drop"
    }

    /// One of several: a virtual CPU by its number, a disk or network card by its device's name.
    struct Part<Field: Hashable & Sendable>: Sendable, Equatable {
        var name: String
        /// Of a disk, its image.
        var path = ""
        var fields: [Field: Double] = [:]
    }

    var memory: [Memory: Double] = [:]
    var currentVCPUs: Double?
    var maximumVCPUs: Double?
    var vcpus: [Part<VCPU>] = []
    var blocks: [Part<Block>] = []
    var interfaces: [Part<Interface>] = []

    /// Whether its QEMU was not asked, as somebody else's command holds the domain: of QEMU's driver each record has the size of the process else.
    var isPartial: Bool { memory[.maximum] != nil && memory[.rss] == nil }

    /// Disks with their images, and network cards.
    var devices: [[String]] { blocks.map { [$0.name, $0.path] } + interfaces.map { [$0.name] } }

    init() {}

    /// More of a kind than any machine has; the rest is left out.
    private static let partLimit = 4096

    /// - Parameter statistics: as libvirt told them; what is not known of them, or makes no sense, is left out.
    init(_ statistics: [Statistic]) {
        var vcpus: [Int: Part<VCPU>] = [:]
        var blocks: [Int: Part<Block>] = [:]
        var interfaces: [Int: Part<Interface>] = [:]
        for statistic in statistics {
            guard let (group, rest) = Self.split(statistic.name[...]) else { continue }
            switch group {
            case "balloon":
                if let field = Memory(rawValue: String(rest)), let number = statistic.number, number >= 0 { memory[field] = number }
            case "vcpu" where rest == "current": currentVCPUs = statistic.number
            case "vcpu" where rest == "maximum": maximumVCPUs = statistic.number
            case "vcpu": Self.take(statistic, rest, &vcpus) { Part(name: String($0)) }
            case "block": Self.take(statistic, rest, &blocks) { _ in Part(name: "") }
            case "net": Self.take(statistic, rest, &interfaces) { _ in Part(name: "") }
            default: break
            }
        }
        self.vcpus = Self.sorted(vcpus)
        self.blocks = Self.sorted(blocks)
        self.interfaces = Self.sorted(interfaces)
        // Without a time nothing of what the guest tells was ever told.
        if memory[.lastUpdate] == 0 { memory[.lastUpdate] = nil }
    }

    /// `block`, `0.rd.reqs` of `block.0.rd.reqs`.
    private static func split(_ name: Substring) -> (Substring, Substring)? {
        guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")) else { return nil }
        return (name[..<dot], name[name.index(after: dot)...])
    }

    private static func take<Field: RawRepresentable<String>>(
        _ statistic: Statistic, _ rest: Substring, _ parts: inout [Int: Part<Field>], _ make: (Int) -> Part<Field>
    ) {
        guard let (digits, key) = split(rest), let number = digits.utf8.decimalNumber, let index = Int(exactly: number),
            index < partLimit
        else { return }
        var part = parts[index] ?? make(index)
        if key == "name", let name = statistic.text {
            part.name = name
        } else if key == "path", let path = statistic.text {
            part.path = path
        } else if let field = Field(rawValue: String(key)), let value = statistic.number, value >= 0 {
            part.fields[field] = value
        }
        parts[index] = part
    }

    /// In their order, those that have a name, of several with one name the first.
    private static func sorted<Field>(_ parts: [Int: Part<Field>]) -> [Part<Field>] {
        var names: Set<String> = []
        return parts.sorted { $0.key < $1.key }.map(\.value).filter { !$0.name.isEmpty && names.insert($0.name).inserted }
    }
}
