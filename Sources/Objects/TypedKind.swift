/// An object of one kind, with its fields as Swift has them.
package protocol TypedKind: Sendable {
    static var kind: ResourceKind { get }

    init(_ object: APIObject)

    var object: APIObject { get }
}
