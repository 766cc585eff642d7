import Objects
import Primitives

/// What a machine is to be, as the JSON of the contract has it: of its object, its class, its image on this provider, its networks.
enum MachineParameters {
    static func make(
        _ machine: VirtualMachine, vmClass: VMClass, image: ObjectValue?, networks: [VMNetworkAttachment?], provider: Provider,
        dataMember: (ObjectReference, String) -> String
    ) -> ObjectValue {
        let spec = machine.spec
        var parameters: ObjectMembers = ["name": .text(machine.metadata.name), "class": classValue(vmClass, spec)]
        if let image { parameters["image"] = image }
        let cards = zip(spec.networks, networks).map { card($0, $1, provider.spec.type) }
        if !cards.isEmpty {
            parameters["networks"] = .list(cards)
        } else if let name = provider.spec.defaultNetwork {
            parameters["networks"] = [["name": "default", "networkName": .text(name)]]
        }
        if let disks = spec.disks {
            parameters["disks"] = .list(
                disks.map { ["name": .text($0.name), "sizeGiB": .whole(Int64($0.sizeGiB)), "type": .text($0.type)] })
        }
        let placement = placement(spec.placement, provider.spec.defaults)
        if !placement.isEmpty { parameters["placement"] = .members(placement) }
        if !spec.tags.isEmpty { parameters["tags"] = .list(spec.tags.map { .text($0) }) }
        let namespace = machine.metadata.namespace
        func data(_ data: VirtualMachine.GuestData?, _ member: String) -> ObjectValue? {
            guard let data else { return nil }
            // The text stays where it stands: it is long, and passwords are in it more often than not.
            if data.inline != nil { return ["inline": .text(member)] }
            return data.secretRef.map { ["secret": .text($0.fullName(in: namespace)), "member": .text(dataMember($0, member))] }
        }
        parameters["userData"] = data(spec.userData?.cloudInit, "userdata") ?? data(spec.userData?.ignition, "ignition")
        parameters["metaData"] = data(spec.metaData, "metadata")
        return .members(parameters)
    }

    /// A text that stands in the machine's object itself.
    static func inline(_ machine: VirtualMachine, _ member: String) -> [UInt8]? {
        let data =
            switch member {
            case "userdata": machine.spec.userData?.cloudInit
            case "ignition": machine.spec.userData?.ignition
            case "metadata": machine.spec.metaData
            default: VirtualMachine.GuestData?.none
            }
        return data?.inline.map { Array($0.utf8) }
    }

    /// Sizes as numbers, which every provider reads; the rest as the class has it.
    private static func classValue(_ vmClass: VMClass, _ spec: VirtualMachine.Spec) -> ObjectValue {
        var members = vmClass.object.spec.members ?? ObjectMembers()
        members["memory"] = nil
        members["cpu"] = (spec.cpu ?? vmClass.spec.cpu).map { .whole(Int64($0)) }
        members["memoryMiB"] = (spec.memoryMiB ?? vmClass.spec.memoryMiB).map { .whole(Int64($0)) }
        if let disk = vmClass.spec.diskDefaults {
            members["diskDefaults"] = ["type": .text(disk.type), "sizeGiB": .whole(Int64(disk.sizeGiB))]
        }
        return .members(members)
    }

    private static func card(_ card: VirtualMachine.Network, _ network: VMNetworkAttachment?, _ type: String) -> ObjectValue {
        var members: ObjectMembers = ["name": .text(card.name)]
        func add(_ name: String, _ text: String?) { if let text, !text.isEmpty { members[name] = .text(text) } }
        switch type {
        case "proxmox":
            add("bridge", network?.spec.proxmox?.bridge)
            add("model", network?.spec.proxmox?.model)
            if let vlan = network?.spec.proxmox?.vlanTag { members["vlan"] = .whole(Int64(vlan)) }
        case "vsphere":
            add("portgroup", network?.spec.vsphere?.portgroup)
            if let vlan = network?.spec.vsphere?.vlan { members["vlan"] = .whole(Int64(vlan)) }
        default:
            add("networkName", network?.spec.libvirt?.networkName)
            add("bridge", network?.spec.libvirt?.bridge)
            add("model", network?.spec.libvirt?.model)
        }
        add("macAddress", card.macAddress)
        let address = card.ipAddress.map { address in card.prefix.map { "\(address)/\($0)" } ?? address }
        add("staticIP", address ?? (network?.spec.allocation == .fixed ? network?.spec.staticAddress : nil))
        return .members(members)
    }

    private static func placement(_ said: Placement, _ defaults: Placement) -> ObjectMembers {
        var members = ObjectMembers()
        for name in ["cluster", "host", "datastore", "storagePod", "folder", "resourcePool"] {
            if let text: String = said[name] ?? defaults[name], !text.isEmpty { members[name] = .text(text) }
        }
        return members
    }

    /// What of a machine can be changed once it is there: by this one sees that it is to be.
    static func changeable(_ parameters: ObjectValue) -> ObjectValue {
        var members = ObjectMembers()
        for name in ["class", "disks"] { members[name] = parameters[name] }
        return .members(members)
    }
}
