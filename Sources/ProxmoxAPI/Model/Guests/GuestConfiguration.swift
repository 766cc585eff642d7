import JSON
package import Primitives
package import Web

/// `/nodes/N/qemu/ID/config`, or a container's: how a guest is set up. Most values are text of Proxmox VE's own.
package struct GuestConfiguration: Sendable {
    /// A virtual disk, or a container's file system; drives for media are left out.
    package struct Disk: Sendable {
        /// `scsi0`, `rootfs`, `mp0`
        package let device: String
        /// Of a volume that Proxmox VE manages; nil for a device or folder of the host.
        package let storage: String?
        /// `vm-100-disk-0`, as the storage names it
        package let volume: String
        package let sizeBytes: Double?
    }

    /// A card of the host that the guest has for itself.
    package struct Passthrough: Sendable {
        /// `hostpci0`
        package let device: String
        /// `0000:01:00.0`; empty when a mapping says where it is.
        package let address: String
        package let mapping: String
        /// The type of the mediated device: `nvidia-63`
        package let mediatedDevice: String
    }

    /// Disks, and cards, that are believed; Proxmox VE has fewer.
    private static let deviceLimit = 512
    /// Network cards that are; Proxmox VE has 32.
    private static let cardLimit = 64
    /// Bytes of what is said of all of them, which are kept as long as the guest is there.
    private static let deviceBytes = 65_536

    package private(set) var systemType: String?
    package private(set) var startsOnBoot = false
    /// CPUs that the guest sees; nil for a container without a limit.
    package private(set) var cpus: Int?
    package private(set) var memoryBytes: Double?
    /// `prod;web`
    package private(set) var tags: String?
    /// Whether the guest agent is switched on; of a container, nil.
    package private(set) var hasAgent: Bool?
    package private(set) var disks: [Disk] = []
    /// Where the guest starts from.
    package private(set) var bootDisk: Disk?
    package private(set) var passthrough: [Passthrough] = []
    /// In the order of their numbers.
    package private(set) var networkCards: [NetworkCard] = []

    init?(_ data: JSONValue, _ kind: GuestKind) {
        guard data.isObject else { return nil }
        // What Proxmox VE gives a guest whose configuration is silent.
        if data["memory"] == nil { memoryBytes = 512 * 1_048_576 }
        var (cores, sockets, vcpus): (Int?, Int?, Int?)
        var (boot, bootDevice): (String?, String?)
        var devices: Set<String> = []
        var initialAddresses: [Int: [String]] = [:]
        var bytesLeft = Self.deviceBytes
        data.forEachMember { key, value in
            switch key {
            case "ostype": systemType = value.word
            case "onboot": startsOnBoot = value.flag ?? false
            case "cores": cores = value.integer
            case "sockets": sockets = value.integer
            case "vcpus": vcpus = value.integer
            case "memory": memoryBytes = Self.memoryBytes(value)
            case "tags": tags = value.word
            case "agent": hasAgent = Self.isAgentOn(value)
            case "boot": boot = value.word
            case "bootdisk": bootDevice = value.word
            default:
                guard devices.insert(key.word).inserted else { return }
                if let number = NetworkCard.initialNumber(of: key.word), initialAddresses.count < Self.cardLimit, let text = value.word {
                    initialAddresses[number] = NetworkCard.addresses(of: PropertyText(text))
                }
                takeDevice(key.word, value, &bytesLeft)
            }
        }
        disks.sort { $0.device < $1.device }
        passthrough.sort { $0.device < $1.device }
        networkCards.sort { $0.number < $1.number }
        for index in networkCards.indices { networkCards[index].addresses += initialAddresses[networkCards[index].number] ?? [] }
        switch kind {
        case .qemu:
            let product = max(1, cores ?? 1).multipliedReportingOverflow(by: max(1, sockets ?? 1))
            cpus = vcpus ?? (product.overflow ? nil : product.partialValue)
            hasAgent = hasAgent ?? false
            // Before there was an order, `boot` named kinds, and `bootdisk` the one disk of them.
            bootDisk = disk(ofBoot: boot.flatMap { PropertyText($0)["order"] } ?? bootDevice)
        case .lxc:
            cpus = cores
            hasAgent = nil
            bootDisk = disks.first { $0.device == "rootfs" }
        }
    }

    private mutating func takeDevice(_ name: String, _ value: JSONValue, _ bytesLeft: inout Int) {
        let letters = name.prefix { !$0.isNumber }
        guard name == "rootfs" || letters.utf8.count < name.utf8.count, let text = value.word else { return }
        let bytes = name.utf8.count + text.utf8.count
        guard bytes <= bytesLeft else { return }
        switch letters {
        case "scsi", "virtio", "sata", "ide", "efidisk", "tpmstate", "mp", "rootfs":
            guard disks.count < Self.deviceLimit, let disk = Disk(name, text) else { return }
            disks.append(disk)
            bytesLeft -= bytes
        case "net":
            guard networkCards.count < Self.cardLimit, let card = NetworkCard(name, text) else { return }
            networkCards.append(card)
            bytesLeft -= bytes
        case "hostpci":
            guard passthrough.count < Self.deviceLimit else { return }
            let properties = PropertyText(text)
            let addresses = (properties["host"] ?? properties.first ?? "").split(separator: ";").map(String.init)
            bytesLeft -= bytes
            for address in addresses.isEmpty ? [""] : addresses {
                passthrough.append(
                    Passthrough(
                        device: name, address: address, mapping: properties["mapping"] ?? "", mediatedDevice: properties["mdev"] ?? ""))
            }
        default: break
        }
    }

    /// `scsi0;ide2;net0` names what is tried first; without it, the first disk that a machine can start from.
    private func disk(ofBoot order: String?) -> Disk? {
        let buses = ["ide", "scsi", "virtio", "sata"]
        let bootable = disks.filter { disk in buses.contains { disk.device.hasPrefix($0) } }
        if let order {
            for name in order.split(separator: ";") {
                if let disk = bootable.first(where: { $0.device == name }) { return disk }
            }
        }
        // As Proxmox VE counts them.
        for bus in buses {
            let own = bootable.filter { $0.device.hasPrefix(bus) }
            if let first = own.min(by: { ($0.device.utf8.count, $0.device) < ($1.device.utf8.count, $1.device) }) { return first }
        }
        return nil
    }

    /// In MiB; newer versions may write `current=4096`.
    private static func memoryBytes(_ value: JSONValue) -> Double? {
        (value.number ?? value.word.flatMap { PropertyText($0)["current"] }.flatMap(Double.init)).map { $0 * 1_048_576 }
            .flatMap { $0.isFinite ? $0 : nil }
    }

    /// `1`, `enabled=1`, `1,fstrim_cloned_disks=1`
    private static func isAgentOn(_ value: JSONValue) -> Bool {
        guard let text = value.word else { return false }
        let properties = PropertyText(text)
        return ["1", "on", "yes", "true"].contains((properties["enabled"] ?? properties.first)?.lowercased())
    }
}

