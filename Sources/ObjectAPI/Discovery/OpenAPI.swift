import Objects

/// The kinds as OpenAPI describes them, in version 2 (Swagger) or 3: definitions of the objects, and as much of the paths as clients look for,
/// which is what options a request may have.
struct OpenAPI {
    enum Form {
        case two, three
    }

    private let kinds: [(ResourceKind, KindRules)]
    private let form: Form

    init(_ kinds: [(ResourceKind, KindRules)], form: Form) {
        self.kinds = kinds
        self.form = form
    }

    var document: ObjectValue {
        let info: ObjectValue = ["title": "martlet-manager", "version": "v1beta1"]
        let definitions = ObjectValue.members(
            ObjectMembers(kinds.map { (Self.name(of: $0.0), definition($0.0, $0.1)) } + [(Self.metadataName, Self.metadata)]))
        let paths = ObjectValue.members(ObjectMembers(kinds.flatMap { self.paths(of: $0.0) }))
        return switch form {
        case .two: ["swagger": "2.0", "info": info, "paths": paths, "definitions": definitions]
        case .three: ["openapi": "3.0.0", "info": info, "paths": paths, "components": ["schemas": definitions]]
        }
    }

    // MARK: definitions

    private static let metadataName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

    /// The group's words turned around, as kube-apiserver has them: `io.virtrigaud.infra.v1beta1.VirtualMachine`.
    private static func name(of kind: ResourceKind) -> String {
        guard !kind.group.isEmpty else { return "io.k8s.api.core.\(kind.version).\(kind.kind)" }
        return kind.group.split(separator: ".").reversed().joined(separator: ".") + ".\(kind.version).\(kind.kind)"
    }

    private func reference(_ name: String) -> ObjectValue {
        let reference: ObjectValue = ["$ref": .text((form == .two ? "#/definitions/" : "#/components/schemas/") + name)]
        // In version 3 nothing may stand beside a reference.
        return form == .two ? reference : ["allOf": [reference], "default": .members(ObjectMembers())]
    }

    private func definition(_ kind: ResourceKind, _ rules: KindRules) -> ObjectValue {
        var definition = (form == .two ? rules.schema.asVersionTwo : rules.schema).members ?? ObjectMembers()
        var properties = definition["properties"]?.members ?? ObjectMembers()
        properties["apiVersion"] = ["type": "string", "description": .text("The version of the kind: \(kind.apiVersion).")]
        properties["kind"] = ["type": "string", "description": .text("The kind: \(kind.kind).")]
        properties["metadata"] = reference(Self.metadataName)
        definition["type"] = "object"
        definition["properties"] = .members(properties)
        definition["x-kubernetes-group-version-kind"] = [Self.groupVersionKind(kind)]
        return .members(definition)
    }

    private static func groupVersionKind(_ kind: ResourceKind) -> ObjectValue {
        ["group": .text(kind.group), "version": .text(kind.version), "kind": .text(kind.kind)]
    }

    private static var metadata: ObjectValue {
        func text(_ description: String) -> ObjectValue { ["type": "string", "description": .text(description)] }
        func time(_ description: String) -> ObjectValue { ["type": "string", "format": "date-time", "description": .text(description)] }
        func whole(_ description: String) -> ObjectValue { ["type": "integer", "format": "int64", "description": .text(description)] }
        func texts(_ description: String) -> ObjectValue {
            ["type": "object", "additionalProperties": ["type": "string"], "description": .text(description)]
        }
        let owner: ObjectValue = [
            "type": "object", "required": ["apiVersion", "kind", "name", "uid"],
            "properties": [
                "apiVersion": text("Version of the owner's kind."), "kind": text("Kind of the owner."), "name": text("Name of the owner."),
                "uid": text("The owner's uid."), "controller": ["type": "boolean", "description": "Whether it controls the object."],
                "blockOwnerDeletion": ["type": "boolean", "description": "Whether the owner waits for the object to go."],
            ],
        ]
        return [
            "type": "object", "description": "Who an object is and how far it has come.",
            "properties": [
                "name": text("Unique within a namespace and kind; it cannot be changed."),
                "generateName": text("What the server begins a name with where none is given."),
                "namespace": text("Where the object is; it cannot be changed."),
                "uid": text("The one thing that no other object has ever had."),
                "resourceVersion": text("Of this state of the object."), "generation": whole("Counts changes of what is wanted."),
                "creationTimestamp": time("When the object was made."), "deletionTimestamp": time("When it was asked to go."),
                "deletionGracePeriodSeconds": whole("Always 0."),
                "finalizers": [
                    "type": "array", "items": ["type": "string"], "description": "Who has something to do before the object goes.",
                ],
                "labels": texts("Names and values by which objects are chosen."),
                "annotations": texts("Names and values that others have put there."),
                "ownerReferences": ["type": "array", "items": owner, "description": "Objects that this one belongs to."],
                "managedFields": ["type": "array", "items": ["type": "object"], "description": "Not kept."],
                "selfLink": text("Not kept."), "clusterName": text("Not kept."),
            ],
        ]
    }

    // MARK: paths

    private func paths(of kind: ResourceKind) -> [(String, ObjectValue)] {
        let root = kind.group.isEmpty ? "/api/\(kind.version)" : "/apis/\(kind.group)/\(kind.version)"
        let collection = kind.isNamespaced ? "\(root)/namespaces/{namespace}/\(kind.plural)" : "\(root)/\(kind.plural)"
        func operation(_ action: String, _ parameters: [String]) -> ObjectValue {
            [
                "parameters": .list(parameters.map(parameter)), "responses": ["200": ["description": "OK"]],
                "x-kubernetes-action": .text(action), "x-kubernetes-group-version-kind": Self.groupVersionKind(kind),
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
        switch form {
        case .two: ["name": .text(name), "in": "query", "type": "string"]
        case .three: ["name": .text(name), "in": "query", "schema": ["type": "string"]]
        }
    }
}

extension ObjectValue {
    /// Without what version 2 has no word for.
    fileprivate var asVersionTwo: ObjectValue {
        switch self {
        case .list(let list): return .list(list.map(\.asVersionTwo))
        case .members(let members):
            // A property may be called so.
            var plain = ObjectMembers()
            for member in members {
                switch member.name {
                case "properties":
                    plain["properties"] = .members(
                        ObjectMembers((member.value.members ?? ObjectMembers()).map { ($0.name, $0.value.asVersionTwo) }))
                case "oneOf", "anyOf", "not", "nullable": continue
                case "default", "enum", "example": plain[member.name] = member.value
                default: plain[member.name] = member.value.asVersionTwo
                }
            }
            return .members(plain)
        default: return self
        }
    }
}
