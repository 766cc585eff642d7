extension KindSchema {
    static let vmSnapshot = KindSchema(
        .vmSnapshot, "A state of a machine that one can go back to. With a schedule, it makes further ones.",
        [.spec(VMSnapshotSchema.spec), .status(VMSnapshotSchema.status)],
        columns: [
            Column("VM", ".spec.vmRef.name", "The machine."), Column("Phase", ".status.phase", "How far it has come."), .condition("Ready"),
            Column("Created", ".status.creationTime", .date, "How long ago it was taken."),
            Column("Next", ".status.nextScheduleTime", "When its schedule makes the next.", isWide: true),
            Column("Expires", ".status.expiryTime", .date, "When it goes by itself.", isWide: true), .reason(of: "Ready"), .age,
        ],
        fixed: [
            FixedField("spec.vmRef", "make another VMSnapshot"),
            FixedField("spec.snapshotConfig", since: .said("status.snapshotID"), "make another VMSnapshot"),
        ],
        rules: VMSnapshotSchema.check)
}

enum VMSnapshotSchema {
    static let phase = Schema.word("Pending", "Creating", "Ready", "Scheduled", "Deleting", "Failed", "Expired")

    static let spec: [Field] = [
        .required("vmRef", .localReference, "The machine, of this namespace."),
        Field(
            "snapshotConfig",
            .object([
                Field("name", .text(.snapshotName), "Name on the hypervisor; without it, that of this object."),
                Field("description", .text(atMost: 1024), "What it is for."),
                Field("includeMemory", .flag, "Whether memory is in it, so that the machine runs on from there.", standard: false),
                .kept("quiesce", .flag, "Whether the guest writes all to its disks before.", standard: true),
                .kept("type", .word("Standard", "Crash", "Application"), "Kind of snapshot.", standard: "Standard"),
                .kept("compression", .flag, "Whether it is compressed.", standard: false),
                .kept(
                    "encryption",
                    .object([
                        .kept("enabled", .flag, "Whether it is wanted.", standard: false),
                        .kept("keyProvider", .word("standard", "hardware", "external"), "Who has the keys."),
                        .kept("keyRef", .localReference, "The keys."),
                    ]), "Encryption."),
                .kept(
                    "consistencyLevel", .word("CrashConsistent", "FilesystemConsistent", "ApplicationConsistent"),
                    "How whole what is in it must be.", standard: "FilesystemConsistent"),
            ]), "How it is taken."),
        Field(
            "retentionPolicy",
            .object([
                Field("maxAge", .text(.duration), "When it goes by itself."),
                Field("maxCount", .whole(1...100), "Of a schedule: how many that are ready are kept; the oldest goes."),
                Field("deleteOnVMDelete", .flag, "Whether it goes with the machine.", standard: true),
                Field("preservePinned", .flag, "Whether one that is pinned stays.", standard: true),
                Field("gracePeriod", .text(.duration), "How long it stays after `maxAge`, expired.", standard: "24h"),
            ]), "How long it is kept."),
        Field(
            "schedule",
            .object([
                Field("enabled", .flag, "Whether further ones are made.", standard: false),
                Field("cronSpec", .text(.cron), "When: `0 3 * * *`, `@daily` or `@every 6h`."),
                Field(
                    "timezone", .text(atMost: 64), "Time zone of the schedule: `UTC`, `+02:00`, or a name that the manager's system knows.",
                    standard: "UTC"),
                Field("suspend", .flag, "Whether it rests.", standard: false),
                Field(
                    "concurrencyPolicy", .word("Allow", "Forbid", "Replace"), "What to do when the one before is not ready yet.",
                    standard: "Forbid"),
                Field(
                    "successfulJobsHistoryLimit", .whole(0...100),
                    "How many good ones are kept, where `retentionPolicy` says neither `maxCount` nor `maxAge`.",
                    standard: 3),
                Field("failedJobsHistoryLimit", .whole(0...100), "How many failed ones are kept.", standard: 1),
            ]), "When further ones are made."),
        Field(
            "metadata",
            .object([
                .kept("tags", .texts, "Words."), Field("pinned", .flag, "Whether it never goes by itself.", standard: false),
                .kept("application", .text(atMost: 255), "Who made it."),
                .kept("purpose", .word("backup", "testing", "migration", "restore-point", "update", "other"), "What it is for."),
                .kept("environment", .word("dev", "staging", "prod", "test"), "Environment."),
            ]), "What people say of it."),
    ]

    static let status: [Field] = [
        Field("snapshotID", .text(atMost: 1024), "What the provider calls it."),
        Field("phase", phase, "How far it has come."), .message,
        Field("creationTime", .text(.timestamp), "When it was begun."), Field("completionTime", .text(.timestamp), "When it was there."),
        Field("expiryTime", .text(.timestamp), "When it goes by itself."),
        .kept("size", .quantity(0...Int64.max), "Its size, which providers do not say."),
        .kept("virtualSize", .quantity(0...Int64.max), "Size of what is in it, which providers do not say."),
        Field("taskRef", .taskReference, "The task that it waits for."),
        Field("lastOperation", .text(atMost: 253), "Name of the VMOperation that was begun last."),
        Field("lastScheduleTime", .text(.timestamp), "When its schedule made one last."),
        Field("nextScheduleTime", .text(.timestamp), "When its schedule makes the next."),
        Field(
            "machine",
            .object([
                .required("uid", .text(atMost: 128), "Of the VirtualMachine."),
                Field("id", .text(atMost: 1024), "What the provider calls the machine; not there where nothing was asked of it."),
                .required("provider", .text(atMost: 317), "Its Provider, as NAMESPACE/NAME."),
            ]), "The machine of which it was taken, as another one may have its name by now."),
        Field("failures", .count, "Attempts to take it that have failed since the object was last changed."),
        Field("notedOperation", .text(atMost: 253), "Name of the VMOperation whose end is in this status."),
        .kept("progress", .anyObject, "How far it is, which providers do not say."),
    ]

    @Sendable static func check(_ object: APIObject, _ problems: inout [FieldProblem]) {
        if let schedule = object.spec["schedule"], schedule["enabled"]?.flag == true, schedule["cronSpec"].map(\.isNull) ?? true {
            problems.append(
                FieldProblem("spec.schedule.cronSpec", .required, "must be said, as the schedule is enabled: 0 3 * * *, for example"))
        }
    }
}
