import JSON
package import RPC

/// Where a machine should go, as far as the hypervisor has such places: `placement_json`.
package struct Placement: Sendable, Equatable {
    /// A vSphere datastore, a pool of libvirt, a storage of Proxmox.
    package var datastore: String?
    package var storagePod: String?
    package var cluster: String?
    package var folder: String?
    package var resourcePool: String?
    package var host: String?
    /// Of a policy that the manager resolves; Clone carries nothing else.
    package var policyName: String?

    package init(datastore: String? = nil, cluster: String? = nil, folder: String? = nil, host: String? = nil) {
        self.datastore = datastore
        self.cluster = cluster
        self.folder = folder
        self.host = host
    }

    /// Nil for an empty text. Errors: `invalidArgument`, with the place.
    package static func read(_ json: String, field: String = "placement_json") throws(RPCError) -> Placement? {
        guard let value = try SpecificationValue.parse(json, field) else { return nil }
        return try Placement(SpecificationObject(value))
    }

    init(_ object: SpecificationObject) throws(RPCError) {
        var object = object
        datastore = try object.text("datastore")
        storagePod = try object.text("storagePod")
        cluster = try object.text("cluster")
        folder = try object.text("folder")
        resourcePool = try object.text("resourcePool")
        host = try object.text("host")
        policyName = try object.text("name")
        try object.end()
    }

    package var json: String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    func write(_ writer: inout JSONWriter) {
        writer.object { writer in
            if let datastore { writer.member("Datastore", datastore) }
            if let storagePod { writer.member("StoragePod", storagePod) }
            if let cluster { writer.member("Cluster", cluster) }
            if let folder { writer.member("Folder", folder) }
            if let resourcePool { writer.member("ResourcePool", resourcePool) }
            if let host { writer.member("Host", host) }
            if let policyName { writer.member("name", policyName) }
        }
    }
}
