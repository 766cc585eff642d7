import JSON
package import Primitives
package import Web

/// What the agent inside a virtual machine tells of its file systems.
package struct AgentFileSystem: Sendable, Equatable {
    package let mountPoint: String
    package let type: String
    /// The first disk that it lies on: `/dev/sda2`, `\\.\PhysicalDrive0`.
    package let device: String
    package let totalBytes: Double?
    package let usedBytes: Double?

    /// What it is called inside: `sda2`, `dm-0`. Logical volumes and Windows' partitions share a disk, and mounts of the same share this too.
    private let name: String

    /// Images, and what lies in memory: they are as full as they are.
    private static let ignoredTypes: Set<String> = ["squashfs", "overlay", "tmpfs", "iso9660", "udf", "cdfs"]
    /// File systems of one guest that are believed.
    private static let limit = 256

    /// `agent/get-fsinfo`: those that lie on a disk, each once, however often it is mounted; in the order of their mount points.
    static func list(_ data: JSONValue) -> [AgentFileSystem]? {
        guard let result = data["result"] else { return nil }
        var all: [AgentFileSystem] = []
        result.forEachElement { row in
            guard all.count < limit, let system = AgentFileSystem(row) else { return }
            all.append(system)
        }
        var seen: Set<[String]> = []
        return all.sorted { $0.mountPoint < $1.mountPoint }.filter { $0.device.isEmpty || seen.insert([$0.device, $0.name]).inserted }
    }

    private init?(_ row: JSONValue) {
        guard let mountPoint = row["mountpoint"]?.guestWord else { return nil }
        let type = row["type"]?.guestWord ?? ""
        guard !Self.ignoredTypes.contains(type.lowercased()) else { return nil }
        var diskCount = 0
        var device = ""
        row["disk"]?.forEachElement { disk in
            diskCount += 1
            if device.isEmpty { device = disk["dev"]?.guestWord ?? "" }
        }
        guard !device.isEmpty || diskCount > 0 && row["total-bytes"]?.number != nil else { return nil }
        name = row["name"]?.guestWord ?? ""
        self.mountPoint = mountPoint
        self.type = type
        self.device = device
        totalBytes = row["total-bytes"]?.number
        usedBytes = row["used-bytes"]?.number
    }
}

/// An address of a guest, as its agent or its container tells.
package struct GuestAddress: Sendable, Hashable {
    package let interface: String
    package let hardwareAddress: String
    /// `ipv4` or `ipv6`
    package let family: String
    package let address: String

    /// Addresses of one guest that are believed.
    private static let limit = 256

    /// `agent/network-get-interfaces`
    static func listOfAgent(_ data: JSONValue) -> [GuestAddress]? { data["result"].map(list) }

    /// `/nodes/N/lxc/ID/interfaces`, which is null of one that is stopped.
    static func listOfContainer(_ data: JSONValue) -> [GuestAddress]? { data.isArray ? list(data) : nil }

    /// All but the loopback's, in the order of their labels; the two sources differ in the words for families.
    ///
    /// Only what is surely the loopback's is left out: of 127.0.0.0/8, containers and simulated estates have addresses that are reached.
    private static func list(_ interfaces: JSONValue) -> [GuestAddress] {
        var found: Set<GuestAddress> = []
        interfaces.forEachElement { interface in
            guard let name = interface["name"]?.guestWord, !isLoopback(interface: name) else { return }
            let hardware = interface["hardware-address"]?.guestWord ?? interface["hwaddr"]?.guestWord ?? ""
            func add(_ address: String) {
                guard found.count < limit, !isLoopback(address) else { return }
                let family = address.utf8.contains(UInt8(ascii: ":")) ? "ipv6" : "ipv4"
                found.insert(GuestAddress(interface: name, hardwareAddress: hardware, family: family, address: address))
            }
            if let rows = interface["ip-addresses"], rows.isArray {
                rows.forEachElement { row in if let address = row["ip-address"]?.guestWord { add(address) } }
            } else {
                // Older containers tell one address of each family, with the length of its prefix.
                for text in [interface["inet"]?.guestWord, interface["inet6"]?.guestWord] {
                    if let address = text?.split(separator: "/").first { add(String(address)) }
                }
            }
        }
        return found.sorted { ($0.interface, $0.family, $0.address) < ($1.interface, $1.family, $1.address) }
    }

    /// `lo`, and what Windows calls `Loopback Pseudo-Interface 1`.
    private static func isLoopback(interface name: String) -> Bool { name == "lo" || name.hasPrefix("Loopback Pseudo-Interface") }

    private static func isLoopback(_ address: String) -> Bool { address == "::1" || address == "127.0.0.1" }
}

/// `agent/get-osinfo`
package struct AgentSystem: Sendable {
    /// `debian`, `mswindows`
    package let id: String
    package let name: String
    package let version: String
    package let kernel: String

    init?(_ data: JSONValue) {
        guard let result = data["result"], result.isObject else { return nil }
        id = result["id"]?.guestWord ?? ""
        name = result["pretty-name"]?.guestWord ?? result["name"]?.guestWord ?? ""
        version = result["version-id"]?.guestWord ?? result["version"]?.guestWord ?? ""
        kernel = result["kernel-release"]?.guestWord ?? ""
    }
}

extension ProxmoxClient {
    package func fileSystems(
        of vmid: Int, on node: String, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> [AgentFileSystem] {
        try await agent("get-fsinfo", of: vmid, on: node, http, deadline, decode: AgentFileSystem.list)
    }

    package func agentAddresses(
        of vmid: Int, on node: String, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> [GuestAddress] {
        try await agent("network-get-interfaces", of: vmid, on: node, http, deadline, decode: GuestAddress.listOfAgent)
    }

    package func agentSystem(
        of vmid: Int, on node: String, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> AgentSystem {
        try await agent("get-osinfo", of: vmid, on: node, http, deadline, decode: AgentSystem.init)
    }

    package func containerAddresses(
        of vmid: Int, on node: String, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> [GuestAddress] {
        try await get(
            "/nodes/\(Self.pathPart(node))/lxc/\(vmid)/interfaces", node: node, absent: [], http: http, by: deadline,
            decode: GuestAddress.listOfContainer)
    }

    private func agent<Value: Sendable>(
        _ command: String, of vmid: Int, on node: String, _ http: HTTPClient, _ deadline: Deadline,
        decode: @escaping @Sendable (JSONValue) -> Value?
    ) async throws(ProxmoxError) -> Value {
        try await get(
            "/nodes/\(Self.pathPart(node))/qemu/\(vmid)/agent/\(command)", node: node, http: http, by: deadline, decode: decode)
    }
}
