package import RPC

/// What is to be different in the guest of a clone: `customize_json`.
package struct CloneCustomization: Sendable, Equatable {
    package struct Network: Sendable, Equatable {
        package var name: String
        package var ipAddress: String?
        package var subnetMask: String?
        package var gateway: String?
        package var dns: [String] = []
        package var macAddress: String?
        package var dhcp: Bool?
    }

    package var hostname: String?
    package var domain: String?
    package var timeZone: String?
    package var networks: [Network] = []
    /// Text of cloud-init; the guest's secrets may be in it.
    package var cloudInit: String?
    package var tags: [String] = []
    /// Names of what is asked for and needs an agent in the guest, Windows' sysprep, or a secret that only the manager can read. Who cannot do it
    /// refuses the clone.
    package var others: [String] = []

    package init() {}

    /// Nil for an empty text. Errors: `invalidArgument`, with the place.
    package static func read(_ json: String, field: String = "customize_json") throws(RPCError) -> CloneCustomization? {
        guard let value = try SpecificationValue.parse(json, field) else { return nil }
        return try CloneCustomization(SpecificationObject(value))
    }

    private init(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        hostname = try object.text("hostname")
        domain = try object.text("domain")
        timeZone = try object.text("timeZone")
        for element in try object.list("networks") { networks.append(try Network(SpecificationObject(element))) }
        if var data = try object.object("userData") {
            if var cloud = try data.object("cloudInit") {
                cloudInit = try cloud.text("inline")
                if cloud.isSaid("secretRef") { others.append("userData.cloudInit.secretRef") }
                try cloud.end()
            }
            if data.isSaid("ignition") { others.append("userData.ignition") }
            try data.end()
        }
        tags = try object.texts("tags")
        if var sysprep = try object.object("sysprep"), try sysprep.flag("enabled") == true { others.append("sysprep") }
        for name in ["guestCommands", "certificates"] where object.isSaid(name) { others.append(name) }
        try object.end()
    }
}

extension CloneCustomization.Network {
    fileprivate init(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        guard let name = try object.text("name") else {
            throw RPCError(.invalidArgument, "\(object.place).name: is missing; say which network is meant")
        }
        self.name = name
        ipAddress = try object.text("ipAddress")
        subnetMask = try object.text("subnetMask")
        gateway = try object.text("gateway")
        dns = try object.texts("dns")
        macAddress = try object.take("macAddress").flatMap(NetworkAttachment.address)
        dhcp = try object.flag("dhcp")
        try object.end()
    }
}
