import Objects

/// The kinds as OpenAPI describes them, in version 2 (Swagger) or 3: definitions of the objects, and as much of the paths as clients look for,
/// which is what options a request may have.
struct OpenAPI {
    private let kinds: [ResourceKind]
    private let dialect: SchemaDialect

    init(_ kinds: [ResourceKind], _ dialect: SchemaDialect) {
        self.kinds = kinds
        self.dialect = dialect
    }

    var document: ObjectValue {
        let info: ObjectValue = ["title": "martlet-manager", "version": "v1beta1"]
        let others = KindSchema.all.filter { !kinds.contains($0.kind) }.map(\.definitionName)
        let known = KindSchema.definitions(dialect).filter { !others.contains($0.name) }
        let definitions = ObjectValue.members(ObjectMembers(known.map { ($0.name, $0.value) }))
        let paths = ObjectValue.members(ObjectMembers(kinds.flatMap { self.paths(of: $0) }))
        return switch dialect {
        case .openAPI2: ["swagger": "2.0", "info": info, "paths": paths, "definitions": definitions]
        case .openAPI3, .definition: ["openapi": "3.0.0", "info": info, "paths": paths, "components": ["schemas": definitions]]
        }
    }

    // MARK: paths

    private func paths(of kind: ResourceKind) -> [(String, ObjectValue)] {
        let root = kind.group.isEmpty ? "/api/\(kind.version)" : "/apis/\(kind.group)/\(kind.version)"
        let collection = kind.isNamespaced ? "\(root)/namespaces/{namespace}/\(kind.plural)" : "\(root)/\(kind.plural)"
        func operation(_ action: String, _ parameters: [String]) -> ObjectValue {
            [
                "parameters": .list(parameters.map(parameter)), "responses": ["200": ["description": "OK"]],
                "x-kubernetes-action": .text(action),
                "x-kubernetes-group-version-kind": [
                    "group": .text(kind.group), "version": .text(kind.version), "kind": .text(kind.kind),
                ],
            ]
        }
        let writing = ["dryRun", "fieldManager", "fieldValidation"]
        return [
            (
                collection,
                [
                    "get": operation("list", ["labelSelector", "fieldSelector", "watch", "resourceVersion"]),
                    "post": operation("post", writing),
                ]
            ),
            (
                "\(collection)/{name}",
                [
                    "get": operation("get", []), "put": operation("put", writing), "patch": operation("patch", writing),
                    "delete": operation("delete", ["dryRun", "propagationPolicy"]),
                ]
            ),
        ]
    }

    private func parameter(_ name: String) -> ObjectValue {
        switch dialect {
        case .openAPI2: ["name": .text(name), "in": "query", "type": "string"]
        case .openAPI3, .definition: ["name": .text(name), "in": "query", "schema": ["type": "string"]]
        }
    }
}
