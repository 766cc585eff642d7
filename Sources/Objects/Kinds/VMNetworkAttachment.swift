/// Where network cards are plugged in.
package struct VMNetworkAttachment: TypedResource {
    package static let kind = ResourceKind.vmNetworkAttachment
    package var object: APIObject
    package init(_ object: APIObject) { self.object = object }

    package enum Allocation: String, ObjectWord {
        case dhcp = "DHCP"
        case fixed = "Static"
        case pool = "Pool"
        case none = "None"
    }

    package struct Spec: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        /// bridged, nat, …
        package var type: String { value["network"]?["type"]?.text ?? "bridged" }
        package var libvirt: Libvirt? { value["network"]?["libvirt"].flatMap { Libvirt(objectValue: $0) } }
        package var vsphere: VSphere? { value["network"]?["vsphere"].flatMap { VSphere(objectValue: $0) } }
        package var proxmox: Proxmox? { value["network"]?["proxmox"].flatMap { Proxmox(objectValue: $0) } }
        package var allocation: Allocation { value["ipAllocation"]?["type"].flatMap { Allocation(objectValue: $0) } ?? .dhcp }
        /// Address and prefix, of `staticConfig`.
        package var staticAddress: String? { value["ipAllocation"]?["staticConfig"]?["address"]?.text }
        package var staticGateway: String? { value["ipAllocation"]?["staticConfig"]?["gateway"]?.text }
        package var nameServers: [String] { (value["ipAllocation"]?["dnsConfig"]?["servers"]?.list ?? []).compactMap(\.text) }
    }

    package struct Libvirt: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var networkName: String? { self["networkName"] }
        package var bridge: String? { value["bridge"]?["name"]?.text }
        package var model: String { self["model"] ?? "virtio" }
    }

    package struct VSphere: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var portgroup: String? { self["portgroup"] }
        /// Only of the type vlan.
        package var vlan: Int? { value["vlan"]?["type"]?.text == "vlan" ? value["vlan"]?["vlanID"]?.whole.map { Int($0) } : nil }
    }

    package struct Proxmox: ObjectView {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }

        package var bridge: String { self["bridge"] ?? "" }
        package var model: String { self["model"] ?? "virtio" }
        package var vlanTag: Int? { self["vlanTag"] }
        package var hasFirewall: Bool? { self["firewall"] }
        package var rateLimit: Int? { self["rateLimit"] }
        package var mtu: Int? { self["mtu"] }
    }

    package struct Status: ConditionedStatus {
        package var value: ObjectValue
        package init(_ value: ObjectValue) { self.value = value }
    }
}
