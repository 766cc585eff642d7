extension KindSchema {
    /// The kind as a CustomResourceDefinition (apiextensions.k8s.io/v1), which a kube-apiserver takes from 1.16 on. Nil for a kind of Kubernetes' own.
    package var customResourceDefinition: ObjectValue? {
        guard !kind.group.isEmpty else { return nil }
        var subresources: ObjectMembers = ["status": [:]]
        if hasScale {
            subresources["scale"] = [
                "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector",
            ]
        }
        var names: ObjectMembers = [
            "kind": .text(kind.kind), "listKind": .text("\(kind.kind)List"), "plural": .text(kind.plural), "singular": .text(kind.singular),
            "categories": .list(Self.categories.map { .text($0) }),
        ]
        if !kind.shortNames.isEmpty { names["shortNames"] = .list(kind.shortNames.map { .text($0) }) }
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": .text(kind.qualifiedName)],
            "spec": [
                "group": .text(kind.group), "names": .members(names), "scope": .text(kind.isNamespaced ? "Namespaced" : "Cluster"),
                "versions": [
                    [
                        "name": .text(kind.version), "served": true, "storage": true, "subresources": .members(subresources),
                        "additionalPrinterColumns": .list(columns.map(\.value)), "schema": ["openAPIV3Schema": openAPI(.definition)],
                    ]
                ],
            ],
        ]
    }

    /// `kubectl get virtrigaud` shows all that we keep.
    package static let categories = ["virtrigaud"]

    /// All CustomResourceDefinitions by the names of their files.
    package static var definitionFiles: [(name: String, text: String)] {
        all.compactMap { schema in
            schema.customResourceDefinition.map {
                (
                    "\(schema.kind.group)_\(schema.kind.plural).yaml",
                    "# Made by `make docs` from the schemas in the program; see docs/objects.md.\n\($0.yaml)"
                )
            }
        }
    }

    /// The whole object as a schema.
    package func openAPI(_ dialect: SchemaDialect) -> ObjectValue {
        var members = shape.openAPI(dialect)
        var properties = members["properties"]?.members ?? ObjectMembers()
        properties["apiVersion"] = ["type": "string", "description": .text("Group and version: \(kind.apiVersion).")]
        properties["kind"] = ["type": "string", "description": .text("The kind: \(kind.kind).")]
        properties["metadata"] = dialect == .definition ? ["type": "object"] : Self.metadata(dialect)
        members["properties"] = .members(properties)
        members["description"] = .text(description)
        if dialect != .definition {
            members["x-kubernetes-group-version-kind"] = [
                ["group": .text(kind.group), "version": .text(kind.version), "kind": .text(kind.kind)]
            ]
        }
        return .members(members)
    }

    /// All kinds as definitions of OpenAPI, by the names that a kube-apiserver gives them: `io.virtrigaud.infra.v1beta1.VirtualMachine`.
    ///
    /// They are `definitions` of `/openapi/v2`, and `components.schemas` of `/openapi/v3`.
    package static func definitions(_ dialect: SchemaDialect) -> ObjectMembers {
        var members: ObjectMembers = [metadataName: .members(ObjectMembers(metadataSchema.openAPI(dialect).map { ($0.name, $0.value) }))]
        for schema in all { members[schema.definitionName] = schema.openAPI(dialect) }
        return members
    }

    package var definitionName: String {
        if kind.group.isEmpty { return "io.k8s.api.core.\(kind.version).\(kind.kind)" }
        return (kind.group.split(separator: ".").reversed() + [Substring(kind.version), Substring(kind.kind)]).joined(separator: ".")
    }

    private static let metadataName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

    private static func metadata(_ dialect: SchemaDialect) -> ObjectValue {
        ["$ref": .text(dialect == .openAPI2 ? "#/definitions/\(metadataName)" : "#/components/schemas/\(metadataName)")]
    }

    private static let metadataSchema = ObjectShape(
        [
            Field("name", .text(.subdomain), "Its name, which no other object of its kind and namespace has."),
            Field("generateName", .text(atMost: 253), "What a name begins with that the store shall find."),
            Field("namespace", .text(.label), "Its namespace."), Field("uid", .text, "What no other object ever had or will have."),
            Field("resourceVersion", .text, "Of this state of the object."),
            Field("generation", .bytes, "Counts changes of what is wanted."),
            Field("creationTimestamp", .text(.timestamp), "When it was made."),
            Field("deletionTimestamp", .text(.timestamp), "When it was asked to go."),
            Field("deletionGracePeriodSeconds", .bytes, "How long it may take to go."),
            Field("finalizers", .list(of: .text), "Who has still to do something before it goes."),
            Field("labels", .map(of: .text(atMost: 63), atMost: 1000), "Words to choose it by."),
            Field("annotations", .map(of: .text, atMost: 1000), "Words to keep with it."),
            Field(
                "ownerReferences",
                .list(
                    of: .object([
                        .required("apiVersion", .text, "Its group and version."), .required("kind", .text, "Its kind."),
                        .required("name", .text, "Its name."), .required("uid", .text, "Its uid."),
                        Field("controller", .flag, "Whether it is the one that looks after this object."),
                        Field("blockOwnerDeletion", .flag, "Whether it stays until this object is gone."),
                    ])), "Objects that it belongs to."), Field("managedFields", .list(of: .anyObject), "Who said what."),
            Field("selfLink", .text, "Not used."), Field("clusterName", .text, "Not used."),
        ])
}

extension Column {
    fileprivate var value: ObjectValue {
        var members: ObjectMembers = [
            "name": .text(name), "type": .text(form.rawValue), "jsonPath": .text(path), "description": .text(description),
        ]
        if priority > 0 { members["priority"] = .whole(Int64(priority)) }
        return .members(members)
    }
}
