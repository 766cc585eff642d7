import JSON
package import RPC

/// A network card of a machine: an element of `networks_json`.
package struct NetworkAttachment: Sendable, Equatable {
    /// What the machine calls it.
    package var name: String?
    /// Of vSphere.
    package var portgroup: String?
    /// A network that the hypervisor knows by name.
    package var networkName: String?
    package var bridge: String?
    package var vlan: Int?
    /// virtio, e1000, vmxnet3, …
    package var model: String?
    /// Six bytes in hex with colons, in lower case.
    package var macAddress: String?
    package var ipPolicy: String?
    package var staticIP: String?

    package init(name: String? = nil, networkName: String? = nil, bridge: String? = nil, model: String? = nil, macAddress: String? = nil) {
        self.name = name
        self.networkName = networkName
        self.bridge = bridge
        self.model = model
        self.macAddress = macAddress
    }

    /// Errors: `invalidArgument`, with the place.
    package static func read(_ json: String, field: String = "networks_json") throws(RPCError) -> [NetworkAttachment] {
        guard let value = try SpecificationValue.parse(json, field) else { return [] }
        return try list(value)
    }

    static func list(_ value: SpecificationValue) throws(RPCError) -> [NetworkAttachment] {
        var networks: [NetworkAttachment] = []
        for element in try value.list(upTo: 32) { networks.append(try NetworkAttachment(SpecificationObject(element))) }
        return networks
    }

    private init(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        name = try object.text("name")
        portgroup = try object.text("portgroup")
        networkName = try object.text("networkName")
        bridge = try object.text("bridge")
        vlan = try object.whole("vlan", upTo: 4094)
        model = try object.text("model")
        macAddress = try object.take("macAddress").flatMap(Self.address)
        ipPolicy = try object.text("ipPolicy")
        staticIP = try object.text("staticIP")
        try object.end()
    }

    /// `52:54:00:AA:bb:cc`, or the same with dashes.
    static func address(_ value: SpecificationValue) throws(RPCError) -> String? {
        guard let text = try value.text() else { return nil }
        let parts = text.lowercased().split(separator: text.contains("-") ? "-" : ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts.allSatisfy({ $0.utf8.count == 2 && $0.allSatisfy(\.isHexDigit) }) else {
            throw value.refused("a MAC address such as 52:54:00:12:34:56")
        }
        return parts.joined(separator: ":")
    }

    /// As upstream's manager writes a list of them.
    package static func json(_ networks: [NetworkAttachment]) -> String {
        var writer = JSONWriter()
        write(networks, &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    static func write(_ networks: [NetworkAttachment], _ writer: inout JSONWriter) {
        writer.array { writer in
            for network in networks {
                writer.object { writer in
                    if let name = network.name { writer.member("Name", name) }
                    if let portgroup = network.portgroup { writer.member("Portgroup", portgroup) }
                    if let name = network.networkName { writer.member("NetworkName", name) }
                    if let bridge = network.bridge { writer.member("Bridge", bridge) }
                    if let vlan = network.vlan { writer.member("VLAN", vlan) }
                    if let model = network.model { writer.member("Model", model) }
                    if let address = network.macAddress { writer.member("MacAddress", address) }
                    if let policy = network.ipPolicy { writer.member("IPPolicy", policy) }
                    if let address = network.staticIP { writer.member("StaticIP", address) }
                }
            }
        }
    }
}
