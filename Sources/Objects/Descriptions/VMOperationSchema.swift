extension KindSchema {
    static let vmOperation = KindSchema(
        .vmOperation,
        "The journal: one change on a hypervisor, from before it is asked for until its end is known. The manager writes it; people read it.",
        [.spec(VMOperationSchema.spec), .status(VMOperationSchema.status)],
        columns: [
            Column("Operation", ".spec.operation", "What is done."),
            Column("Kind", ".spec.targetRef.kind", "Kind of the object that it is for.", isWide: true),
            Column("Target", ".spec.targetRef.name", "The object that it is for."),
            Column("Provider", ".spec.providerRef.name", "Who does it."),
            Column("Phase", ".status.phase", "How far it has come."), Column("Outcome", ".status.outcome", "How it ended."),
            Column("Code", ".status.code", "What the provider said.", isWide: true),
            Column("Message", ".status.message", "What the provider said."), .age,
        ],
        fixed: [FixedField("spec", "it says what was asked for")])
}

extension ResourceKind {
    /// Of a VMOperation: the uid of the object that it is for.
    package static let operationTargetLabel = "virtrigaud.io/target-uid"
}

enum VMOperationSchema {
    static let phase = Schema.word("Pending", "Running", "Succeeded", "Failed", "Abandoned")

    static let spec: [Field] = [
        .required("operation", ProviderSchema.operation, "What is done."),
        .required(
            "targetRef",
            .object([
                .required("kind", .text(TextRule(atLeast: 1, atMost: 63)), "Its kind."),
                Field("namespace", .text(.label), "Its namespace."),
                .required("name", .text(.subdomain), "Its name."), Field("uid", .text(atMost: 128), "Its uid."),
            ]), "The object that it is for."),
        .required(
            "providerRef",
            .object([.required("name", .text(.subdomain), "Its name."), .required("namespace", .text(.label), "Its namespace.")]),
            "Who does it."),
        Field("providerType", .text(atMost: 63), "Kind of hypervisor."),
        Field("parameters", .anyObject, "What is needed to ask again. No secret is in it."),
        Field("requestDigest", .text(atMost: 128), "Of the request, with what came from Secrets."),
        Field("startedAt", .text(.timestamp), "When it was begun."), Field("linked", .flag, "Of a clone: whether disks are to be shared."),
    ]

    static let status: [Field] = [
        Field("phase", phase, "How far it has come."), Field("taskID", .taskReference, "The provider's task."),
        .kept("attempts", .count, "How often it was asked for, which is not written down."),
        Field(
            "result",
            .object(
                ObjectShape(
                    [
                        Field("id", .text(atMost: 4096), "What the provider calls what was made."),
                        Field("path", .text(atMost: 4096), "Where it is."),
                        Field("linked", .flag, "Of a clone: whether disks are shared."),
                    ], isOpen: true)), "What was made."),
        Field("outcome", ProviderSchema.outcome, "How it ended: `failure` when the hypervisor said no, `error` when the end is not known."),
        Field("code", .text(atMost: 64), "gRPC's word for it."), .message, Field("completedAt", .text(.timestamp), "When it ended."),
    ]
}
