/// An object of a kind that is known, with its fields by name.
///
/// Making one never fails, also of an object that says what it must not: `problems` tells what is wrong with it.
package protocol TypedKind: Sendable, Hashable {
    static var kind: ResourceKind { get }
    var object: APIObject { get set }
    init(_ object: APIObject)
}

extension TypedKind {
    package init(name: String, namespace: String) { self.init(APIObject(Self.kind, ObjectMetadata(name: name, namespace: namespace))) }

    package var metadata: ObjectMetadata {
        get { object.metadata }
        set { object.metadata = newValue }
    }

    package var key: ObjectKey { object.key }

    /// What is wrong with the object, so that one had better not act on it.
    package var problems: [FieldProblem] { KindSchema.of(Self.kind)?.validate(object) ?? [] }
}

/// A kind with a spec and a status.
package protocol TypedResource: TypedKind {
    associatedtype Spec: ObjectView
    associatedtype Status: ObjectView
}

extension TypedResource {
    package var spec: Spec {
        get { Spec(object.spec) }
        set { object.spec = newValue.value }
    }

    package var status: Status {
        get { Status(object.status) }
        set { object.status = newValue.value }
    }
}
