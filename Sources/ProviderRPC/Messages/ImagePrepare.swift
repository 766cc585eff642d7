package import Protobuf

/// An image to be brought to where machines can be made from it.
package struct ImagePrepareRequest: ProtobufMessage {
    /// A VMImage: where it comes from, its format and checksum.
    package var imageJSON = ""
    /// What it shall be called there.
    package var targetName = ""
    /// The pool or datastore.
    package var storageHint = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        imageJSON: String = "", targetName: String = "", storageHint: String = ""
    ) {
        self.imageJSON = imageJSON
        self.targetName = targetName
        self.storageHint = storageHint
    }

    package static let fields = FieldTable<ImagePrepareRequest>(
        "provider.v1.ImagePrepareRequest",
        [
            .field(1, "image_json", .string, \.imageJSON),
            .field(2, "target_name", .string, \.targetName),
            .field(3, "storage_hint", .string, \.storageHint),
        ])
}

/// Where the image is, or will be when the task is done.
package struct ImagePrepareResponse: ProtobufMessage {
    /// Absent when the image is there.
    package var task: TaskRef?
    /// A template's name or number, where the provider has such.
    package var preparedImageID = ""
    /// A path in a pool, where the provider has such.
    package var preparedImagePath = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        task: TaskRef? = nil, preparedImageID: String = "", preparedImagePath: String = ""
    ) {
        self.task = task
        self.preparedImageID = preparedImageID
        self.preparedImagePath = preparedImagePath
    }

    package static let fields = FieldTable<ImagePrepareResponse>(
        "provider.v1.ImagePrepareResponse",
        [
            .optional(1, "task", .message, \.task),
            .field(2, "prepared_image_id", .string, \.preparedImageID),
            .field(3, "prepared_image_path", .string, \.preparedImagePath),
        ])
}
