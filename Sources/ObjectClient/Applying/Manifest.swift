import ObjectText
package import Objects
package import Primitives

/// An object as a file says it.
package struct Manifest: Sendable {
    package let key: ObjectKey
    package let value: ObjectValue
    /// `FILE:LINE`
    package let place: String

    /// Reads the objects of a text, YAML or JSON; one of kind `List` is read as its items.
    ///
    /// - Parameter namespace: of objects that say none.
    /// - Throws: `malformed` with `FILE:LINE` for what is no YAML, no object or of no kind that is known here.
    package static func read(_ bytes: [UInt8], path: String, namespace: String) throws(Failure) -> [Manifest] {
        var manifests: [Manifest] = []
        for document in try YAMLText.documents(bytes, path: path) where !document.value.isNull {
            let isList = document.value["kind"]?.text == "List" && document.value["apiVersion"]?.text == "v1"
            for value in isList ? document.value["items"]?.list ?? [] : [document.value] {
                manifests.append(try Manifest(value.withoutNulls, document.place, namespace))
            }
        }
        return manifests
    }

    private init(_ value: ObjectValue, _ origin: String, _ namespace: String) throws(Failure) {
        func failure(_ text: String) -> Failure { Failure(.malformed, "\(origin): \(text)") }
        guard case .members(var members) = value else { throw failure("an object is needed, and this is \(value.kindText)") }
        guard let apiVersion = members["apiVersion"]?.text, let kindName = members["kind"]?.text else {
            throw failure("the object needs apiVersion and kind, both texts")
        }
        guard let kind = ResourceKind.all.first(where: { $0.kind == kindName && $0.apiVersion == apiVersion }) else {
            let known = ResourceKind.all.map { "\($0.kind) (\($0.apiVersion))" }.joined(separator: ", ")
            throw failure("\(kindName) of \(apiVersion) is no kind that is known here; there are \(known)")
        }
        guard case .members(var metadata)? = members["metadata"], let name = metadata["name"]?.text, !name.isEmpty else {
            throw failure("the object needs metadata.name, a text")
        }
        var space = ""
        if kind.isNamespaced {
            space = metadata["namespace"]?.text ?? namespace
            metadata["namespace"] = .text(space)
        }
        // A status is the manager's to say.
        members["status"] = kind.hasStatus ? nil : members["status"]
        members["metadata"] = .members(metadata)
        key = ObjectKey(kind, space, name)
        self.value = .members(members)
        self.place = origin
    }
}