extension GuestConfiguration.Disk {
    /// nil for a drive for media, with or without one, and for what is not there.
    init?(_ device: String, _ text: String) {
        let properties = PropertyText(text)
        guard let place = properties["file"] ?? properties["volume"] ?? properties.first, place != "none", place != "cdrom",
            properties["media"] != "cdrom"
        else { return nil }
        self.device = device
        if let colon = place.firstIndex(of: ":"), !place.hasPrefix("/") {
            storage = String(place[..<colon])
            volume = String(place[place.index(after: colon)...])
        } else {
            storage = nil
            volume = place
        }
        sizeBytes = properties["size"].flatMap(Self.bytes)
    }

    /// `32G`, `528K`, `4M`, or bytes.
    private static func bytes(_ text: String) -> Double? {
        let units: [Character: Double] = ["K": 1024, "M": 1_048_576, "G": 1_073_741_824, "T": 1_099_511_627_776]
        guard let last = text.last else { return nil }
        let digits = units[last] == nil ? text[...] : text.dropLast()
        guard digits.utf8.count <= 15, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) else { return nil }
        return Double(digits).map { $0 * (units[last] ?? 1) }
    }
}

extension ProxmoxClient {
    package func configuration(
        of vmid: Int, _ kind: GuestKind, on node: String, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> GuestConfiguration {
        try await get("/nodes/\(Self.pathPart(node))/\(kind.rawValue)/\(vmid)/config", node: node, http: http, by: deadline) {
            GuestConfiguration($0, kind)
        }
    }
}
