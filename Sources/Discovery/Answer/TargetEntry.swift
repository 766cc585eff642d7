import JSON
import ProxmoxAPI
import Web

/// A guest or a node as `/targets` tells it, with its labels ready to be sent.
struct TargetEntry: Sendable {
    /// As the parameter `type` names it.
    enum Kind: String, Sendable, CaseIterable {
        case qemu
        case lxc
        case node
    }

    let kind: Kind
    /// nil of a node.
    let vmid: Int?
    let cluster: String
    let node: String
    let pool: String
    let tags: [String]
    let status: String
    let system: SystemFamily
    /// It is offered where nobody asks for states.
    let isActive: Bool
    /// Where its exporter listens by custom.
    let port: Int
    /// nil when nobody knows where it is.
    let target: AddressChoice.Target?
    /// Why not.
    let silence: GuestRecord.Silence?
    /// `{"__meta_proxmox_cluster":"lab",…}`
    let labels: [UInt8]

    /// All guests but templates, in the order of their numbers, and behind them all nodes.
    static func all(of book: ClusterBook, cluster: String, _ settings: DiscoverySettings) -> [TargetEntry] {
        let guests = book.guests.values.filter { !$0.row.isTemplate }.sorted { $0.row.vmid < $1.row.vmid }
        let places = Set(book.nodes.compactMap { $0.address.flatMap { IPAddress($0) } })
        return guests.map { TargetEntry($0, book, cluster, settings, nodes: places) }
            + book.nodes.map { TargetEntry($0, isHidden: book.areNodesHidden, cluster, settings) }
    }

    private init(
        _ guest: GuestRecord, _ book: ClusterBook, _ cluster: String, _ settings: DiscoverySettings, nodes: Set<IPAddress>
    ) {
        let row = guest.row
        let choice = AddressChoice(
            cards: guest.details?.cards ?? [], told: guest.addresses, by: row.kind == .qemu ? .agent : .container, name: row.name,
            networks: settings.networks, domain: guest.mayBeNamed ? settings.domain : nil, nodes: nodes)
        kind = row.kind == .qemu ? .qemu : .lxc
        vmid = row.vmid
        self.cluster = cluster
        node = row.node
        pool = row.pool ?? ""
        let tags = Self.believed(row.tags)
        let status = row.status ?? "unknown"
        let system = SystemFamily(row.kind, systemType: guest.details?.systemType)
        (self.tags, self.status, self.system) = (tags, status, system)
        isActive = guest.isActive
        port = system == .windows ? settings.ports.windows : settings.ports.node
        target = choice.target
        silence = choice.target == nil ? guest.silence : nil
        var json = JSONWriter(reservingBytes: 512)
        json.object { json in
            json.member("__meta_proxmox_cluster", cluster)
            json.member("__meta_proxmox_node", row.node)
            json.member("__meta_proxmox_vmid", String(row.vmid))
            json.member("__meta_proxmox_name", row.name ?? "")
            json.member("__meta_proxmox_type", row.kind.rawValue)
            json.member("__meta_proxmox_status", status)
            if let pool = row.pool { json.member("__meta_proxmox_pool", pool) }
            if let state = row.haState { json.member("__meta_proxmox_hastate", state) }
            Self.write(tags: tags, into: &json)
            json.member("__meta_proxmox_os", system.rawValue)
            if let type = guest.details?.systemType { json.member("__meta_proxmox_ostype", type) }
            if let cpus = row.cpus { json.member("__meta_proxmox_vcpus", Self.number(cpus)) }
            if let bytes = row.memoryBytes { json.member("__meta_proxmox_memory_gb", Self.number(bytes / 1_073_741_824)) }
            if let type = guest.details?.bootStorage.flatMap({ book.storageTypes[.init(node: row.node, name: $0)] }) {
                json.member("__meta_proxmox_disk_type", type)
            }
            if row.kind == .qemu, let hasAgent = guest.details?.hasAgent {
                json.member("__meta_proxmox_agent", hasAgent ? "true" : "false")
            }
            Self.write(choice, into: &json)
        }
        labels = json.bytes
    }

    private init(_ node: ClusterBook.Node, isHidden: Bool, _ cluster: String, _ settings: DiscoverySettings) {
        let choice = AddressChoice(ofNode: node.name, node.address, networks: settings.networks, domain: settings.domain)
        kind = .node
        vmid = nil
        self.cluster = cluster
        self.node = node.name
        pool = ""
        tags = []
        let status = node.isOnline ? "online" : "offline"
        self.status = status
        system = .linux
        isActive = true
        port = settings.ports.node
        target = choice.target
        silence = choice.target != nil ? nil : node.address != nil ? .noMatch : isHidden ? .forbidden : .unread
        var json = JSONWriter(reservingBytes: 256)
        json.object { json in
            json.member("__meta_proxmox_cluster", cluster)
            json.member("__meta_proxmox_node", node.name)
            json.member("__meta_proxmox_name", node.name)
            json.member("__meta_proxmox_type", "node")
            json.member("__meta_proxmox_status", status)
            Self.write(choice, into: &json)
        }
        labels = json.bytes
    }

    private static func write(_ choice: AddressChoice, into json: inout JSONWriter) {
        if let address = choice.version4 { json.member("__meta_proxmox_ipv4", address) }
        if let address = choice.version6 { json.member("__meta_proxmox_ipv6", address) }
        if let origin = choice.target?.origin { json.member("__meta_proxmox_address_source", origin.rawValue) }
    }

    /// All of them between commas, so that a pattern finds a whole one, and each as a label of its own: `owner.main` as `tag_owner="main"`,
    /// one without a point with the value `true`. Of several with one key the first, in the order of letters, counts.
    private static func write(tags: [String], into json: inout JSONWriter) {
        guard !tags.isEmpty else { return }
        json.member("__meta_proxmox_tags", "," + tags.joined(separator: ",") + ",")
        var keys: Set<String> = []
        for tag in tags.sorted() {
            let point = tag.firstIndex(of: ".")
            let key = labelPart(tag[..<(point ?? tag.endIndex)])
            guard !key.isEmpty, keys.insert(key).inserted else { continue }
            json.key(text: "__meta_proxmox_tag_\(key)")
            json.string(point.map { String(tag[tag.index(after: $0)...]) } ?? "true")
        }
    }

    /// Tags of one guest that are believed, and bytes of all of them: each becomes a label, and whoever rules a cluster must not fill
    /// Prometheus with them.
    private static let tagLimit = 64
    private static let tagBytes = 1024

    private static func believed(_ text: String) -> [String] {
        var tags: [String] = []
        var left = tagBytes
        for tag in GuestTags.all(in: text).prefix(tagLimit) {
            guard tag.utf8.count <= left else { break }
            left -= tag.utf8.count
            tags.append(String(tag))
        }
        return tags
    }

    /// What a label's name cannot hold becomes `_`.
    private static func labelPart(_ text: Substring) -> String {
        String(
            decoding: text.utf8.map { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) ? byte : UInt8(ascii: "_")
            }, as: UTF8.self)
    }

    /// `4`, `0.5`: a whole number without a point, others to two digits.
    private static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "" }
        let hundredths = (value * 100).rounded()
        if hundredths.truncatingRemainder(dividingBy: 100) == 0 { return String(Int(hundredths) / 100) }
        return String(hundredths / 100)
    }
}
