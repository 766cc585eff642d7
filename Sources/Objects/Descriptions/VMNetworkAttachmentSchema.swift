extension KindSchema {
    static let vmNetworkAttachment = KindSchema(
        .vmNetworkAttachment, "Where the network cards of machines are plugged in.",
        [
            .spec(VMNetworkAttachmentSchema.spec),
            .status([
                .kept("connectedVMs", .count, "Number of machines that name it."),
                .kept("availableOn", .list(of: .text(atMost: 317), atMost: 1000), "Providers that have it."),
            ]),
        ],
        columns: [
            Column("Type", ".spec.network.type", "Kind of network."),
            Column("Network", ".spec.network.libvirt.networkName", "Network of libvirt.", isWide: true),
            Column("Bridge", ".spec.network.proxmox.bridge", "Bridge of Proxmox VE.", isWide: true),
            Column("Port Group", ".spec.network.vsphere.portgroup", "Port group of vSphere.", isWide: true),
            .age,
        ],
        rules: VMNetworkAttachmentSchema.check)
}

enum VMNetworkAttachmentSchema {
    private static let vlanID = Schema.whole(1...4094)

    private static let vsphere: [Field] = [
        Field("portgroup", .text(atMost: 255), "Port group."),
        .kept(
            "distributedSwitch",
            .object([
                .required("name", .text(atMost: 255), "Its name."), .kept("uuid", .text(atMost: 64), "Its UUID."),
                .kept("portgroupType", .word("ephemeral", "distributed"), "Kind of port group."),
            ]), "Distributed switch."),
        Field(
            "vlan",
            .object([
                Field("type", .word("none", "vlan", "pvlan", "trunk"), "Kind of VLAN.", standard: "none"),
                Field("vlanID", vlanID, "Of type vlan."),
                .kept("trunkVlanIDs", .list(of: vlanID, atMost: 100), "Of type trunk."),
                .kept("primaryVlanID", vlanID, "Of type pvlan."), .kept("secondaryVlanID", vlanID, "Of type pvlan."),
            ]), "VLAN."),
        .kept(
            "security",
            .object([
                .kept("allowPromiscuous", .flag, "Whether a card may hear all.", standard: false),
                .kept("allowMACChanges", .flag, "Whether a guest may change a card's address.", standard: true),
                .kept("allowForgedTransmits", .flag, "Whether a guest may send from other addresses.", standard: true),
            ]), "What cards may do."),
        .kept(
            "trafficShaping",
            .object([
                .kept("enabled", .flag, "Whether it is wanted.", standard: false),
                .kept("averageBandwidth", .whole(1000...Int64.max), "Bits per second."),
                .kept("peakBandwidth", .whole(1000...Int64.max), "Bits per second."),
                .kept("burstSize", .whole(1024...Int64.max), "Bytes."),
            ]), "Limits of traffic."),
    ]

    private static let libvirt: [Field] = [
        Field("networkName", .text(atMost: 255), "A network that libvirt knows."),
        Field(
            "bridge",
            .object([
                .required("name", .text(.interfaceName), "Its name."), .kept("stp", .flag, "Spanning tree.", standard: false),
                .kept("delay", .whole(0...30), "Seconds until it forwards."),
            ]), "A bridge of the host."),
        Field(
            "model", .word("virtio", "e1000", "e1000e", "rtl8139", "pcnet", "ne2k_pci"), "Model of the card.", standard: "virtio"),
        .kept(
            "driver",
            .object([
                .kept("name", .word("kvm", "vfio", "uio"), "Driver."), .kept("queues", .whole(1...16), "Number of queues."),
                .kept("txMode", .word("iothread", "timer"), "How it sends."), .kept("ioEventFD", .flag, "Events by file descriptor."),
                .kept("eventIDX", .flag, "Fewer events."),
            ]), "Driver on the host."),
        .kept(
            "filterRef",
            .object([
                .required("filter", .text(atMost: 255), "Its name."),
                .kept("parameters", .map(of: .text(atMost: 1024), atMost: 20), "Its parameters."),
            ]),
            "A filter of libvirt."),
    ]

    private static let proxmox: [Field] = [
        .required("bridge", .text(.interfaceName), "Bridge, or network of the cluster: vmbr0."),
        Field("model", .word("virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"), "Model of the card.", standard: "virtio"),
        Field("vlanTag", vlanID, "VLAN."), .kept("firewall", .flag, "Whether the host's firewall looks at it."),
        .kept("rateLimit", .whole(1...10240), "Most MB per second."), .kept("mtu", .whole(1...65520), "Largest frame; 1 is the bridge's."),
    ]

