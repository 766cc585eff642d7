import JSON

/// The ZFS pools of nodes.
extension ProxmoxAnswers {
    /// /nodes/N/disks/zfs
    func storagePools(_ view: NodeView) -> [UInt8] {
        document { json in
            json.array { json in
                for pool in world.storagePools(of: view.node, at: moment) {
                    json.object { json in
                        json.member("name", pool.name)
                        json.member("size", pool.sizeBytes)
                        json.member("alloc", pool.allocatedBytes)
                        json.member("free", pool.freeBytes)
                        json.member("frag", pool.fragmentation)
                        json.member("dedup", 1)
                        json.member("health", pool.health)
                    }
                }
            }
        }
    }

    /// /nodes/N/disks/zfs/POOL: the text of `zpool status` in parts. A pool that is not there has no name and no state.
    func storagePool(_ name: String, _ view: NodeView) -> [UInt8] {
        let pool = world.storagePools(of: view.node, at: moment).first { $0.name == name }
        return document(reservingBytes: 2048) { json in
            json.object { json in
                guard let pool else {
                    json.member("leaf", 1)
                    json.key("name")
                    json.null()
                    return
                }
                json.member("name", pool.name)
                json.member("state", pool.health)
                json.member("leaf", 0)
                json.member("scan", pool.scan)
                writeExplanation(pool, into: &json)
                json.key("children")
                json.array { json in
                    device(of: pool, world.disks(of: view.node, at: moment)).write(into: &json)
                    // A spare stands beside the pool, below a heading without a state.
                    if pool.name == "tank", pool.condition == .healthy {
                        Device(name: "spares", children: [Device(name: "/dev/disk/by-id/ata-SPARE-part1", state: "AVAIL")]).write(
                            into: &json)
                    }
                }
            }
        }
    }

    private func writeExplanation(_ pool: StoragePool, into json: inout JSONWriter) {
        let errors = pool.dataErrors > 0 ? "\(pool.dataErrors) data errors, use '-v' for a list" : "No known data errors"
        defer { json.member("errors", errors) }
        switch pool.condition {
        case .healthy where pool.dataErrors == 0, .scrubbing: break
        case .bereft, .faulted:
            json.member(
                "status",
                "One or more devices could not be opened.  "
                    + (pool.condition == .bereft
                        ? "Sufficient replicas exist for\n\tthe pool to continue functioning in a degraded state."
                        : "There are insufficient\n\treplicas for the pool to continue functioning."))
            json.member("action", "Attach the missing device and online it using 'zpool online'.")
            json.member("see", "https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-\(pool.condition == .bereft ? "2Q" : "3C")")
        case .degraded, .healthy:
            json.member(
                "status",
                "One or more devices has experienced an error resulting in data corruption.  Applications may be affected.")
            json.member("action", "Restore the file in question if possible.  Otherwise restore the entire pool from backup.")
            json.member("see", "https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-8A")
        case .resilvering:
            json.member(
                "status",
                "One or more devices is currently being resilvered.  The pool will continue to function, possibly in a degraded state.")
            json.member("action", "Wait for the resilver to complete.")
        }
    }

    /// A line of the configuration with those below it.
    private struct Device {
        let name: String
        var state: String?
        var errors = (read: 0, write: 0, checksum: 0)
        var message = ""
        var children: [Device] = []

        func write(into json: inout JSONWriter) {
            json.object { json in
                json.member("name", name)
                json.member("msg", message)
                if let state {
                    json.member("state", state)
                    // A spare has no errors to count.
                    if state != "AVAIL" {
                        json.member("read", errors.read)
                        json.member("write", errors.write)
                        json.member("cksum", errors.checksum)
                    }
                }
                json.member("leaf", children.isEmpty ? 1 : 0)
                guard !children.isEmpty else { return }
                json.key("children")
                json.array { json in for child in children { child.write(into: &json) } }
            }
        }
    }

    private func device(of pool: StoragePool, _ disks: [Disk]) -> Device {
        let part = pool.name == "rpool" ? "part3" : "part1"
        let own = disks.filter { $0.use == "ZFS" && ($0.kind == .nvme) == (pool.name == "rpool") }
        let names = own.map { "\($0.link ?? $0.path)-\(part)" }
        var leaves = names.map { Device(name: $0, state: "ONLINE") }
        if leaves.count == 2 {
            leaves[1].errors.checksum = pool.checksumErrors
            switch pool.condition {
            case .healthy, .scrubbing: break
            case .bereft: leaves[1] = Device(name: names[1], state: "UNAVAIL", errors: (0, 14, 0))
            case .faulted: leaves = names.map { Device(name: $0, state: "UNAVAIL", errors: (6, 30, 0)) }
            case .degraded: leaves[1] = Device(name: names[1], state: "UNAVAIL", errors: (3, 121, 0), message: "")
            case .resilvering:
                leaves[1] = Device(
                    name: "replacing-1", state: "DEGRADED",
                    children: [
                        Device(name: "/dev/disk/by-id/ata-OLD-part1", state: "REMOVED"),
                        Device(name: names[1], state: "ONLINE", message: "(resilvering)"),
                    ])
            }
        }
        let checksums = pool.condition == .degraded ? 4 : 0
        let state = pool.condition == .faulted ? "UNAVAIL" : pool.health
        let mirror = Device(name: "mirror-0", state: state, errors: (0, 0, checksums), children: leaves)
        return Device(name: pool.name, state: pool.health, errors: (0, 0, checksums / 2), children: [mirror])
    }
}
