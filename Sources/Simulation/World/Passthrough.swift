/// Deals devices of nodes to virtual machines.
struct Passthrough {
    /// What all nodes have in the second slot, and by which name the cluster knows it.
    static let mapping = "gpu-a"
    static let mappedAddress = "0000:41:00.0"

    /// The value of `hostpci0`, by position of the guest.
    let devices: [Int: String]

    /// The type of vGPU that they get, by the number that the driver has for it.
    static let partType = 63
    /// The node with cards for several.
    static let sharingNode = 1

    /// From 20 guests on: the second running VM of a node has one of its own, or part of one that the cluster has named, in turn; on `pve2` so have the four after it.
    init(guests: [Guest], nodes: [Node]) {
        var devices: [Int: String] = [:]
        for node in nodes where guests.count >= 20 {
            let running = node.qemu.filter { guests[$0].role == .running }.dropFirst()
            for guest in running.prefix(node.index == Self.sharingNode ? 5 : 1) {
                devices[guest] = node.index % 2 == 0 ? "0000:01:00.0,pcie=1" : "mapping=\(Self.mapping),mdev=nvidia-\(Self.partType)"
            }
        }
        self.devices = devices
    }
}
