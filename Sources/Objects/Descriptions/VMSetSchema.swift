extension KindSchema {
    static let vmSet = KindSchema(
        .vmSet, "So many machines of one template, with numbers for names.",
        [.spec(VMSetSchema.spec), .status(VMSetSchema.status)],
        columns: [
            Column("Desired", ".spec.replicas", .whole, "How many are wanted."),
            Column("Current", ".status.replicas", .whole, "How many there are."),
            Column("Ready", ".status.readyReplicas", .whole, "How many are ready."),
            Column("Updated", ".status.updatedReplicas", .whole, "How many are of the newest template."),
            Column("Available", ".status.availableReplicas", .whole, "How many have been ready for long enough.", isWide: true), .age,
        ],
        fixed: [
            FixedField("spec.selector", "make another VMSet"), FixedField("spec.serviceName", "make another VMSet"),
            FixedField("spec.ordinals", "make another VMSet"),
        ], hasScale: true, rules: VMSetSchema.check)
}

enum VMSetSchema {
    private static let selector = Schema.object(
        [
            Field("matchLabels", .labels, "Labels and what they must be."),
            Field(
                "matchExpressions",
                .list(
                    of: .object([
                        .required("key", .text(TextRule(atLeast: 1, atMost: 317)), "Name of a label."),
                        .required("operator", .word("In", "NotIn", "Exists", "DoesNotExist"), "How it is compared."),
                        Field("values", .list(of: .text(atMost: 63), atMost: 100), "With what: of In and NotIn."),
                    ]), atMost: 50), "Further conditions."),
        ], .atLeastOne(["matchLabels", "matchExpressions"]))

    static let spec: [Field] = [
        Field("replicas", .whole(0...1000), "How many are wanted.", standard: 1),
        .required("selector", selector, "The labels of its machines. Cannot change."),
        .required(
            "template",
            .object([
                Field(
                    "metadata",
                    .object([
                        Field("labels", .labels, "Labels of its machines; the selector must match them."),
                        Field("annotations", .map(of: .text(atMost: 65_536)), "Annotations of its machines."),
                    ]), "What its machines have beside their names."),
                .required(
                    "spec", .object(ObjectShape(VirtualMachineSchema.spec, [.atMostOne(["imageRef", "importedDisk"])])),
                    "As of a VirtualMachine. Machines are replaced, and their disks are lost, when providerRef, imageRef, importedDisk, networks, userData, metaData, placement or tags change; all else changes them where they are."
                ),
            ]), "What each machine is made after."),
        Field(
            "updateStrategy",
            .object([
                Field(
                    "type", .word("RollingUpdate", "OnDelete", "Recreate"),
                    "How machines follow the template: one after the other, each when it is deleted, or all at once.",
                    standard: "RollingUpdate"),
                Field(
                    "rollingUpdate",
                    .object([
                        Field("maxUnavailable", .share, "How many may be away meanwhile: a number, or a share.", standard: "25%"),
                        .kept("maxSurge", .share, "How many more there may be meanwhile; none, as names are numbers.", standard: "25%"),
                        Field("partition", .whole(0...999_999), "Machines of lower numbers stay as they are."),
                        Field(
                            "podManagementPolicy", .word("OrderedReady", "Parallel"),
                            "Whether each waits until the one before is ready.", standard: "OrderedReady"),
                    ]), "Of the type RollingUpdate."),
            ]), "What happens when the template changes."),
        Field("minReadySeconds", .whole(0...3600), "For how long a machine must be ready to count as available.", standard: 0),
        .kept("revisionHistoryLimit", .whole(0...100), "Old templates that are kept; it is always the one before.", standard: 10),
        Field(
            "ordinals", .object([Field("start", .whole(0...999_999), "The first number.", standard: 0)]),
            "Numbers of its machines. Cannot change."),
        .kept("serviceName", .text(.subdomain), "A Service of Kubernetes. Cannot change."),
        .kept(
            "persistentVolumeClaimRetentionPolicy",
            .object([
                .kept("whenDeleted", .word("Retain", "Delete"), "When the set goes.", standard: "Retain"),
                .kept("whenScaled", .word("Retain", "Delete"), "When it shrinks.", standard: "Retain"),
            ]), "What becomes of claims."),
        .kept("volumeClaimTemplates", .list(of: .anyObject, atMost: 20), "Claims."),
    ]

    static let status: [Field] = [
        Field("replicas", .count, "How many there are."), Field("readyReplicas", .count, "How many are ready."),
        Field("availableReplicas", .count, "How many have been ready for long enough."),
        Field("currentReplicas", .count, "How many are of the template before."),
        Field("updatedReplicas", .count, "How many are of the newest template."),
        Field("currentRevision", .text(atMost: 253), "Digest of the template before."),
        Field("updateRevision", .text(atMost: 253), "Digest of the newest template."),
        Field("currentTemplate", .anyObject, "The template before, of which machines below the partition are made."),
        .message,
        .kept("collisionCount", .count, "Digests that were taken; there is none of them, as templates are not objects."),
        Field("selector", .text(atMost: 4096), "The selector as text, for kubectl scale."),
        .kept("updateStatus", .anyObject, "How far an update is: see the condition Reconfiguring and the numbers here."),
        .kept("vmStatus", .list(of: .anyObject, atMost: 1000), "How it is with each machine: see the VirtualMachines."),
    ]

    @Sendable static func check(_ object: APIObject, _ problems: inout [FieldProblem]) {
        let spec = object.spec
        VirtualMachineSchema.checkSpec(spec["template"]?["spec"] ?? .null, "spec.template.spec", hasOrigin: false, &problems)
        let before = problems.count
        let selector = LabelSelector(spec["selector"] ?? .null, "spec.selector", &problems)
        guard problems.count == before else { return }
        if selector.requirements.isEmpty {
            problems.append(
                FieldProblem("spec.selector", .invalid, "must say something, as an empty one chooses every machine of the namespace"))
        }
        var labels: [String: String] = [:]
        for member in spec["template"]?["metadata"]?["labels"]?.members ?? ObjectMembers() { labels[member.name] = member.value.text }
        if !selector.matches(labels) {
            problems.append(FieldProblem("spec.template.metadata.labels", .invalid, "must be labels that spec.selector matches"))
        }
        if let strategy = spec["updateStrategy"], strategy["rollingUpdate"].map({ !$0.isNull }) ?? false,
            let type = strategy["type"]?.text, type != "RollingUpdate"
        {
            problems.append(FieldProblem("spec.updateStrategy.rollingUpdate", .invalid, "says nothing, as the type is \(type)"))
        }
    }
}
