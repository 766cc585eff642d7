import ProviderRPC

/// A machine as the hypervisor has it.
package struct Machine: Sendable, Equatable {
    /// Of the hypervisor's table; nobody outside knows it.
    package let row: Int64
    package let uuid: String
    /// Proxmox' number of it; nil where there are none.
    package let number: Int?
    package let name: String
    package let isOn: Bool
    package let cpu: Int
    package let memoryMiB: Int
    package let hardware: Int
    /// What it is locked for: `create`; empty when it is not.
    package let lock: String
    /// The operation that made it.
    package let mark: String
    /// The uid of whose it is; empty when nobody said.
    package let owner: String
    package let tags: [String]
    package let networks: [Card]
    /// Whether all of it is there.
    package let isComplete: Bool

    package struct Card: Sendable, Equatable {
        package let name: String
        package let macAddress: String
    }
}

/// A disk, an image, or what a machine's first start reads.
package struct Volume: Sendable, Equatable {
    package enum Use: String, Sendable { case disk, image, seed }

    package let row: Int64
    package let name: String
    package let pool: String
    package let format: String
    package let capacityBytes: Int64
    package let writtenBytes: Int64
    /// The volume beneath it.
    package let backing: Int64?
    package let machine: Int64?
    /// What the machine calls it.
    package let label: String
    package let use: Use
    /// What is in it, as a hash; of an image's source until something is written.
    package let content: String
    package let mark: String
    package let isComplete: Bool

    package var path: String { "/pools/\(pool)/\(name)" }
}

package struct Snapshot: Sendable, Equatable {
    package let row: Int64
    package let machine: Int64
    package let reference: String
    package let name: String
    package let parent: Int64?
    package let hasMemory: Bool
    package let mark: String
    package let isComplete: Bool
}

/// A task of the hypervisor's own.
struct ForeignTask: Sendable {
    enum State: Sendable {
        case running(progress: Double)
        case succeeded(result: String)
        case failed(HypervisorError)
    }

    let id: String
    let kind: String
    let state: State
}

/// A machine to be made.
struct MachinePlan: Sendable {
    struct Disk: Sendable {
        let label: String
        let sizeBytes: Int64
        let format: String
        let content: String
        /// The volume that it is to stand on.
        let backing: Int64?
    }

    let uuid: String
    let number: Int?
    let name: String
    let cpu: Int
    let memoryMiB: Int
    let pool: String
    let owner: String
    let tags: [String]
    let cards: [Machine.Card]
    let disks: [Disk]
    let hasSeed: Bool
    let mark: String
}
