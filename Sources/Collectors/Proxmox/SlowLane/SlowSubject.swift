import ProxmoxAPI

/// What a slow source is asked about: the cluster, a node, or a guest on a node.
struct SlowSubject: Sendable, Hashable {
    struct Guest: Sendable, Hashable {
        let kind: GuestKind
        let vmid: Int
    }

    /// Empty for the cluster.
    let node: String
    let guest: Guest?

    static let cluster = SlowSubject(node: "", guest: nil)

    static func node(_ name: String) -> SlowSubject { SlowSubject(node: name, guest: nil) }

    static func guest(_ guest: ClusterPicture.Guest) -> SlowSubject {
        SlowSubject(node: guest.node, guest: Guest(kind: guest.kind, vmid: guest.vmid))
    }
}
