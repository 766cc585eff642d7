import LibvirtAPI
import ProviderRPC
import RPC
import XML

/// What a Clone says, read and refused before anything is done.
struct ClonePlan: Sendable, Equatable {
    let name: String
    let isLinked: Bool
    let vmClass: VMClass?
    /// nil for where the source's disks are.
    let pool: String?
    let customization: CloneCustomization?
    let owner: ObjectIdentity?

    /// Errors: `invalidArgument`, `unimplemented`.
    init(_ request: CloneRequest) throws(RPCError) {
        try Names.checkMachine(request.targetName, field: "target_name")
        name = request.targetName
        isLinked = request.linked
        vmClass = try VMClass.read(request.classJSON)
        if let vmClass { try MachineRequest.check(vmClass) }
        pool = try Placement.read(request.placementJSON)?.datastore
        customization = try CloneCustomization.read(request.customizeJSON)
        owner = request.targetVM.flatMap { $0.uid.isEmpty && $0.name.isEmpty ? nil : $0 }
        if let others = customization?.others, !others.isEmpty {
            throw RPCError(
                .unimplemented, "customize_json: \(others.joined(separator: ", ")) cannot be done by this provider; use cloud-init")
        }
    }

    /// Errors: `failedPrecondition`, for a source that cannot be cloned so now.
    func check(_ source: Hypervisor.Machine) throws(RPCError) {
        guard !source.isActive else {
            throw RPCError(
                .failedPrecondition,
                "machine \(source.name) is \(source.state.name), and its disks change while they would be copied; switch it off first (spec.powerState: Off)"
            )
        }
        let disks = source.next.disks.filter { $0.device == "disk" && !$0.isReadOnly }
        guard !disks.isEmpty else { throw RPCError(.failedPrecondition, "machine \(source.name) has no disk to clone") }
        if let disk = disks.first(where: { $0.path == nil }) {
            throw RPCError(.failedPrecondition, "disk \(disk.target) of machine \(source.name) is neither file nor device")
        }
        if let disk = source.next.disks.first(where: { $0.device == "lun" || $0.device == "floppy" && !$0.isReadOnly && $0.path != nil }) {
            throw RPCError(
                .failedPrecondition,
                "disk \(disk.target) of machine \(source.name) is a \(disk.device), which both machines would write to; take it out first")
        }
        guard isLinked else { return }
        guard let mark = source.mark else {
            throw RPCError(
                .failedPrecondition,
                "machine \(source.name) was not made by this provider, whose disks it may not put below others; make a full clone")
        }
        for disk in disks where !mark.volumes.contains(where: { disk.path?.hasSuffix("/" + $0.name) == true }) {
            throw RPCError(
                .failedPrecondition, "disk \(disk.target) of machine \(source.name) was not made by this provider; make a full clone")
        }
    }

    // MARK: the description

