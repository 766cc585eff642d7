extension KindSchema {
    static let vmImage = KindSchema(
        .vmImage, "What first disks are made from. It is brought to a provider when a machine there first needs it.",
        [.spec(VMImageSchema.spec), .status(VMImageSchema.status)],
        columns: [
            Column("Ready", ".status.ready", .flag, "Whether a machine can be made from it."),
            Column("Phase", ".status.phase", "How far it has come."),
            Column("Providers", ".status.availableOn[*]", "Where it is."),
            .reason(of: "Ready"),
            .age,
        ])
}

enum VMImageSchema {
    static let phase = Schema.word("Pending", "Downloading", "Importing", "Converting", "Optimizing", "Ready", "Failed")

    private static let checksum: [Field] = [
        Field("checksum", .text(.checksum), "What its bytes must come to."),
        Field("checksumType", .word("md5", "sha1", "sha256", "sha512"), "By which algorithm.", standard: "sha256"),
    ]

    private static func secretKey(_ name: String, _ standard: ObjectValue) -> Field {
        .kept(name, .text(.key), "Member of the Secret.", standard: standard)
    }

    private static let authentication = Schema.object(
        [
            .kept(
                "basicAuth",
                .object([
                    .required("secretRef", .localReference, "A Secret."), secretKey("usernameKey", "username"),
                    secretKey("passwordKey", "password"),
                ]), "By name and password."),
            .kept("bearer", .object([.required("secretRef", .localReference, "A Secret."), secretKey("tokenKey", "token")]), "By token."),
            .kept(
                "clientCert",
                .object([
                    .required("secretRef", .localReference, "A Secret."), secretKey("certKey", "tls.crt"), secretKey("keyKey", "tls.key"),
                ]), "By certificate."),
        ], .exactlyOne(["basicAuth", "bearer", "clientCert"]))

    private static let source = Schema.object(
        [
            Field(
                "libvirt",
                .object(
                    [
                        Field("path", .text(atMost: 4096), "A file on the host, or a volume of the pool."),
                        Field("url", .text(.fileAddress), "Where to fetch it."),
                        Field("format", .imageFormat, "How its bytes are to be read.", standard: "qcow2"),
                    ] + checksum + [Field("storagePool", .text(atMost: 255), "The pool that it is kept in.")], .exactlyOne(["path", "url"])),
                "For libvirt."),
            Field(
                "vsphere",
                .object(
                    [
                        Field("templateName", .text(atMost: 255), "A template that is there."),
                        Field(
                            "contentLibrary",
                            .object([
                                .required("library", .text(atMost: 255), "The library."),
                                .required("item", .text(atMost: 255), "The item."),
                                Field("version", .text(atMost: 255), "Its version."),
                            ]), "An item of a content library."),
                        Field("ovaURL", .text(.webAddress), "Where to fetch it."),
                    ] + checksum + [.kept("providerRef", .localReference, "The Provider that brings it.")],
                    .exactlyOne(["templateName", "contentLibrary", "ovaURL"])), "For vSphere."),
            Field(
                "proxmox",
                .object(
                    [
                        Field("templateID", .whole(100...999_999_999), "A template, by its number."),
                        Field("templateName", .text(atMost: 255), "A template, by its name."),
                        .kept("storage", .text(atMost: 255), "Storage of the disks."),
                        .kept("node", .text(atMost: 255), "Node that has the template."),
                        .kept("format", .word("raw", "qcow2", "vmdk"), "Format of the disks."),
                        .kept("fullClone", .flag, "Whether disks are copies, and do not stand upon the template's.", standard: true),
                    ], .exactlyOne(["templateID", "templateName"])), "For Proxmox VE."),
            Field(
                "http",
                .object(
                    [
                        .required("url", .text(.webAddress), "Where to fetch it."),
                        Field(
                            "headers", .map(of: .text(atMost: 8192), atMost: 20),
                            "What to send along. They are for all to read who may read the image."),
                    ] + checksum + [
                        Field("authentication", authentication, "Who we are there. A provider that cannot do it refuses the image."),
                        .kept("timeout", .text(.duration), "How long it may take.", standard: "30m"),
                    ]), "For any provider that fetches images."),
            Field(
                "registry",
                .object([
                    .required("image", .text(.containerImage), "The image."),
                    .kept("pullSecretRef", .localReference, "A Secret to fetch it with."),
                    .kept("format", .imageFormat, "How its bytes are to be read.", standard: "qcow2"),
                ]), "In a registry of containers. Not done yet: its machines wait, and say so."),
            Field(
                "dataVolume",
                .object([.required("name", .text(.subdomain), "Its name."), .kept("namespace", .text(.label), "Its namespace.")]),
                "A DataVolume of Kubernetes. Not done yet: its machines wait, and say so."),
        ], .atLeastOne(["libvirt", "vsphere", "proxmox", "http", "registry", "dataVolume"]))

