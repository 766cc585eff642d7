extension Schema {
    /// Another object, of this namespace or another.
    static let reference = Schema.object([
        .required("name", .text(.subdomain), "Its name."),
        Field("namespace", .text(.label), "Its namespace; without it, that of this object."),
    ])

    /// Another object of this namespace.
    static let localReference = Schema.object([.required("name", .text(.subdomain), "Its name.")])

    static let texts = Schema.map(of: .text(atMost: 1024))

    static let labels = Schema.map(of: .text(atMost: 63))

    /// What the guest reads at its first start, here or in a Secret.
    static func guestData(_ what: String, key: String) -> Schema {
        .object(
            [
                Field("inline", .text(atMost: 262_144), "\(what) itself."),
                Field(
                    "secretRef", .localReference, "A Secret of this namespace that has it in its member `\(key)`, or has one member only."),
            ], .exactlyOne(["inline", "secretRef"]))
    }

    static let userData = Schema.object(
        [
            Field("cloudInit", .guestData("cloud-init's user data", key: "userdata"), "For cloud-init."),
            Field("ignition", .guestData("Ignition's configuration", key: "ignition"), "For Ignition."),
        ], .exactlyOne(["cloudInit", "ignition"]))

    static let conditions = Schema.list(
        of: .object(
            ObjectShape(
                [
                    .required("type", .text(TextRule(atLeast: 1, atMost: 316)), "What it is about: Ready, Healthy and others."),
                    .required("status", .word("True", "False", "Unknown"), "Whether it is so."),
                    .required("reason", .text(atMost: 1024), "Why, in one word."),
                    .required("message", .text(atMost: 32_768), "Why, for people."),
                    .required("lastTransitionTime", .text(.timestamp), "When its status changed last."),
                    Field("observedGeneration", .bytes, "Of the object that it was judged by."),
                ], isOpen: true)), by: "type", atMost: 50)

    static let networks = Schema.list(
        of: .object([
            .required("name", .text(.label), "What the machine calls the card; each has its own."),
            Field(
                "networkRef", .reference,
                "The VMNetworkAttachment that says where it is plugged in; without it, the provider's default network."),
            Field(
                "ipAddress", .text(.ipAddress),
                "An address that the guest is to have; the provider for libvirt tells cloud-init."),
            Field("prefix", .whole(1...128), "Length of the network's prefix: 24 of 192.0.2.7/24."),
            .kept("gateway", .text(.ipAddress), "Where the guest sends what is for elsewhere: cloud-init has to say it."),
            .kept("dns", .text(.ipAddresses), "Name servers, with commas between them: cloud-init has to say them."),
            Field("macAddress", .text(.macAddress), "The card's address; without it, the hypervisor chooses one."),
        ]), by: "name", atMost: 10)

    static let disks = Schema.list(
        of: .object([
            .required("name", .text(.label), "What the disk is called; each has its own."),
            .required("sizeGiB", .whole(1...65536), "Size in GiB. It may grow, and never shrinks."),
            Field("type", .word("thin", "thick", "eagerzeroedthick", "ssd", "hdd"), "How room is set aside for it.", standard: "thin"),
            .kept("expandPolicy", .word("Online", "Offline"), "Whether it may grow while the machine runs.", standard: "Offline"),
            .kept("storageClass", .text(atMost: 253), "Kind of storage."),
            .kept(
                "scsi",
                .object([
                    .kept("controller", .whole(0...3), "Number of the controller."),
                    .kept(
                        "sharedBus", .word("noSharing", "virtualSharing", "physicalSharing"), "Who else may have the bus.",
                        standard: "noSharing"),
                    .kept(
                        "controllerType", .word("lsilogic", "buslogic", "lsilogic-sas", "pvscsi"), "Model of the controller.",
                        standard: "pvscsi"),
                ]), "The controller, on vSphere."),
        ]), by: "name", atMost: 20)

    static let placement = Schema.object([
        Field("cluster", .text(atMost: 255), "Cluster."),
        Field("host", .text(atMost: 255), "Host, or node."),
        Field("datastore", .text(atMost: 255), "Datastore, or storage pool."),
        Field("storagePod", .text(atMost: 255), "Datastore cluster, on vSphere; counts where no datastore is said."),
        Field("folder", .text(atMost: 255), "Folder, on vSphere."),
        Field("resourcePool", .text(atMost: 255), "Resource pool."),
    ])

    static let imageFormat = Schema.word("qcow2", "raw", "vmdk", "vhd", "vhdx", "iso", "ova", "ovf")

    static let taskReference = Schema.text(atMost: 1024)

    /// A status, which others may write to as well.
    static func status(_ fields: [Field]) -> Schema {
        .object(
            ObjectShape(
                fields + [
                    Field("observedGeneration", .bytes, "`metadata.generation` of the object that this was written for."),
                    Field("conditions", .conditions, "What is so, each with since when and why."),
                ], isOpen: true))
    }
}

extension Field {
    static func spec(_ fields: [Field], _ rules: MemberRule...) -> Field {
        Field("spec", .object(ObjectShape(fields, rules)), "What is wanted.", isRequired: true)
    }

    static func status(_ fields: [Field]) -> Field { Field("status", .status(fields), "What is so. The manager writes it.") }

    static let message = Field("message", .text(atMost: 32_768), "Why it is as it is, for people.")
}
