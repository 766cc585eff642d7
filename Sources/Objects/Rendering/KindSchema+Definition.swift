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
                        "additionalPrinterColumns": .list(columns.map(\.value)), "schema": ["openAPIV3Schema": wholeOpenAPI],
                    ]
                ],
            ],
        ]
    }

    /// `kubectl get virtrigaud` shows all that we keep.
    package static let categories = ["virtrigaud"]

    /// The object as OpenAPI of version 3, but for what all kinds have: `apiVersion`, `kind` and `metadata`.
    package var openAPI: ObjectValue {
        var members = shape.openAPI
        members["description"] = .text(description)
        return .members(members)
    }

    private var wholeOpenAPI: ObjectValue {
        var (whole, properties) = (openAPI, shape.openAPI["properties"] ?? [:])
        properties.set("apiVersion", ["type": "string", "description": .text("Group and version: \(kind.apiVersion).")])
        properties.set("kind", ["type": "string", "description": .text("The kind: \(kind.kind).")])
        properties.set("metadata", ["type": "object"])
        whole.set("properties", properties)
        return whole
    }
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
