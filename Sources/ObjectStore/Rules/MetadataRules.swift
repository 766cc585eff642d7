package import Objects

/// What metadata may say, of all kinds alike.
package enum MetadataRules {
    /// Of names and values together.
    package static let annotationBytes = 256 << 10

    /// Labels of an object, and so annotations, finalizers and owners: more than any tool writes, and few enough to look at each.
    package static let mostLabels = 256
    package static let mostAnnotations = 1000
    package static let mostFinalizers = 100
    package static let mostOwners = 100

    /// - Parameter metadata: with the name that the object will have.
    package static func problems(_ metadata: ObjectMetadata, of kind: ResourceKind) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        for (name, count, limit) in [
            ("labels", metadata.labels.count, mostLabels), ("annotations", metadata.annotations.count, mostAnnotations),
            ("finalizers", metadata.finalizers.count, mostFinalizers), ("ownerReferences", metadata.ownerReferences.count, mostOwners),
        ] where count > limit {
            problems.append(FieldProblem("metadata.\(name)", .tooMany, "must be \(limit) at most, are \(count)"))
        }
        guard problems.isEmpty else { return problems }
        checkNames(metadata, kind, &problems)
        checkLabels(metadata, &problems)
        for (index, finalizer) in metadata.finalizers.enumerated() where !NameRules.isQualifiedName(finalizer) {
            problems.append(FieldProblem("metadata.finalizers[\(index)]", .invalid, qualifiedNameText))
        }
        checkOwners(metadata.ownerReferences, &problems)
        return Array(problems.prefix(mostProblems))
    }

    /// Who has more than these has enough to mend.
    private static let mostProblems = 20

    private static func path(_ part: String, _ name: String) -> String {
        "metadata.\(part)[\(name.utf8.count <= 320 ? name : String(name.prefix(40)) + "…")]"
    }

    private static let subdomainText =
        "must be 1 to 253 lower-case letters, digits, '-' and '.', with a letter or digit around each '.' and at both ends"
    private static let qualifiedNameText =
        "must be 1 to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends, and may have a domain and '/' before it: example.com/name"

    private static func checkNames(_ metadata: ObjectMetadata, _ kind: ResourceKind, _ problems: inout [FieldProblem]) {
        if !metadata.generateName.isEmpty, !NameRules.isPrefix(metadata.generateName) {
            problems.append(FieldProblem("metadata.generateName", .invalid, subdomainText))
        }
        if metadata.name.isEmpty {
            problems.append(FieldProblem("metadata.name", .required, "an object needs a name or a generateName"))
        } else if !NameRules.isSubdomain(metadata.name) {
            problems.append(FieldProblem("metadata.name", .invalid, subdomainText))
        }
        if !kind.isNamespaced {
            if !metadata.namespace.isEmpty {
                problems.append(FieldProblem("metadata.namespace", .forbidden, "objects of this kind are in no namespace"))
            }
        } else if metadata.namespace.isEmpty {
            problems.append(FieldProblem("metadata.namespace", .required, "objects of this kind are in a namespace"))
        } else if !NameRules.isLabel(metadata.namespace) {
            problems.append(
                FieldProblem(
                    "metadata.namespace", .invalid,
                    "must be 1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends"))
        }
    }

    private static func checkLabels(_ metadata: ObjectMetadata, _ problems: inout [FieldProblem]) {
        for (name, value) in metadata.labels.sorted(by: { $0.key < $1.key }) {
            if !NameRules.isQualifiedName(name) { problems.append(FieldProblem(path("labels", name), .invalid, qualifiedNameText)) }
            if !NameRules.isLabelValue(value) {
                problems.append(
                    FieldProblem(
                        path("labels", name), .invalid,
                        "a value must be empty, or 1 to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"))
            }
        }
        var bytes = 0
        for (name, value) in metadata.annotations.sorted(by: { $0.key < $1.key }) {
            bytes += name.utf8.count + value.utf8.count
            // Annotations may have a prefix in capitals, unlike labels.
            if !NameRules.isQualifiedName(name.lowercased()) {
                problems.append(FieldProblem(path("annotations", name), .invalid, qualifiedNameText))
            }
        }
        if bytes > annotationBytes {
            problems.append(FieldProblem("metadata.annotations", .invalid, "must be \(annotationBytes) bytes at most, are \(bytes)"))
        }
    }

    private static func checkOwners(_ owners: [OwnerReference], _ problems: inout [FieldProblem]) {
        for (index, owner) in owners.enumerated() {
            let path = "metadata.ownerReferences[\(index)]"
            let parts = owner.apiVersion.split(separator: "/", omittingEmptySubsequences: false)
            if parts.count > 2 || parts.last?.isEmpty != false {
                problems.append(FieldProblem("\(path).apiVersion", .invalid, "must be a version, or a group, '/' and a version"))
            }
            for (name, value) in [("kind", owner.kind), ("name", owner.name), ("uid", owner.uid)] where value.isEmpty {
                problems.append(FieldProblem("\(path).\(name)", .required, "must be a text that is not empty"))
            }
        }
        if owners.count(where: \.isController) > 1 {
            problems.append(FieldProblem("metadata.ownerReferences", .invalid, "one owner at most may be the controller"))
        }
    }
}
