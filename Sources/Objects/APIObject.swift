/// An object as a store keeps it: its kind, its metadata, and the rest as it was said (`spec`, `status`, `data`).
package struct APIObject: Sendable, Hashable {
    package var kind: ResourceKind
    package var metadata: ObjectMetadata
    /// All but `apiVersion`, `kind` and `metadata`.
    package var content: ObjectMembers

    package init(_ kind: ResourceKind, _ metadata: ObjectMetadata, _ content: ObjectMembers = ObjectMembers()) {
        self.kind = kind
        self.metadata = metadata
        self.content = content
    }

    /// - Parameter value: the whole object; `apiVersion` and `kind` are not looked at.
    package init(_ kind: ResourceKind, _ value: ObjectValue, _ problems: inout [FieldProblem]) {
        guard case .members(var members) = value else {
            problems.append(FieldProblem("", .typeInvalid, "must be an object, is \(value.kindText)"))
            self.init(kind, ObjectMetadata())
            return
        }
        let metadata = ObjectMetadata(members["metadata"], &problems)
        for name in ["apiVersion", "kind", "metadata"] { members[name] = nil }
        self.init(kind, metadata, members)
    }

    package var key: ObjectKey { ObjectKey(kind, metadata.namespace, metadata.name) }

    /// What is wanted; an object without members when nothing is said.
    package var spec: ObjectValue {
        get { content["spec"] ?? .members(ObjectMembers()) }
        set { content["spec"] = newValue }
    }

    /// What is so; an object without members when nothing is said.
    package var status: ObjectValue {
        get { content["status"] ?? .members(ObjectMembers()) }
        set { content["status"] = newValue }
    }

    /// The whole object.
    package var value: ObjectValue {
        var members = content
        members["apiVersion"] = .text(kind.apiVersion)
        members["kind"] = .text(kind.kind)
        members["metadata"] = metadata.value
        return .members(members)
    }

    /// As JSON, in one line.
    package var json: [UInt8] { value.json }
}

/// Which object.
package struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
    package let kind: ResourceKind
    /// Empty of kinds that are in no namespace.
    package let namespace: String
    package let name: String

    package init(_ kind: ResourceKind, _ namespace: String, _ name: String) {
        self.kind = kind
        self.namespace = kind.isNamespaced ? namespace : ""
        self.name = name
    }

    /// `virtualmachines.infra.virtrigaud.io "default/web1"`
    package var description: String { "\(kind.qualifiedName) \"\(namespace.isEmpty ? name : "\(namespace)/\(name)")\"" }
}
