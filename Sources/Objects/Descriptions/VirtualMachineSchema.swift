extension KindSchema {
    static let virtualMachine = KindSchema(
        .virtualMachine, "A virtual machine on the hypervisor of a provider.",
        [.spec(VirtualMachineSchema.spec, .atMostOne(["imageRef", "importedDisk"])), .status(VirtualMachineSchema.status)],
        columns: [
            Column("Power", ".status.powerState", "Whether it is on."),
            Column("Phase", ".status.phase", "How far it has come."),
            .condition("Ready"),
            Column("Provider", ".spec.providerRef.name", "The provider that it is on."),
            Column("IPs", ".status.ips[*]", "Addresses of the guest."),
            Column("Class", ".spec.classRef.name", "Its size.", isWide: true),
            Column("Image", ".spec.imageRef.name", "What its first disk was made from.", isWide: true),
            Column("ID", ".status.id", "What the hypervisor calls it.", isWide: true),
            .reason(of: "Ready"),
            .age,
        ],
        fixed: [
            FixedField("spec.providerRef", since: .said("status.id"), "make another machine, or a VMClone of this one"),
            FixedField("spec.imageRef", since: .said("status.id"), "make another machine of that image"),
            FixedField("spec.importedDisk", since: .said("status.id"), "make another machine of that disk"),
        ],
        rules: VirtualMachineSchema.check)
}

enum VirtualMachineSchema {
    static let phase = Schema.word("Pending", "Provisioning", "Running", "Stopped", "Reconfiguring", "Deleting", "Failed")

    static let spec: [Field] = [
        .required("providerRef", .reference, "The Provider whose hypervisor it is on. Cannot change once the machine is there."),
        .required("classRef", .reference, "The VMClass that says how large it is."),
        Field("imageRef", .reference, "The VMImage that its first disk is made from. Cannot change once the machine is there."),
        Field(
            "importedDisk",
            .object([
                .required("diskID", .text(TextRule(atLeast: 1, atMost: 253)), "What the provider calls the disk."),
                Field("path", .text(.absolutePath), "Where it lies; without it, where the provider finds it by its name."),
                Field("format", .word("qcow2", "vmdk", "raw", "vdi", "vhdx"), "How its bytes are to be read.", standard: "qcow2"),
                .kept("source", .word("migration", "clone", "import", "snapshot", "manual"), "Where it came from."),
                .kept("migrationRef", .localReference, "The VMMigration that brought it."),
                .kept("sizeGiB", .whole(1...65536), "Its size in GiB."),
            ]), "A disk that is there already and becomes the first one. Cannot change once the machine is there."),
        Field("networks", .networks, "Network cards, in their order."),
        Field("disks", .disks, "Disks beside the first one."),
        Field("userData", .userData, "What sets the guest up at its first start."),
        Field(
            "metaData",
            .object([Field("cloudInit", .guestData("cloud-init's metadata, as YAML,", key: "metadata"), "For cloud-init.")]),
            "What cloud-init is told of the machine."),
        Field("placement", .placement, "Where on the hypervisor; what is not said, the provider's defaults say."),
        Field(
            "powerState", .word("On", "Off", "OffGraceful"),
            "Whether it is to run. `OffGraceful` asks the guest to end, and waits for it as long as `lifecycle.gracefulShutdownTimeout`.",
            standard: "On"),
        Field("tags", .list(of: .text(atMost: 255), atMost: 50), "Words to find it by on the hypervisor."),
        Field(
            "resources",
            .object([
                Field("cpu", .whole(1...128), "Number of virtual processors."),
                Field("memoryMiB", .whole(128...1_048_576), "Memory in MiB."),
                .kept(
                    "gpu",
                    .object([
                        .required("count", .whole(1...8), "Number of cards."),
                        .kept("type", .text(.word), "Model."),
                        .kept("memory", .whole(512...1_048_576), "Memory of a card in MiB."),
                    ]), "Graphics cards."),
            ]), "What is to differ from the class."),
        .kept("placementRef", .localReference, "A VMPlacementPolicy."),
        Field(
            "snapshot",
            .object([Field("revertToRef", .localReference, "The VMSnapshot to go back to: once for each change of this field.")]),
            "What is to be done with snapshots."),
        Field(
            "lifecycle",
            .object([
                .kept("preStop", handler, "What to do before it stops."),
                .kept("postStart", handler, "What to do when it has started."),
                Field("gracefulShutdownTimeout", .text(.duration), "How long a guest that is asked to end may take.", standard: "60s"),
            ]), "What goes with starts and stops."),
    ]