    static let spec: [Field] = [
        .required("source", source, "Where it comes from; for several kinds of providers, a source for each."),
        Field(
            "prepare",
            .object([
                Field("onMissing", .word("Import", "Fail", "Wait"), "What to do when a provider has not got it.", standard: "Import"),
                Field("validateChecksum", .flag, "Whether its bytes are compared with the checksum.", standard: true),
                .kept("timeout", .text(.duration), "How long it may take.", standard: "30m"),
                Field("retries", .whole(0...10), "How often it is tried again when it fails.", standard: 3),
                Field("force", .flag, "Whether it is brought again though it is there."),
                Field(
                    "storage",
                    .object([
                        Field(
                            "libvirt",
                            .object([
                                Field("storagePool", .text(atMost: 255), "The pool that it is kept in."),
                                .kept("allocationPolicy", .word("eager", "lazy"), "When room is set aside."),
                                .kept("preallocation", .word("off", "metadata", "falloc", "full"), "How room is set aside."),
                            ]), "On libvirt."),
                        Field(
                            "vsphere",
                            .object([
                                Field("datastore", .text(atMost: 255), "The datastore."),
                                .kept("folder", .text(atMost: 255), "The folder."),
                                .kept("thinProvisioned", .flag, "Whether room is set aside when it is needed only."),
                                .kept("diskType", .word("thin", "thick", "eagerzeroedthick"), "How room is set aside."),
                            ]), "On vSphere."),
                        .kept("preferredFormat", .imageFormat, "Format that it is turned into."),
                        .kept("compression", .flag, "Whether it is compressed.", standard: false),
                    ]), "Where it is kept."),
                .kept(
                    "optimization",
                    .object([
                        .kept("enableCompression", .flag, "Whether it is compressed.", standard: false),
                        .kept("removeUnusedSpace", .flag, "Whether what is unused is left out.", standard: false),
                        .kept("convertFormat", .imageFormat, "Format that it is turned into."),
                        .kept("enableDeltaSync", .flag, "Whether what is new alone is fetched.", standard: false),
                    ]), "What is done to make it smaller."),
            ]), "How it is brought to providers."),
        .kept(
            "metadata",
            .object([
                .kept("displayName", .text(atMost: 255), "Name for people."), .kept("description", .text(atMost: 1024), "What it is."),
                .kept("version", .text(atMost: 100), "Its version."),
                .kept("architecture", .word("amd64", "arm64", "x86_64", "aarch64"), "Architecture.", standard: "amd64"),
                .kept("tags", .texts, "Words."), .kept("annotations", .texts, "Words."),
            ]), "What people say of it."),
        .kept(
            "distribution",
            .object([
                .kept(
                    "name", .word("ubuntu", "centos", "rhel", "fedora", "debian", "suse", "windows", "freebsd", "coreos", "other"),
                    "Its name."),
                .kept("version", .text(atMost: 100), "Its version."), .kept("variant", .text(atMost: 100), "Server, desktop and others."),
                .kept("family", .word("linux", "windows", "bsd", "other"), "Family."),
                .kept(
                    "kernel",
                    .object([
                        .kept("version", .text(atMost: 100), "Its version."),
                        .kept("type", .word("linux", "windows", "freebsd", "other"), "Its kind."),
                    ]), "Kernel."),
            ]), "Operating system that is on it."),
    ]

    static let status: [Field] = [
        Field("ready", .flag, "Whether a machine can be made from it, on one provider at least."),
        Field("phase", phase, "How far it has come."),
        .message,
        Field("availableOn", .list(of: .text(atMost: 317), atMost: 1000), "Providers that have it, as NAMESPACE/NAME."),
        Field("lastPrepareTime", .text(.timestamp), "When it was brought to a provider last."),
        .kept("prepareTaskRef", .taskReference, "The task that brings it; each provider has its own, see `providerStatus`."),
        .kept("importProgress", .anyObject, "How far it is, which providers do not say."),
        .kept("size", .quantity(0...Int64.max), "Its size, which providers do not say."),
        .kept("checksum", .text(atMost: 140), "What its bytes came to, which providers do not say."),
        .kept("format", .text(atMost: 20), "Its format, which providers do not say."),
        Field(
            "providerStatus",
            .map(
                of: .object(
                    ObjectShape(
                        [
                            Field("available", .flag, "Whether it is there."),
                            Field("id", .text(atMost: 4096), "What the provider calls it."),
                            Field("path", .text(atMost: 4096), "Where it is."),
                            .kept("size", .quantity(0...Int64.max), "Its size, which providers do not say."),
                            Field("lastUpdated", .text(.timestamp), "When this was written."),
                            Field("phase", phase, "How far it has come there."),
                            Field("operation", .text(atMost: 253), "Name of the VMOperation that brings it."),
                            Field("attempts", .count, "How often that was tried."),
                            Field("observedGeneration", .bytes, "Of the image that was brought."), .message,
                        ], isOpen: true)), atMost: 1000), "How it is with each provider, by NAMESPACE/NAME."),
    ]
}
