import LibvirtAPI
import Primitives
import RPC
import XML

/// Which machines have which volumes: as a disk now or at their next start, or by their marks. What a disk stands upon does not count, as images are
/// there to be stood upon. Blocks.
struct VolumeUse: Sendable {
    /// What a machine has.
    struct Machine: Sendable, Equatable {
        let name: String
        var paths: Set<String> = []
        /// `POOL/NAME`
        var volumes: Set<String> = []

        /// Of a description; nil for what is none.
        init?(xml: String) {
            guard let domain = try? XMLReader.read(xml, source: "libvirt's description of a machine") else { return nil }
            name = domain.text(at: "name") ?? ""
            for disk in domain.all("devices/disk") { add(disk) }
            for name in ["nvram", "kernel", "initrd"] { if let path = domain.text(at: "os/\(name)") { paths.insert(path) } }
            if let mark = MachineMark(domain: domain) { for volume in mark.volumes { volumes.insert("\(volume.pool)/\(volume.name)") } }
        }

        private mutating func add(_ element: XMLElement) {
            for child in element.children where child.name != "backingStore" {
                if child.name == "source" {
                    for path in [child["file"], child["dev"], child["dir"]] { if let path { paths.insert(path) } }
                    if let pool = child["pool"], let volume = child["volume"] { volumes.insert("\(pool)/\(volume)") }
                }
                add(child)
            }
        }
    }

    private var machines: [Machine] = []
    /// Descriptions that cannot be read, for what may stand in them.
    private var unread: [(name: String, text: String)] = []

    init(_ connection: LibvirtConnection) throws(LibvirtError) {
        for domain in try connection.domains() {
            do throws(LibvirtError) {
                add(domain.name, try domain.xml())
                if try domain.isActive(), try domain.isPersistent() { add(domain.name, try domain.xml([.inactive])) }
            } catch  where error.kind == .noDomain {
                // It is gone meanwhile.
            }
        }
    }

    private mutating func add(_ name: String, _ text: String) {
        if let machine = Machine(xml: text) { machines.append(machine) } else { unread.append((name, text)) }
    }

    /// The name of a machine that has the volume; nil for none.
    func machine(having path: String, pool: String, name: String) -> String? {
        let marked = "\(pool)/\(name)"
        return machines.first { $0.paths.contains(path) || $0.volumes.contains(marked) }?.name
            ?? unread.first { $0.text.contains(path) || $0.text.contains(name) }?.name
    }

    /// Refuses a volume that a machine has. - Throws: `invalidState`.
    func check(_ path: String, pool: String, name: String) throws(LibvirtError) {
        guard let machine = machine(having: path, pool: pool, name: name) else { return }
        throw LibvirtError(
            .invalidState,
            "volume \(name) of pool \(pool) is a disk of machine \(machine), and no image; name another, or clone the machine")
    }
}
