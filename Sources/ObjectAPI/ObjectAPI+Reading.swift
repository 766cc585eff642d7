import Objects
import ObjectStore
import Primitives
import Web

extension ObjectAPI {
    func list(_ request: HTTPServerRequest, _ place: ResourcePlace, _ options: RequestOptions) async throws(StoreError)
        -> HTTPServerResponse
    {
        var list = try await store.list(place.kind, in: place.namespace, options.labels)
        if options.resourceVersionMatch == "Exact", options.resourceVersion != list.resourceVersion {
            throw StoreError(.expired, "only the present state can be listed, and that has version \(list.resourceVersion)")
        }
        list.items.removeAll { !options.fields.matches($0.metadata) }
        switch try AnswerForm(accept: request.headers["Accept"]) {
        case .table: return value(table(of: place.kind, options).table(list.items, resourceVersion: list.resourceVersion), options)
        case .json, .yaml:
            return try form(
                Self.list(place.kind.kind, place.kind.apiVersion, list.items.map(\.value), list.resourceVersion), request)
        }
    }

    static func list(_ kind: String, _ apiVersion: String, _ items: [ObjectValue], _ version: String) -> ObjectValue {
        [
            "kind": .text("\(kind)List"), "apiVersion": .text(apiVersion), "metadata": ["resourceVersion": .text(version)],
            "items": .list(items),
        ]
    }

    // MARK: namespaces

    /// Namespaces are names and nothing else: one is there while an object is in it, and `default` always.
    func namespaces(_ request: HTTPServerRequest, _ name: String?) async throws(StoreError) -> HTTPServerResponse {
        let options = try RequestOptions(request)
        guard !options.isWatch else { throw StoreError(.methodNotAllowed, "namespaces cannot be watched here") }
        var (names, version) = (Set(["default"]), "")
        for kind in kinds where kind.isNamespaced {
            let list = try await store.list(kind)
            names.formUnion(list.items.map(\.metadata.namespace))
            version = list.resourceVersion
        }
        let objects = names.sorted().map {
            APIObject(Self.namespace, ObjectMetadata(name: $0), ObjectMembers([("status", ["phase": "Active"] as ObjectValue)]))
        }
        if let name {
            guard let object = objects.first(where: { $0.metadata.name == name }) else {
                throw .notFound(ObjectKey(Self.namespace, "", name))
            }
            return try self.object(object, request, options)
        }
        let chosen = objects.filter { options.labels.matches($0.metadata.labels) && options.fields.matches($0.metadata) }
        if try AnswerForm(accept: request.headers["Accept"]) == .table {
            let status = Column("Status", ".status.phase", "Active, as nobody ends one.")
            let table = TableAnswer(columns: [.objectName, status], includesObject: options.includesObject, now: clock.unixSeconds)
            return value(table.table(chosen, resourceVersion: version), options)
        }
        return try form(Self.list("Namespace", "v1", chosen.map(\.value), version), request)
    }

    static let namespace = ResourceKind(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", shortNames: ["ns"], isNamespaced: false, hasStatus: false)
}
