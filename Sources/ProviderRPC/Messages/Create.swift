package import Protobuf

/// A machine to be made.
package struct CreateRequest: ProtobufMessage {
    package var name = ""
    /// For cloud-init or Ignition, rendered already.
    package var userData: [UInt8] = []
    /// A VMClass: processors, memory, firmware, disk defaults.
    package var classJSON = ""
    /// A VMImage: what the first disk is made from.
    package var imageJSON = ""
    /// A list of network attachments.
    package var networksJSON = ""
    /// A list of disks.
    package var disksJSON = ""
    /// Where the machine shall be: cluster, host, datastore, pool, folder.
    package var placementJSON = ""
    package var tags: [String] = []
    /// YAML for cloud-init.
    package var metaData: [UInt8] = []
    /// For providers of several hosts; others pay no heed to it.
    package var targetHostID = ""
    /// Whose the machine is. A machine of that name that is somebody else's is not taken for it.
    package var owner: ObjectIdentity?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        name: String = "", userData: [UInt8] = [], classJSON: String = "", imageJSON: String = "", networksJSON: String = "",
        disksJSON: String = "", placementJSON: String = "", tags: [String] = [], metaData: [UInt8] = [], targetHostID: String = "",
        owner: ObjectIdentity? = nil
    ) {
        self.name = name
        self.userData = userData
        self.classJSON = classJSON
        self.imageJSON = imageJSON
        self.networksJSON = networksJSON
        self.disksJSON = disksJSON
        self.placementJSON = placementJSON
        self.tags = tags
        self.metaData = metaData
        self.targetHostID = targetHostID
        self.owner = owner
    }

    package static let fields = FieldTable<CreateRequest>(
        "provider.v1.CreateRequest",
        [
            .field(1, "name", .string, \.name),
            .field(2, "user_data", .bytes, \.userData),
            .field(3, "class_json", .string, \.classJSON),
            .field(4, "image_json", .string, \.imageJSON),
            .field(5, "networks_json", .string, \.networksJSON),
            .field(6, "disks_json", .string, \.disksJSON),
            .field(7, "placement_json", .string, \.placementJSON),
            .repeated(8, "tags", .string, \.tags),
            .field(9, "meta_data", .bytes, \.metaData),
            .field(10, "target_host_id", .string, \.targetHostID),
            .optional(11, "owner", .message, \.owner),
        ])
}

/// A machine that is there, or will be when the task is done.
package struct CreateResponse: ProtobufMessage {
    /// The provider's own identifier, which all other methods take.
    package var id = ""
    /// Absent when the machine is there.
    package var task: TaskRef?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = "", task: TaskRef? = nil
    ) {
        self.id = id
        self.task = task
    }

    package static let fields = FieldTable<CreateResponse>(
        "provider.v1.CreateResponse",
        [
            .field(1, "id", .string, \.id),
            .optional(2, "task", .message, \.task),
        ])
}
