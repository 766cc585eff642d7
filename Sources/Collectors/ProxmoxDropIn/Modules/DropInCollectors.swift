/// What may be switched off, by prometheus-pve-exporter's names.
package struct DropInCollectors: Sendable, Equatable {
    // Asked when cluster=1.
    package var status = true
    package var version = true
    package var node = true
    package var cluster = true
    package var resources = true
    package var backupInfo = true
    package var qdevice = true
    // Asked when node=1.
    package var config = true
    package var replication = true
    package var subscription = true

    package init() {}

    struct Entry: Sendable {
        /// In settings.
        let key: String
        let help: String
        let path: any WritableKeyPath<DropInCollectors, Bool> & Sendable
        /// In flags.
        var flag: String { key.replacing("_", with: "-") }
    }

    static let all: [Entry] = [
        Entry(key: "status", help: "/pve with cluster=1 shows whether nodes, guests and storages are up", path: \.status),
        Entry(key: "version", help: "/pve with cluster=1 shows the version of Proxmox VE", path: \.version),
        Entry(key: "node", help: "/pve with cluster=1 lists nodes", path: \.node),
        Entry(key: "cluster", help: "/pve with cluster=1 describes the cluster", path: \.cluster),
        Entry(key: "resources", help: "/pve with cluster=1 shows the numbers of nodes, guests and storages", path: \.resources),
        Entry(key: "backup_info", help: "/pve with cluster=1 shows guests without a backup job", path: \.backupInfo),
        Entry(key: "qdevice", help: "/pve with cluster=1 shows the quorum device", path: \.qdevice),
        Entry(key: "config", help: "/pve with node=1 shows which guests start at boot, with a call for each", path: \.config),
        Entry(key: "replication", help: "/pve with node=1 shows replication jobs", path: \.replication),
        Entry(key: "subscription", help: "/pve with node=1 shows the subscription", path: \.subscription),
    ]
}
