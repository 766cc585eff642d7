extension KindSchema {
    static let vmClone = KindSchema(
        .vmClone, "A machine that is made from another. The machine stays when this object goes.",
        [.spec(VMCloneSchema.spec), .status(VMCloneSchema.status)],
        columns: [
            Column("Source", ".spec.source.vmRef.name", "The machine that it is made from."),
            Column("Target", ".status.targetRef.name", "The machine that is made."),
            Column("Phase", ".status.phase", "How far it has come."),
            .condition("Ready"), Column("Type", ".status.actualCloneType", "How it was made.", isWide: true), .reason(of: "Ready"), .age,
        ],
        fixed: [FixedField("spec", "make another VMClone")], rules: VMCloneSchema.check)
}

enum VMCloneSchema {
    static let phase = Schema.word("Pending", "Preparing", "Cloning", "Customizing", "Powering-On", "Ready", "Failed")

    private static let password = Schema.object(
        [
            .kept("value", .text(atMost: 255), "The password itself; better in a Secret."),
            .kept("secretRef", .localReference, "A Secret."),
            .kept("secretKey", .text(.key), "Member of the Secret.", standard: "password"),
        ], .exactlyOne(["value", "secretRef"]))

    /// As of a machine, but that the guest is told all of it, and that nothing is plugged in otherwise than the source's.
    private static let cards = Schema.list(
        of: .object([
            .required("name", .text(.label), "What the machine calls the card; each has its own."),
            Field("networkRef", .reference, "The VMNetworkAttachment of the source's card; the clone fails when it is another one."),
            Field("ipAddress", .text(.ipAddress), "An address that the guest is to have; without it, it asks for one."),
            Field("prefix", .whole(1...128), "Length of the network's prefix: 24 of 192.0.2.7/24."),
            Field("gateway", .text(.ipAddress), "Where the guest sends what is for elsewhere."),
            Field("dns", .text(.ipAddresses), "Name servers, with commas between them."),
            Field("macAddress", .text(.macAddress), "Not to be said: each clone gets one of its own, and fails when it is."),
        ]), by: "name", atMost: 10)

    private static let sysprep: [Field] = [
        Field("enabled", .flag, "Whether it is wanted. The clone fails then, and says so, as no provider does it.", standard: false),
        .kept("productKey", .text(atMost: 64), "Key of the product."),
        .kept("organization", .text(atMost: 255), "Organization."), .kept("owner", .text(atMost: 255), "Owner."),
        .kept("adminPassword", password, "The administrator's password."),
        .kept(
            "joinDomain",
            .object([
                .required("domain", .text(.hostname), "Domain."), .required("username", .text(atMost: 255), "Who joins."),
                .required("password", password, "Password of who joins."), .kept("organizationalUnit", .text(atMost: 500), "Unit."),
            ]), "Domain to join."),
        .kept("customCommands", .list(of: .text(atMost: 4096), atMost: 20), "Commands."),
    ]

    private static let customization: [Field] = [
        Field("hostname", .text(.hostname), "Name of the guest."), Field("domain", .text(.hostname), "Domain of the guest."),
        Field("timeZone", .text(atMost: 100), "Time zone of the guest."),
        Field(
            "networks",
            .list(
                of: .object([
                    .required("name", .text(atMost: 255), "Name of the card."), Field("ipAddress", .text(.ipAddress), "Its address."),
                    Field("subnetMask", .text(.ipAddress), "Mask of its network."), Field("gateway", .text(.ipAddress), "Gateway."),
                    Field("dns", .list(of: .text(.ipAddress), atMost: 5), "Name servers."),
                    Field("macAddress", .text(.macAddress), "The card's address."), Field("dhcp", .flag, "Whether it asks for an address."),
                ]), by: "name", atMost: 10), "Cards of the guest."),
        Field("userData", .userData, "What sets the guest up."),
        Field("sysprep", .object(sysprep), "Windows' sysprep. Not done: the clone fails, and says so."),
        Field("tags", .list(of: .text(atMost: 255), atMost: 50), "Words to find it by on the hypervisor."),
        Field(
            "guestCommands",
            .list(
                of: .object([
                    .required("command", .text(atMost: 1000), "Program."),
                    .kept("arguments", .list(of: .text(atMost: 4096), atMost: 20), "Arguments."),
                    .kept("workingDirectory", .text(atMost: 500), "Where."), .kept("runAsUser", .text(atMost: 255), "As whom."),
                    .kept("timeout", .text(.duration), "How long it may take.", standard: "5m"),
                    .kept("stage", .word("pre-customization", "post-customization", "first-boot"), "When.", standard: "post-customization"),
                ]), atMost: 20), "Programs to run in the guest. Not done: the clone fails, and says so."),
        Field(
            "certificates",
            .list(
                of: .object([
                    .required("name", .text(atMost: 255), "Its name."), .kept("data", .text(atMost: 65_536), "PEM."),
                    .kept("secretRef", .localReference, "A Secret."),
                    .kept("secretKey", .text(.key), "Member of the Secret.", standard: "tls.crt"),
                    .kept("store", .word("root", "ca", "my", "trust"), "Where it goes.", standard: "root"),
                ]), atMost: 10), "Certificates for the guest. Not done: the clone fails, and says so."),
    ]

