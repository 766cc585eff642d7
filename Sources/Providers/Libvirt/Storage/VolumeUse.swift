import LibvirtAPI
import Primitives
import ProviderTasks
import RPC
import XML

/// Who has which volumes: machines, as they run and as they will be started next, and by their marks; and operations. Blocks while it is made; one call or
/// two for each machine, which ask no QEMU.
struct VolumeUse: Sendable {
    struct Volume: Sendable, Hashable {
        let pool: String
        let name: String
    }

    /// Volumes as descriptions name them.
    struct Names: Sendable, Equatable {
        var paths: Set<String> = []
        var volumes: Set<Volume> = []

        func have(_ path: String, _ volume: Volume) -> Bool { paths.contains(path) || volumes.contains(volume) }
    }

    /// What a machine has.
    struct Machine: Sendable, Equatable {
        let name: String
        /// Its disks, where these are copied to now, and what it starts from.
        var own = Names()
        /// What its disks stand upon, as far as its description says.
        var below = Names()
        /// What its mark lists.
        var marked: Set<Volume> = []

        /// Of a description; nil for what is none.
        init?(xml: String, name: String) {
            self.name = name
            guard let domain = try? XMLReader.read(xml, source: "libvirt's description of a machine") else { return nil }
            for disk in domain.all("devices/disk") { add(disk, isBelow: false) }
            for name in ["nvram", "kernel", "initrd"] { if let path = domain.text(at: "os/\(name)") { own.paths.insert(path) } }
            if let mark = MachineMark(domain: domain) { marked = Set(mark.volumes.map { Volume(pool: $0.pool, name: $0.name) }) }
        }

        private mutating func add(_ element: XMLElement, isBelow: Bool) {
            for child in element.children {
                let isBelow = isBelow || child.name == "backingStore"
                if child.name == "source" {
                    var names = Names(paths: Set([child["file"], child["dev"], child["dir"]].compactMap { $0 }))
                    if let pool = child["pool"], let name = child["volume"] { names.volumes.insert(Volume(pool: pool, name: name)) }
                    if isBelow { below.add(names) } else { own.add(names) }
                }
                add(child, isBelow: isBelow)
            }
        }
    }

    private var machines: [Machine] = []
    /// Descriptions that cannot be read, for what may stand in them.
    private var unread: [(name: String, text: String)] = []

    private let inHand: VolumesInHand

    init() { inHand = VolumesInHand() }

    /// - Parameter uuid: of a machine that does not count.
    /// - Parameter unmarked: of a machine whose mark does not count.
    /// - Parameter operations: that are not over. They are asked for behind the machines: what a machine had that is gone by then is an operation's.
    init(
        _ connection: LibvirtConnection, except uuid: String? = nil, unmarked: String? = nil, operations: () -> [Operation] = { [] }
    ) throws(LibvirtError) {
        var machines = Self()
        for domain in try connection.domains() where domain.uuid != uuid {
            do throws(LibvirtError) {
                machines.add(try domain.xml(), of: domain.name, isMarked: domain.uuid != unmarked)
                if domain.number != nil { machines.add(try domain.xml(.inactive), of: domain.name, isMarked: domain.uuid != unmarked) }
            } catch  where error.kind == .noDomain {
                // It is gone meanwhile.
            }
        }
        (self.machines, unread, inHand) = (machines.machines, machines.unread, VolumesInHand(operations()))
    }

    mutating func add(_ xml: String, of name: String, isMarked: Bool = true) {
        guard var machine = Machine(xml: xml, name: name) else { return unread.append((name, xml)) }
        if !isMarked { machine.marked = [] }
        machines.append(machine)
    }

    /// A machine that has the volume, as an image is nobody's: what a disk stands upon does not count. Nil for none.
    func machine(having path: String, pool: String, name: String) -> String? {
        let volume = Volume(pool: pool, name: name)
        return machines.first { $0.own.have(path, volume) || $0.marked.contains(volume) }?.name
            ?? unread.first { $0.text.contains(path) || $0.text.contains(name) }?.name
    }

    /// A machine that has the volume, or stands upon it: it must stay. Nil for none.
    func machine(needing path: String, pool: String, name: String) -> String? {
        let volume = Volume(pool: pool, name: name)
        return machine(having: path, pool: pool, name: name) ?? machines.first { $0.below.have(path, volume) }?.name
    }

    /// Why the volume is no image, for a person; nil when nobody has it.
    func refusal(_ path: String, pool: String, name: String) -> String? {
        if let machine = machine(having: path, pool: pool, name: name) {
            return "volume \(name) of pool \(pool) is a disk of machine \(machine), and no image; name another, or clone the machine"
        }
        return inHand.operation(having: Volume(pool: pool, name: name)).map {
            "volume \(name) of pool \(pool) is made or removed by operation \($0), and no image; name another"
        }
    }

    /// Refuses a volume that somebody has. - Throws: `invalidState`.
    func check(_ path: String, pool: String, name: String) throws(LibvirtError) {
        if let refusal = refusal(path, pool: pool, name: name) { throw LibvirtError(.invalidState, refusal) }
    }
}

extension VolumeUse.Names {
    fileprivate mutating func add(_ other: Self) {
        paths.formUnion(other.paths)
        volumes.formUnion(other.volumes)
    }
}
