extension KindSchema {
    static let provider = KindSchema(
        .provider, "A process that speaks for one hypervisor, and how it is called.",
        [.spec(ProviderSchema.spec), .status(ProviderSchema.status)],
        columns: [
            Column("Type", ".spec.type", "Kind of hypervisor."),
            Column("Healthy", ".status.healthy", .flag, "Whether it answers, and its hypervisor too."),
            .condition("Ready"),
            Column("VMs", ".status.connectedVMs", .whole, "Number of machines that name it."),
            Column("Endpoint", ".spec.endpoint", "Where it answers."),
            Column("Checked", ".status.lastHealthCheck", .date, "How long ago it was looked at.", isWide: true),
            .reason(of: "Ready"),
            .age,
        ],
        rules: ProviderSchema.check)
}

enum ProviderSchema {
    static let operation = Schema.word(
        "Create", "Delete", "Power", "Reconfigure", "SnapshotCreate", "SnapshotDelete", "SnapshotRevert", "Clone", "ImagePrepare")
    static let outcome = Schema.word("success", "failure", "error")
    static let type = Schema.word("libvirt", "proxmox", "vsphere", "simulated", "qemu", "firecracker")

    private static let healthCheck: [Field] = [
        Field("enabled", .flag, "Whether it is looked at at all.", standard: true),
        Field("interval", .text(.duration), "How often.", standard: "30s"),
        Field("timeout", .text(.duration), "How long an answer may take.", standard: "10s"),
        Field("failureThreshold", .whole(1...10), "After how many bad answers it is not healthy any more.", standard: 3),
        Field("successThreshold", .whole(1...10), "After how many good answers it is healthy again.", standard: 1),
    ]

    private static let tls: [Field] = [
        Field("enabled", .flag, "Whether calls go over TLS.", standard: true),
        Field("secretRef", .localReference, "A Secret of this namespace with `ca.crt`, `tls.crt` and `tls.key`."),
        Field(
            "insecureSkipVerify", .flag, "Whether any certificate will do. Such a provider is not called, and the condition Ready says so.",
            standard: false),
    ]

    private static let runtime: [Field] = [
        .kept("mode", .word("Remote", "InProcess"), "How it runs. It is always a process of its own, which somebody else starts."),
        .kept("image", .text(.containerImage), "Image of its container."),
        .kept("imagePullPolicy", .word("Always", "Never", "IfNotPresent"), "When its image is fetched."),
        .kept("imagePullSecrets", .list(of: .localReference, atMost: 10), "Secrets to fetch its image with."),
        .kept("replicas", .whole(1...10), "How many run.", standard: 1),
        Field(
            "service",
            .object([
                .kept("port", .whole(1...65535), "Its port.", standard: 9443),
                Field("tls", .object(tls), "TLS of the calls. Without it, `unix:` addresses are called plainly, and others are refused."),
            ]), "How it is called."),
        .kept("resources", .anyObject, "What its container may use."), .kept("nodeSelector", .texts, "Where its container may run."),
        .kept("tolerations", .list(of: .anyObject, atMost: 20), "Where its container may run."),
        .kept("affinity", .anyObject, "Where its container may run."), .kept("securityContext", .anyObject, "What its container may do."),
        .kept("env", .list(of: .anyObject, atMost: 50), "Variables of its container."),
        .kept("livenessProbe", .anyObject, "Whether it lives."),
        .kept("readinessProbe", .anyObject, "Whether it is ready."),
    ]

    static let spec: [Field] = [
        .required("type", type, "The kind of hypervisor."),
        .required(
            "endpoint", .text(.endpoint),
            "The address where the provider's process answers: `unix:///PATH`, or `grpc://HOST:PORT`. Addresses of hypervisors (`qemu:///system`) are taken, and the condition Ready says what to put instead."
        ),
        .kept("credentialSecretRef", .reference, "Credentials of the hypervisor. The provider's own settings have them."),
        Field("insecureSkipVerify", .flag, "As `runtime.service.tls.insecureSkipVerify`, which is to be preferred.", standard: false),
        Field("defaults", .object(placementDefaults), "Where machines go that do not say it."),
        Field(
            "rateLimit",
            .object([
                Field("qps", .whole(1...1000), "Calls in a second.", standard: 10),
                Field("burst", .whole(1...2000), "Calls at once.", standard: 20),
            ]), "How often it is called."),
        Field("healthCheck", .object(healthCheck), "How it is looked after."),
        .kept(
            "connectionPooling",
            .object([
                .kept("maxConnections", .whole(1...100), "Connections; there is one, which carries all calls.", standard: 10),
                .kept("maxIdleConnections", .whole(1...100), "Connections without calls.", standard: 5),
                .kept("connectionTimeout", .text(.duration), "How long connecting may take.", standard: "30s"),
                .kept("idleTimeout", .text(.duration), "When a connection without calls ends.", standard: "5m"),
            ]), "Connections."),
        Field("runtime", .object(runtime), "How it runs and is called."),
    ]