    private static let handler = Schema.object(
        [
            .kept(
                "exec", .object([.required("command", .list(of: .text(atMost: 4096), atLeast: 1), "Program and arguments.")]),
                "A program in the guest."),
            .kept(
                "httpGet",
                .object([
                    .kept("path", .text(atMost: 4096), "Path."),
                    .required("port", .whole(1...65535), "Port."),
                    .kept("host", .text(.hostname), "Host; without it, the guest."),
                    .kept("scheme", .word("HTTP", "HTTPS"), "Scheme.", standard: "HTTP"),
                ]), "A request."),
            .kept(
                "snapshot",
                .object([
                    .required("name", .text(.snapshotName), "Its name."),
                    .kept("includeMemory", .flag, "Whether memory is in it."),
                    .kept("description", .text(atMost: 1024), "What it is for."),
                ]), "A snapshot."),
        ], .exactlyOne(["exec", "httpGet", "snapshot"]))

    static let resources = Schema.object(
        ObjectShape(
            [Field("cpu", .count, "Number of virtual processors."), Field("memoryMiB", .bytes, "Memory in MiB.")], isOpen: true))

    static let status: [Field] = [
        Field("id", .text(atMost: 1024), "What the provider calls the machine."),
        Field("powerState", .text(atMost: 64), "Whether it is on, as the hypervisor says: On, Off, Paused and others."),
        Field("phase", phase, "How far it has come."),
        .message,
        Field("ips", .list(of: .text(atMost: 64), atMost: 256), "Addresses of the guest."),
        Field("consoleURL", .text(atMost: 4096), "Where its screen is."),
        Field("placedOn", .text(atMost: 317), "The Provider that has the machine, as NAMESPACE/NAME."),
        Field("lastTaskRef", .taskReference, "The provider's task that it waits for."),
        Field("reconfigureTaskRef", .taskReference, "The provider's task that changes it."),
        Field("appliedConfiguration", .text(atMost: 64), "Digest of processors, memory and disks as they were last brought about."),
        Field("lastReconfigureTime", .text(.timestamp), "When it was changed last."),
        Field("currentResources", resources, "What it has, as the hypervisor says."),
        Field(
            "snapshots",
            .list(
                of: .object(
                    ObjectShape(
                        [
                            .required("id", .text(atMost: 1024), "What the provider calls it."),
                            .required("name", .text(atMost: 255), "Name of its VMSnapshot."),
                            Field("creationTime", .text(.timestamp), "When it was made."),
                            Field("description", .text(atMost: 1024), "What it is for."),
                            Field("sizeBytes", .bytes, "Size in bytes."),
                            Field("hasMemory", .flag, "Whether memory is in it."),
                        ], isOpen: true)), atMost: 1000), "Its snapshots."),
        Field("provider", .map(of: .text(atMost: 65_536), atMost: 200), "What the provider says beside this."),
        Field("lastOperation", .text(atMost: 253), "Name of the VMOperation that was begun last."),
        Field("revertedTo", .text(atMost: 317), "The VMSnapshot that it last went back to, by name and uid."),
        Field("revertOperation", .text(atMost: 253), "Name of the VMOperation by which it did so."),
        Field(
            "addressOperation", .text(atMost: 253),
            "Name of the VMOperation that switched it on and whose time to an address is counted."),
    ]

    @Sendable static func check(_ object: APIObject, _ problems: inout [FieldProblem]) {
        // A machine that was adopted was there before anybody said from what.
        let isAdopted = object.metadata.labels["virtrigaud.io/adopted"] == "true"
        checkSpec(object.spec, "spec", hasOrigin: isAdopted, &problems)
    }

    /// - Parameter hasOrigin: whether it is known what the first disk is, without the spec saying so.
    static func checkSpec(_ spec: ObjectValue, _ path: String, hasOrigin: Bool, _ problems: inout [FieldProblem]) {
        if !hasOrigin, spec["imageRef"] == nil, spec["importedDisk"] == nil {
            problems.append(FieldProblem(path, .required, "must have exactly one of imageRef, importedDisk, has none"))
        }
        checkNetworks(spec["networks"], "\(path).networks", &problems)
    }

    static func checkNetworks(_ networks: ObjectValue?, _ path: String, _ problems: inout [FieldProblem]) {
        for (index, network) in (networks?.list ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            let version = network["ipAddress"]?.text.flatMap(IPText.version)
            if version == nil {
                for name in ["prefix", "gateway"] where network[name].map({ !$0.isNull }) ?? false {
                    problems.append(FieldProblem("\(place).\(name)", .invalid, "says nothing without \(place).ipAddress"))
                }
                continue
            }
            guard let prefix = network["prefix"]?.whole else {
                problems.append(FieldProblem("\(place).prefix", .required, "must be said, as there is an ipAddress: 24, for example"))
                continue
            }
            if version == .four, prefix > 32 { problems.append(FieldProblem("\(place).prefix", .invalid, "must be 1 to 32, is \(prefix)")) }
            if let gateway = network["gateway"]?.text.flatMap(IPText.version), gateway != version {
                problems.append(FieldProblem("\(place).gateway", .invalid, "must be of the same version of IP as \(place).ipAddress"))
            }
        }
    }
}