    static let spec: [Field] = [
        .required(
            "source",
            .object(
                [
                    Field("vmRef", .localReference, "A machine of this namespace."),
                    Field("snapshotRef", .localReference, "A VMSnapshot of this namespace. Not done yet: the clone fails, and says so."),
                    Field("templateRef", .reference, "A template. Not done yet: the clone fails, and says so."),
                    Field("imageRef", .reference, "A VMImage. Not done: the clone fails, and says so; make a VirtualMachine of it."),
                ], .exactlyOne(["vmRef", "snapshotRef", "templateRef", "imageRef"])), "What it is made from."),
        .required(
            "target",
            .object([
                .required("name", .text(.label), "Name of the new VirtualMachine."),
                Field("namespace", .text(.label), "Its namespace; without it, that of this object."),
                Field("providerRef", .reference, "Its Provider: that of the source, as machines are not cloned from one to another."),
                Field("classRef", .reference, "Its VMClass; without it, the source's."),
                .kept("placementRef", .localReference, "A VMPlacementPolicy."),
                Field("networks", cards, "What its guest is told of its cards, which are on the source's networks, in their order."),
                Field("disks", .disks, "Its disks; without them, the source's."),
                Field("labels", .labels, "Its labels."), Field("annotations", .map(of: .text(atMost: 65_536)), "Its annotations."),
            ]), "The machine that is made."),
        Field(
            "options",
            .object([
                Field(
                    "type", .word("FullClone", "LinkedClone", "InstantClone"),
                    "Whether disks are copied or shared. What a provider cannot do is refused.", standard: "FullClone"),
                Field("powerOn", .flag, "Whether it is to run.", standard: false),
                .kept("includeSnapshots", .flag, "Whether snapshots come along.", standard: false),
                .kept("parallel", .flag, "Whether disks are copied at the same time.", standard: false),
                Field("timeout", .text(.duration), "How long each try may take. What comes of it later is taken away.", standard: "30m"),
                Field(
                    "retryPolicy",
                    .object([
                        Field("maxRetries", .whole(0...10), "How often it is tried again.", standard: 3),
                        Field("retryDelay", .text(.duration), "How long after.", standard: "5m"),
                        Field("backoffMultiplier", .whole(1...10), "By how much that grows each time.", standard: 2),
                    ]), "What to do when it fails."),
                .kept(
                    "storage",
                    .object([
                        .kept("preferThinProvisioning", .flag, "Whether room is set aside when it is needed only.", standard: true),
                        .kept("diskFormat", .word("thin", "thick", "eagerzeroedthick", "ssd", "hdd", "nvme"), "How room is set aside."),
                        .kept("storageClass", .text(atMost: 253), "Kind of storage."), .kept("datastore", .text(atMost: 255), "Datastore."),
                        .kept("folder", .text(atMost: 255), "Folder."),
                        .kept("enableCompression", .flag, "Whether it is compressed.", standard: false),
                    ]), "Where disks go."),
                .kept(
                    "performance",
                    .object([
                        .kept("priority", .word("Low", "Normal", "High"), "Its weight.", standard: "Normal"),
                        .kept("ioThrottling", .flag, "Whether it is slowed down.", standard: false),
                        .kept("maxIOPS", .whole(100...100_000), "Most requests in a second."),
                        .kept("concurrentDisks", .whole(1...10), "Disks at the same time.", standard: 2),
                    ]), "How fast."),
            ]), "How it is made."),
        Field("customization", .object(customization), "What is to be different in the guest."),
        .kept(
            "metadata",
            .object([
                .kept("purpose", .word("backup", "testing", "migration", "development", "production", "staging"), "What it is for."),
                .kept("createdBy", .text(atMost: 255), "Who made it."), .kept("project", .text(atMost: 255), "Project."),
                .kept("environment", .word("dev", "staging", "prod", "test"), "Environment."), .kept("tags", .texts, "Words."),
            ]), "What people say of it."),
    ]

    static let status: [Field] = [
        Field(
            "targetRef",
            .object(
                ObjectShape(
                    [Field("name", .text(atMost: 253), "Its name."), Field("namespace", .text(atMost: 63), "Its namespace.")], isOpen: true)
            ),
            "The machine that is made."),
        Field("targetID", .text(atMost: 1024), "What the provider calls it."), Field("phase", phase, "How far it has come."), .message,
        Field("taskRef", .taskReference, "The task that it waits for."), Field("startTime", .text(.timestamp), "When it was begun."),
        Field("completionTime", .text(.timestamp), "When it was there."),
        Field("actualCloneType", .word("FullClone", "LinkedClone", "InstantClone"), "How it was made."),
        Field("retryCount", .count, "How often it was tried again."),
        Field("lastRetryTime", .text(.timestamp), "When it was tried again last."),
        Field("nextRetryTime", .text(.timestamp), "When it is tried again."),
        Field("lastOperation", .text(atMost: 253), "Name of the VMOperation that was begun last."),
        Field(
            "formerOperation", .text(atMost: 253), "Name of the VMOperation that is not waited for any more, as it failed or took too long."
        ),
        .kept("progress", .anyObject, "How far it is, which providers do not say."),
    ]

    @Sendable static func check(_ object: APIObject, _ problems: inout [FieldProblem]) {
        VirtualMachineSchema.checkNetworks(object.spec["target"]?["networks"], "spec.target.networks", &problems)
        let (target, source) = (object.spec["target"], object.spec["source"]?["vmRef"]?["name"]?.text)
        let namespace = target?["namespace"]?.text ?? object.metadata.namespace
        if let source, target?["name"]?.text == source, namespace == object.metadata.namespace {
            problems.append(FieldProblem("spec.target.name", .invalid, "must differ from the source's, which is \"\(source)\" too"))
        }
    }
}
