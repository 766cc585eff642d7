package import ProviderRPC
package import RPC

/// A provider, and the hypervisor below it, as the suite needs them.
package protocol ProviderBed: Sendable {
    /// To the provider as it runs now; asked for again after each restart. Both services are behind it.
    var transport: any RPCTransport { get async throws }

    /// Ends the provider in good order and starts it again.
    func restart() async throws

    /// Ends the provider at once, as `kill -9` does, and starts it again.
    func kill() async throws

    /// What the hypervisor has, seen past the provider.
    func view() async throws -> HypervisorView

    /// Switches the fault on, or all off with nil; false when this bed cannot.
    func setFault(_ fault: BedFault?) async throws -> Bool

    /// A machine that the provider can make: with a disk beside its first, switched on when it is there.
    func machine(_ name: String) -> CreateRequest

    /// An image that the provider can bring in, with its right checksum; nil when it brings in none.
    func image(_ name: String) -> ImagePrepareRequest?

    /// Frees what it holds.
    func close() async
}

/// What goes wrong on the hypervisor.
package enum BedFault: Sendable, Equatable {
    case unreachable, wrongCredentials, poolFull
    /// Work fails when it is halfway.
    case workFails
    /// Everything takes so many times longer.
    case slow(Double)
    /// The first answer to each call that makes something is lost after it was made.
    case losesAnswers
    case refusesCancel
}

/// What a hypervisor has.
package struct HypervisorView: Sendable, Equatable {
    package struct Machine: Sendable, Equatable {
        package let id: String
        package let name: String
        package let isOn: Bool

        package init(id: String, name: String, isOn: Bool) {
            self.id = id
            self.name = name
            self.isOn = isOn
        }
    }

    package let machines: [Machine]
    /// Paths of disks, of images too.
    package let disks: [String]
    /// Machine and snapshot: `web/s1`.
    package let snapshots: [String]
    /// What nobody uses or what is not whole, in words: a disk without its machine, a machine that is locked, a snapshot that was never finished.
    package let halfMade: [String]

    package init(machines: [Machine], disks: [String], snapshots: [String], halfMade: [String]) {
        self.machines = machines
        self.disks = disks
        self.snapshots = snapshots
        self.halfMade = halfMade
    }

    func count(named name: String) -> Int { machines.filter { $0.name == name }.count }
}
