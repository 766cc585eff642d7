/// What a domain's XML says of it, as far as it is shown.
struct DomainDefinition: Sendable, Equatable {
    struct Disk: Sendable, Equatable {
        var target = "", type = "", device = "", bus = "", driver = "", format = "", cache = "", discard = ""
        /// A file, a device, or a volume and its pool.
        var source = "", networkProtocol = "", serial = ""
        /// Images behind the one that the guest writes to; nil where libvirt has not looked.
        var backingDepth: Int?
        /// Those that are set in `<iotune>`.
        var limits: [Limit] = []

        /// What a guest may do with a disk at most.
        struct Limit: Sendable, Equatable {
            enum Kind: Sendable, CaseIterable {
                case bytes, operations
                /// For a while more than that.
                case burstBytes, burstOperations
                /// For how long, in seconds.
                case bytesBurst, operationsBurst
                /// Bytes from which on an operation counts as several.
                case operationSize
            }

            enum Way: String, Sendable, CaseIterable {
                case total, read, write
            }

            let kind: Kind
            /// nil where it is of no way in particular.
            let type: Way?
            let value: Double
        }
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
