extension KindSchema {
    static let vmClass = KindSchema(
        .vmClass, "How large a machine is, and how it is built. Machines name it, and change with it.",
        [
            .spec(VMClassSchema.spec),
            .status([
                .kept("usedByVMs", .count, "Number of machines that name it."),
                .kept("supportedProviders", .list(of: .text(atMost: 317), atMost: 1000), "Providers that can do all that it says."),
                .kept("validationResults", .map(of: .anyObject, atMost: 1000), "What each provider says of it."),
            ]),
        ],
        columns: [
            Column("CPU", ".spec.cpu", .whole, "Number of virtual processors."),
            Column("Memory", ".spec.memory", "Memory."),
            Column("Firmware", ".spec.firmware", "Firmware."),
            .age,
        ],
        rules: VMClassSchema.check)
}

enum VMClassSchema {
    static let memory = Schema.quantity((1 << 20)...(64 << 40))

    static let spec: [Field] = [
        .required("cpu", .whole(1...128), "The number of virtual processors."),
        .required("memory", memory, "The memory, such as 4Gi."),
        Field("firmware", .word("BIOS", "UEFI", "EFI"), "Firmware; EFI is UEFI.", standard: "BIOS"),
        Field(
            "diskDefaults",
            .object([
                Field(
                    "type", .word("thin", "thick", "eagerzeroedthick", "ssd", "hdd", "nvme"), "How room is set aside for it.",
                    standard: "thin"),
                Field("size", .quantity((1 << 20)...(64 << 40)), "Its least size: an image that is smaller grows to it.", standard: "40Gi"),
                .kept("iops", .whole(100...100_000), "Most requests in a second."),
                .kept("storageClass", .text(atMost: 253), "Kind of storage."),
            ]), "The first disk."),
        .kept(
            "guestToolsPolicy", .word("install", "skip", "upgrade", "uninstall"), "What to do about the guest's tools.", standard: "install"
        ),
        Field("extraConfig", .texts, "What one hypervisor alone understands."),
        Field(
            "resourceLimits",
            .object([
                Field("cpuLimit", .whole(100...100_000), "Most MHz."),
                Field("cpuReservation", .whole(0...100_000), "MHz that it always gets."),
                Field("memoryLimit", memory, "Most memory of the host."),
                Field("memoryReservation", .quantity(0...(64 << 40)), "Memory of the host that it always gets."),
                Field("cpuShares", .whole(1...1_000_000), "Its weight among others when processors are short."),
            ]), "Limits and reservations."),
        Field(
            "performanceProfile",
            .object([
                Field("latencySensitivity", .word("low", "normal", "high"), "How much it suffers from waiting.", standard: "normal"),
                Field("cpuHotAddEnabled", .flag, "Whether processors can be added while it runs.", standard: false),
                Field("memoryHotAddEnabled", .flag, "Whether memory can be added while it runs.", standard: false),
                Field(
                    "virtualizationBasedSecurity", .flag, "Whether Windows can protect itself by a hypervisor of its own.", standard: false),
                Field("nestedVirtualization", .flag, "Whether it can run machines itself.", standard: false),
                Field(
                    "hyperThreadingPolicy", .word("auto", "prefer", "avoid", "require"), "Whether it may share a core.", standard: "auto"),
            ]), "How it is to perform."),
        Field(
            "securityProfile",
            .object([
                Field("secureBoot", .flag, "Whether the firmware starts what is signed alone. Needs UEFI.", standard: false),
                Field("tpmEnabled", .flag, "Whether it has a TPM.", standard: false),
                Field("tpmVersion", .word("1.2", "2.0"), "Version of the TPM."),
                Field("vtdEnabled", .flag, "Whether it has an IOMMU.", standard: false),
                Field(
                    "encryptionPolicy",
                    .object([
                        Field("enabled", .flag, "Whether it is wanted.", standard: false),
                        Field("keyProvider", .word("standard", "hardware", "external"), "Who has the keys."),
                        Field("requireEncryption", .flag, "Whether to refuse the machine where it cannot be had.", standard: false),
                    ]), "Encryption of the machine."),
            ]), "How it is protected."),
    ]

    @Sendable static func check(_ object: APIObject, _ problems: inout [FieldProblem]) {
        let spec = object.spec
        let firmware = spec["firmware"]?.text ?? "BIOS"
        if spec["securityProfile"]?["secureBoot"]?.flag == true, firmware == "BIOS" {
            problems.append(FieldProblem("spec.securityProfile.secureBoot", .invalid, "needs spec.firmware UEFI, which is \(firmware)"))
        }
        let limits = spec["resourceLimits"]
        if let limit = limits?["cpuLimit"]?.whole, let reservation = limits?["cpuReservation"]?.whole, reservation > limit {
            problems.append(
                FieldProblem(
                    "spec.resourceLimits.cpuReservation", .invalid, "must be at most cpuLimit, which is \(limit), is \(reservation)"))
        }
        if let limit = Quantity.bytes(limits?["memoryLimit"]), let reservation = Quantity.bytes(limits?["memoryReservation"]),
            reservation > limit
        {
            problems.append(FieldProblem("spec.resourceLimits.memoryReservation", .invalid, "must be at most memoryLimit"))
        }
    }
}
