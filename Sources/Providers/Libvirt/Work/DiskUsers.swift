import LibvirtAPI
import XML

/// Which machines name which volumes in their descriptions, as they run and as they will be started next.
struct DiskUsers: Sendable {
    /// Names of machines, by the path.
    private var byPath: [String: String] = [:]
    /// The same, by pool and volume, for disks that are named so.
    private var byVolume: [[String]: String] = [:]
    /// Descriptions that cannot be taken apart.
    private var unread: [(machine: String, text: String)] = []

    /// Of all machines but one. Blocks; one call or two for each machine, which ask no QEMU.
    static func read(_ connection: LibvirtConnection, except uuid: String) throws(LibvirtError) -> DiskUsers {
        var users = DiskUsers()
        for domain in try connection.domains() where domain.uuid != uuid {
            do throws(LibvirtError) {
                users.add(try domain.xml(), of: domain.name)
                if domain.number != nil { users.add(try domain.xml(.inactive), of: domain.name) }
            } catch  where error.kind == .noDomain {
                continue
            }
        }
        return users
    }

    mutating func add(_ xml: String, of machine: String) {
        guard let view = try? MachineView(xml: xml) else { return unread.append((machine, xml)) }
        for disk in view.disks {
            for path in disk.backing + (disk.path.map { [$0] } ?? []) { byPath[path] = machine }
            if let volume = disk.volume { byVolume[[volume.pool, volume.name]] = machine }
        }
    }

    /// A machine that names it; nil when none does.
    func user(pool: String, name: String, path: String) -> String? {
        byPath[path] ?? byVolume[[pool, name]] ?? unread.first { $0.text.contains(name) }?.machine
    }
}
