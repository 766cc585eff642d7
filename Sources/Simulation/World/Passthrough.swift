/// Deals devices of nodes to virtual machines.
struct Passthrough {
    /// What all nodes have in the second slot, and by which name the cluster knows it.
    static let mapping = "gpu-a"
    static let mappedAddress = "0000:41:00.0"

    /// The value of `hostpci0`, by position of the guest.
    let devices: [Int: String]

    /// From 20 guests on: the second running VM of a node has one of its own, or part of one that the cluster has named, in turn.
    init(guests: [Guest], nodes: [Node]) {
        var devices: [Int: String] = [:]
        for node in nodes where guests.count >= 20 {
            guard let guest = node.qemu.filter({ guests[$0].role == .running }).dropFirst().first else { continue }
            devices[guest] = node.index % 2 == 0 ? "0000:01:00.0,pcie=1" : "mapping=\(Self.mapping),mdev=nvidia-63"
        }
        self.devices = devices
    }
}
