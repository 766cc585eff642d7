import ObjectStore
import Objects
import Reconciling

/// A kind for tests.
struct Thing: TypedKind, Hashable {
    static let kind = ResourceKind(group: "test.example", version: "v1", kind: "Thing", plural: "things")

    var object: APIObject

    init(_ object: APIObject) { self.object = object }

    var version: String { object.metadata.resourceVersion }
    var uid: String { object.metadata.uid }
    var owner: String? { object.spec["owner"]?.text }
    var size: Int64? { object.spec["size"]?.whole }

    static func make(_ name: String, uid: String = "", version: String = "", owner: String? = nil, size: Int64 = 0) -> APIObject {
        var metadata = ObjectMetadata(name: name, namespace: "default")
        metadata.uid = uid
        metadata.resourceVersion = version
        var spec: [(String, ObjectValue)] = [("size", .whole(size))]
        if let owner { spec.append(("owner", .text(owner))) }
        return APIObject(kind, metadata, ObjectMembers([("spec", .members(ObjectMembers(spec)))]))
    }
}

extension ObjectName {
    static func of(_ name: String) -> ObjectName { ObjectName("default", name) }
}