    /// The source's description with what is the clone's own.
    ///
    /// - Parameter paths: of the clone's disks, by those of the source.
    /// - Parameter seed: of the clone's seed, which takes the place of the source's or comes as one more disk; nil for none.
    func description(_ source: XMLElement, uuid: String, mark: MachineMark, paths: [String: (path: String, format: String)], seed: String?)
        throws(RPCError) -> XMLElement
    {
        var domain = source
        domain.set("id", nil)
        domain.replaceText("name", name)
        domain.replaceText("uuid", uuid)
        // Of a label that a person has set the clone would have what the source is let do.
        domain.children.removeAll { $0.name == "title" || $0.name == "seclabel" }
        var writer = XMLWriter()
        mark.write(to: &writer, isWhole: true)
        guard let element = try? XMLReader.read(writer.text, source: "mark") else {
            throw RPCError(.internal, "the machine's mark cannot be written")
        }
        var metadata = domain.child("metadata") ?? XMLElement("metadata")
        metadata.children.removeAll { $0.namespace == MachineMark.namespace }
        metadata.children.append(element)
        domain.replace(metadata)
        if let count = vmClass?.cpu { domain.setProcessors(count) }
        if let mebibytes = vmClass?.memoryMiB { domain.setMemory(kibibytes: mebibytes << 10) }
        // Made anew from its template, as it is the source's.
        domain.edit("os") { $0.children.removeAll { $0.name == "nvram" } }
        var shared: String?
        domain.edit("devices") { devices in
            var (cards, hasSeed) = (0, false)
            devices.children = devices.children.compactMap { device in
                var device = device
                switch device.name {
                case "interface":
                    let mac = Names.mac(uuid, card: cards)
                    cards += 1
                    device.edit("mac") { $0.set("address", mac) }
                    device.children.removeAll { $0.name == "target" }
                case "disk":
                    let path = device.child("source")?["file"] ?? device.child("source")?["dev"]
                    device.children.removeAll { $0.name == "backingStore" }
                    if let path, let copy = paths[path] {
                        device.set("type", "file")
                        device.replace(XMLElement("source", attributes: [.init(name: "file", value: copy.path)]))
                        device.edit("driver") { $0.set("type", copy.format) }
                    } else if device.child("readonly") != nil, path?.hasSuffix("-seed.iso") == true {
                        guard let seed else { return nil }
                        hasSeed = true
                        device.replace(XMLElement("source", attributes: [.init(name: "file", value: seed)]))
                    } else if Self.isShared(device, path) {
                        shared = device.child("target")?["dev"] ?? path
                    }
                case "serial", "console", "channel":
                    // Paths of the source's own sockets.
                    if device["type"] == "unix" || device["type"] == "pty" { device.children.removeAll { $0.name == "source" } }
                    device.children.removeAll { $0.name == "log" }
                default: break
                }
                return device
            }
            guard let seed, !hasSeed else { return }
            let used = Set(devices.all("disk/target").compactMap { $0["dev"] })
            let target = (0..<200).lazy.map(MachineDesign.target).first { !used.contains($0) } ?? "vdz"
            var writer = XMLWriter()
            MachinePlan.Disk(target: target, path: seed, format: "raw", isReadOnly: true).write(to: &writer)
            if let disk = try? XMLReader.read(writer.text, source: "disk") { devices.children.append(disk) }
        }
        if let shared {
            throw RPCError(
                .failedPrecondition,
                "disk \(shared) of the source has no copy, and both machines would write to it; it came meanwhile, or is of a kind that is not cloned"
            )
        }
        return domain
    }

    /// Whether the clone would write to what is the source's. Empty drives have nothing, and what is only read may be shared.
    private static func isShared(_ device: XMLElement, _ path: String?) -> Bool {
        switch device["device"] ?? "disk" {
        case "lun": true
        case "cdrom": false
        case "floppy": path != nil && device.child("readonly") == nil
        default: device.child("readonly") == nil
        }
    }
}

extension XMLElement {
    /// Changes the first child of a name, if there is one.
    mutating func edit(_ name: String, _ body: (inout XMLElement) -> Void) {
        guard let place = children.firstIndex(where: { $0.name == name }) else { return }
        body(&children[place])
    }

    /// Puts an element in the place of the first of its name, or behind all others.
    mutating func replace(_ element: XMLElement) {
        if let place = children.firstIndex(where: { $0.name == element.name }) {
            children[place] = element
        } else {
            children.append(element)
        }
    }

    fileprivate mutating func replaceText(_ name: String, _ text: String) { replace(XMLElement(name, text: text)) }

    fileprivate mutating func setProcessors(_ count: Int) {
        edit("vcpu") { element in
            element.set("current", nil)
            element.text = String(count)
        }
        // Those would have to agree with it.
        children.removeAll { $0.name == "vcpus" }
        edit("cpu") { $0.children.removeAll { $0.name == "topology" } }
    }

    fileprivate mutating func setMemory(kibibytes: Int) {
        for name in ["memory", "currentMemory"] {
            edit(name) { element in
                element.set("unit", "KiB")
                element.text = String(kibibytes)
            }
        }
    }
}

extension ClonePlan {
    /// What the clone's cloud-init finds: another instance, so it begins anew.
    func seed(uuid: String, userData: [UInt8]) -> NoCloudSeed {
        let host = customization?.hostname ?? name
        var seed = NoCloudSeed(
            userData: customization?.cloudInit.map { Array($0.utf8) } ?? userData, metaData: [], instanceID: uuid,
            hostName: customization?.domain.map { "\(host).\($0)" } ?? host)
        for (number, network) in (customization?.networks ?? []).enumerated() {
            var card = NoCloudSeed.Card(mac: Names.mac(uuid, card: number))
            if network.dhcp != true, let address = network.ipAddress {
                let bits = network.subnetMask?.split(separator: ".").compactMap { UInt8($0)?.nonzeroBitCount }.reduce(0, +)
                card.address = address.contains("/") ? address : "\(address)/\(bits ?? (address.contains(":") ? 64 : 24))"
                card.gateway = network.gateway
                card.nameServers = network.dns
            }
            seed.cards.append(card)
        }
        if let zone = customization?.timeZone { seed.vendorData = Array("#cloud-config\ntimezone: \(NoCloudSeed.quoted(zone))\n".utf8) }
        return seed
    }
}
