import JSON

/// `/nodes/N/qemu` or `/nodes/N/lxc`, of which only the numbers are read.
struct GuestList: Sendable {
    struct Guest: Sendable {
        let node: String
        /// `qemu` or `lxc`
        let kind: String
        let vmid: String

        func precedes(_ other: Guest) -> Bool {
            guard kind == other.kind else { return kind == "qemu" }
            return (vmid.utf8.count, vmid) < (other.vmid.utf8.count, other.vmid)
        }
    }

    private(set) var guests: [Guest] = []

    /// Each is a call, so what no node can carry is not believed.
    private static let limit = 4096

    init?(_ data: JSONValue, _ node: String, _ kind: String) {
        guard data.isArray else { return nil }
        data.forEachElement { row in
            guard let vmid = row["vmid"]?.integer, vmid >= 0 else { return }
            guests.append(Guest(node: node, kind: kind, vmid: String(vmid)))
        }
        guard guests.count <= Self.limit else { return nil }
    }
}
