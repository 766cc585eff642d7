/// A virtual machine of the simulated KVM host as it was dealt, before anything happened.
struct DomainPlan: Sendable {
    /// What it did when the world began.
    enum Role: Sendable, Equatable {
        case running
        /// Somebody has paused it.
        case paused
        case off
    }

    /// A disk of it, or a drive with nothing in it.
    struct Disk: Sendable {
        enum Source: Sendable, Equatable {
            /// A qcow2 file.
            case file(String)
            /// A logical volume, raw.
            case volume(String)

            var path: String {
                switch self {
                case .file(let path), .volume(let path): path
                }
            }
        }

        /// As guests see it: `vda`.
        let target: String
        let isDrive: Bool
        /// nil for an empty drive.
        let source: Source?
        /// Images below it that it was made from, the nearest first.
        let backing: [String]
        let capacityBytes: UInt64
        /// How much of it is written, as a fraction.
        let writtenShare: Double
        /// Bytes a second.
        let reads: Wave
        let writes: Wave
    }

    /// A network card of it.
    struct Card: Sendable {
        let address: String
        /// The network of the host that it is on; nil for one on the bridge to the outside.
        let network: String?
        /// Bytes a second, as the guest has them.
        let received: Wave
        let sent: Wave
    }

    struct Snapshot: Sendable {
        let name: String
        /// Seconds since the epoch, before it.
        let at: Double
        let parent: String?
    }

    let index: Int
    let name: String
    let title: String?
    let uuid: [UInt8]
    let role: Role
    let startsWithHost: Bool
    /// Whether it stays defined when it stops.
    let isPersistent: Bool
    let vcpus: Int
    let mostVcpus: Int
    let memoryKiB: UInt64
    /// What the balloon leaves it.
    let balloonKiB: UInt64
    /// Whether its balloon's driver tells how memory is used.
    let tellsMemory: Bool
    let hasAgent: Bool
    let hasIOThread: Bool
    let disks: [Disk]
    let cards: [Card]
    let snapshots: [Snapshot]
    /// Fraction of each vCPU.
    let load: Wave
    /// Fraction of its memory that programs in it need.
    let memoryUse: Wave
    /// Seconds since the epoch, before it.
    let firstBoot: Double

    /// 8-4-4-4-12 digits.
    var uuidText: String { Self.text(ofUUID: uuid) }

    static func text(ofUUID uuid: [UInt8]) -> String {
        var text = ""
        for (position, byte) in uuid.enumerated() {
            if [4, 6, 8, 10].contains(position) { text += "-" }
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return text
    }
}