    private static let placementDefaults: [Field] = [
        Field("datastore", .text(atMost: 255), "Datastore, or storage pool."),
        Field("storagePod", .text(atMost: 255), "Datastore cluster."),
        Field("cluster", .text(atMost: 255), "Cluster."), Field("folder", .text(atMost: 255), "Folder."),
        Field("resourcePool", .text(atMost: 255), "Resource pool."), Field("network", .text(atMost: 255), "Network."),
    ]

    /// What a sample of a metric can say exactly.
    private static let most: Int64 = 1 << 53

    private static let names = Schema.list(of: .text(atMost: 64), atMost: 64)

    private static let reported = Schema.object(
        ObjectShape(
            [
                Field("supportsReconfigureOnline", .flag, "Processors and memory of a machine that runs."),
                Field("supportsDiskExpansionOnline", .flag, "Disks of a machine that runs."),
                Field("supportsSnapshots", .flag, "Snapshots."), Field("supportsMemorySnapshots", .flag, "Snapshots with memory."),
                Field("supportsLinkedClones", .flag, "Clones that share disks."),
                Field("supportsImageImport", .flag, "Images from elsewhere."),
                Field("supportsDiskExport", .flag, "Disks to elsewhere."), Field("supportsDiskImport", .flag, "Disks from elsewhere."),
                Field("supportsExportCompression", .flag, "Compression of disks to elsewhere."),
                Field("supportsClustering", .flag, "Several hosts behind it."), Field("supportedDiskTypes", names, "Kinds of disks."),
                Field("supportedNetworkTypes", names, "Kinds of networks."),
                Field("supportedExportFormats", names, "Formats of disks to elsewhere."),
                Field("supportedImportFormats", names, "Formats of disks from elsewhere."),
            ], isOpen: true))

    static let status: [Field] = [
        Field("healthy", .flag, "Whether it answers, and its hypervisor too."),
        Field("lastHealthCheck", .text(.timestamp), "When it was looked at last."),
        .message,
        .kept("version", .text(atMost: 255), "Its version, which providers do not say."),
        Field(
            "runtime",
            .object(
                ObjectShape(
                    [
                        Field("endpoint", .text(atMost: 1024), "Where it is called."),
                        Field("phase", .word("Pending", "Starting", "Running", "Stopping", "Failed"), "Whether it answers."),
                        .kept("readyReplicas", .count, "How many are ready; there is one process."),
                        .kept("message", .text(atMost: 32_768), "As `status.message`."),
                    ], isOpen: true)), "How its process is."),
        Field("capabilities", names, "What it can do, in Virtrigaud's words."),
        Field("reportedCapabilities", reported, "What it says that it can do."),
        Field("connectedVMs", .count, "Number of machines that name it."),
        .kept("adoption", .anyObject, "What was found on the hypervisor that has no object; machines are not adopted yet."),
        Field(
            "operationTotals",
            .list(
                of: .object(
                    ObjectShape(
                        [
                            .required("operation", operation, "Which operation."), .required("outcome", outcome, "How they ended."),
                            Field("linked", .flag, "Of clones: whether they share disks."),
                            .required("count", .whole(0...most), "How many."),
                            Field("durationSecondsSum", .number(0...Double(most)), "How long they took together."),
                            Field(
                                "durationBuckets", .list(of: .whole(0...most), atMost: 64),
                                "How many took at most as long as each bucket's bound."),
                        ], isOpen: true)), atMost: 100), "Operations whose VMOperation is not kept any more."),
        Field(
            "foldedOperations", .list(of: .text(atMost: 64), atMost: 10_000),
            "Uids of VMOperations that `operationTotals` has and that may still be there."),
    ]

    @Sendable static func check(_ object: APIObject, _ problems: inout [FieldProblem]) {
        let (spec, path) = (object.spec, "spec.runtime.service.tls")
        guard let tls = spec["runtime"]?["service"]?["tls"], tls["enabled"]?.flag ?? true else { return }
        if spec["endpoint"]?.text?.hasPrefix("unix:") == true {
            if tls["enabled"]?.flag == true {
                problems.append(FieldProblem("\(path).enabled", .invalid, "must be false, as there is no TLS on a unix: address"))
            }
        } else if tls["secretRef"] == nil {
            problems.append(
                FieldProblem("\(path).secretRef", .required, "must be said, as TLS is on: a Secret with ca.crt, tls.crt and tls.key"))
        }
    }
}
