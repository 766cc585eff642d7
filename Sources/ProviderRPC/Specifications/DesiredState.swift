import JSON
package import RPC

/// What a machine is to become: `desired_json` of Reconfigure, which is the whole of what it was created from.
package struct DesiredState: Sendable, Equatable {
    package var name: String?
    package var vmClass: VMClass?
    package var image: VMImage?
    package var networks: [NetworkAttachment] = []
    /// Nil when nothing is said of disks, which is not the same as none.
    package var disks: [DiskSpec]?
    package var placement: Placement?
    package var tags: [String] = []

    package init(vmClass: VMClass? = nil, disks: [DiskSpec]? = nil) {
        self.vmClass = vmClass
        self.disks = disks
    }

    /// Errors: `invalidArgument`, with the place; also for an empty text.
    package static func read(_ json: String, field: String = "desired_json") throws(RPCError) -> DesiredState {
        guard let value = try SpecificationValue.parse(json, field) else {
            throw RPCError(.invalidArgument, "\(field): is empty; say what the machine is to become")
        }
        return try DesiredState(SpecificationObject(value))
    }

    private init(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        name = try object.text("name")
        if let part = try object.object("class") { vmClass = try VMClass(part) }
        if let part = try object.object("image") { image = try VMImage(part) }
        if let part = object.take("networks") { networks = try NetworkAttachment.list(part) }
        if let part = object.take("disks") { disks = try DiskSpec.list(part) }
        if let part = try object.object("placement") { placement = try Placement(part) }
        tags = try object.texts("tags")
        // Of the first start only, and of whom the machine is: neither changes.
        for name in ["userData", "metaData", "targetHostID", "owner"] { _ = object.take(name) }
        try object.end()
    }

    package var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            if let name { writer.member("Name", name) }
            if let vmClass {
                writer.key("Class")
                vmClass.write(&writer)
            }
            if let image {
                writer.key("Image")
                image.write(&writer)
            }
            if !networks.isEmpty {
                writer.key("Networks")
                NetworkAttachment.write(networks, &writer)
            }
            if let disks {
                writer.key("Disks")
                DiskSpec.write(disks, &writer)
            }
            if let placement {
                writer.key("Placement")
                placement.write(&writer)
            }
            if !tags.isEmpty {
                writer.key("Tags")
                writer.array { writer in
                    for tag in tags { writer.string(tag) }
                }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
