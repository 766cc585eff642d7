package import Objects

/// Which object of a kind that is known.
package struct ObjectName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Empty of kinds that are in no namespace.
    package let namespace: String
    package let name: String

    package init(_ namespace: String, _ name: String) {
        self.namespace = namespace
        self.name = name
    }

    package init(_ metadata: ObjectMetadata) { self.init(metadata.namespace, metadata.name) }

    /// `default/web1`
    package var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    package static func < (first: ObjectName, second: ObjectName) -> Bool {
        (first.namespace, first.name) < (second.namespace, second.name)
    }
}

extension TypedKind {
    package var name: ObjectName { ObjectName(object.metadata) }
}