    private static let ipAllocation: [Field] = [
        Field("type", .word("DHCP", "Static", "Pool", "None"), "How a guest gets its address.", standard: "DHCP"),
        Field(
            "staticConfig",
            .object([
                .required("address", .text(.ipPrefix), "Address and prefix."), .kept("gateway", .text(.ipAddress), "Gateway."),
                .kept(
                    "routes",
                    .list(
                        of: .object([
                            .required("destination", .text(.ipPrefix), "Where to."), .required("gateway", .text(.ipAddress), "By which."),
                            .kept("metric", .whole(0...65535), "Its cost."),
                        ]), atMost: 20), "Routes."),
            ]), "Of type Static: for one machine."),
        .kept(
            "poolConfig",
            .object([.required("poolRef", .localReference, "The pool."), .kept("preferredIP", .text(.ipAddress), "An address of it.")]),
            "Of type Pool."),
        .kept(
            "dhcpConfig",
            .object([
                .kept("clientID", .text(atMost: 255), "Who it says it is."), .kept("hostname", .text(atMost: 255), "What it is called."),
                .kept("options", .map(of: .text(atMost: 1024), atMost: 20), "Options."),
            ]), "Of type DHCP."),
        .kept(
            "dnsConfig",
            .object([
                .kept("servers", .list(of: .text(.ipAddress), atMost: 10), "Name servers."),
                .kept("searchDomains", .list(of: .text(.hostname), atMost: 10), "Where short names are looked for."),
                .kept("options", .map(of: .text(atMost: 255), atMost: 10), "Options."),
            ]), "Name servers."),
    ]

    private static let prefixes = Schema.list(of: .text(.ipPrefix), atMost: 50)
    private static let verdict = Schema.word("ACCEPT", "DROP", "REJECT")

    private static let security: [Field] = [
        .kept(
            "firewall",
            .object([
                .kept("enabled", .flag, "Whether it is wanted.", standard: false),
                .kept("defaultPolicy", verdict, "What becomes of the rest.", standard: "ACCEPT"),
                .kept(
                    "rules",
                    .list(
                        of: .object([
                            .required("name", .text(atMost: 255), "Its name."), .required("action", verdict, "What becomes of it."),
                            .required("direction", .word("in", "out", "inout"), "Direction."),
                            .kept("protocol", .word("tcp", "udp", "icmp", "all"), "Protocol."),
                            .kept("sourceCIDR", .text(.ipPrefix), "Where from."), .kept("destinationCIDR", .text(.ipPrefix), "Where to."),
                            .kept(
                                "ports",
                                .object([
                                    .required("start", .whole(1...65535), "First port."), .kept("end", .whole(1...65535), "Last port."),
                                ]),
                                "Ports."),
                            .kept("priority", .whole(1...1000), "Its place."),
                        ])), "Rules."),
            ]), "Firewall."),
        .kept(
            "isolation",
            .object([
                .kept("mode", .word("none", "strict", "custom"), "How strict."), .kept("allowedNetworks", prefixes, "Who may."),
                .kept("deniedNetworks", prefixes, "Who may not."),
            ]), "Who may reach whom."),
        .kept("encryption", .anyObject, "Encryption."),
    ]

    static let spec: [Field] = [
        .required(
            "network",
            .object([
                Field("type", .word("bridged", "nat", "isolated", "host-only", "external"), "Kind of network.", standard: "bridged"),
                .kept("mtu", .whole(68...9000), "Largest frame.", standard: 1500),
                Field("libvirt", .object(ObjectShape(libvirt, [.atMostOne(["networkName", "bridge"])])), "On libvirt."),
                Field("vsphere", .object(vsphere), "On vSphere."), Field("proxmox", .object(proxmox), "On Proxmox VE."),
            ]), "The network; for several kinds of providers, a member for each."),
        Field("ipAllocation", .object(ipAllocation), "How guests get addresses there, where the machine does not say it."),
        .kept("security", .object(security), "What is let through."),
        .kept("qos", .anyObject, "Shares of traffic."),
        .kept("metadata", .anyObject, "What people say of it."),
    ]

    @Sendable static func check(_ object: APIObject, _ problems: inout [FieldProblem]) {
        let needs: [(path: [String], member: String, type: String, needed: String)] = [
            (["ipAllocation"], "type", "Static", "staticConfig"), (["ipAllocation"], "type", "Pool", "poolConfig"),
            (["network", "vsphere", "vlan"], "type", "vlan", "vlanID"), (["network", "vsphere", "vlan"], "type", "trunk", "trunkVlanIDs"),
            (["network", "vsphere", "vlan"], "type", "pvlan", "primaryVlanID"),
        ]
        for need in needs {
            let value = need.path.reduce(object.spec) { $0[$1] ?? .null }
            if value[need.member]?.text == need.type, value[need.needed].map(\.isNull) ?? true {
                let path = (["spec"] + need.path + [need.needed]).joined(separator: ".")
                problems.append(FieldProblem(path, .required, "must be said, as the type is \(need.type)"))
            }
        }
    }
}
