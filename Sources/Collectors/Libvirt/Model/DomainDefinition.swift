/// What a domain's XML says of it, as far as it is shown.
struct DomainDefinition: Sendable, Equatable {
    struct Disk: Sendable, Equatable {
        var target = "", type = "", device = "", bus = "", driver = "", format = "", cache = "", discard = ""
        /// A file, a device, or a volume and its pool.
        var source = "", networkProtocol = "", serial = ""
        /// Images behind the one that the guest writes to; nil where libvirt has not looked.
        var backingDepth: Int?
        /// Limits that are set, by the element's name in `<iotune>`.
        var limits: [String: Double] = [:]
    }

    struct Interface: Sendable, Equatable {
        var target = "", type = "", source = "", hardwareAddress = "", model = "", largestPacket = ""
    }

    /// What Nova has written into the domain's metadata.
    struct OpenStack: Sendable, Equatable {
        var instanceName = "", flavor = "", userName = "", userID = "", projectName = "", projectID = ""
    }

    var title = ""
    var osType = "", architecture = "", machine = ""
    var openStack: OpenStack?
    var disks: [Disk] = []
    var interfaces: [Interface] = []
    /// How often the guest's balloon driver is asked; 0 never. nil where there is no balloon.
    var balloonPeriodSeconds: Double?
}
