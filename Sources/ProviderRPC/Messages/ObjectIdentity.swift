package import Protobuf

/// The object of Kubernetes that something is done for.
package struct ObjectIdentity: ProtobufMessage {
    /// The only one of the three that proves who somebody is.
    package var uid = ""
    /// For people, and for names on the hypervisor.
    package var namespace = ""
    package var name = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        uid: String = "", namespace: String = "", name: String = ""
    ) {
        self.uid = uid
        self.namespace = namespace
        self.name = name
    }

    package static let fields = FieldTable<ObjectIdentity>(
        "provider.v1.ObjectIdentity",
        [
            .field(1, "uid", .string, \.uid),
            .field(2, "namespace", .string, \.namespace),
            .field(3, "name", .string, \.name),
        ])
}
