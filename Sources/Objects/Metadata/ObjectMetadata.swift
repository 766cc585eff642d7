/// `metadata` of an object: who it is and how far it has come.
package struct ObjectMetadata: Sendable, Hashable {
    package var name = ""
    /// Where `name` is empty: what the store begins a name with.
    package var generateName = ""
    /// Empty of kinds that are in no namespace.
    package var namespace = ""
    /// The one thing that is never given to another object.
    package var uid = ""
    /// Of this state of the object; compared for equality, and by its store alone for order.
    package var resourceVersion = ""
    /// Counts changes of what is wanted: of everything but metadata and status.
    package var generation: Int64 = 0
    /// RFC 3339, UTC, whole seconds: `2026-11-23T03:04:05Z`.
    package var creationTimestamp = ""
    /// When it was asked to go; it is there until its last finalizer is taken away.
    package var deletionTimestamp: String?
    package var finalizers: [String] = []
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var ownerReferences: [OwnerReference] = []

    package init(name: String = "", namespace: String = "") {
        self.name = name
        self.namespace = namespace
    }

    package var isDeleting: Bool { deletionTimestamp != nil }

    /// The owner that controls it; there is one at most.
    package var controller: OwnerReference? { ownerReferences.first(where: \.isController) }
}

/// An object that another belongs to, in the same namespace.
package struct OwnerReference: Sendable, Hashable {
    package var apiVersion: String
    package var kind: String
    package var name: String
    package var uid: String
    package var isController: Bool
    package var blocksDeletion: Bool

    package init(apiVersion: String, kind: String, name: String, uid: String, isController: Bool = true, blocksDeletion: Bool = true) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.isController = isController
        self.blocksDeletion = blocksDeletion
    }
}
