import Primitives

/// A domain as it is known at a moment.
struct DomainRecord: Sendable, Equatable {
    /// Why a domain counts as hanging.
    struct Suspicion: Sendable, Equatable {
        /// The call that did not return.
        let call: String
        let sinceUnixSeconds: Double
    }

    var basics: DomainBasics
    var definition: DomainDefinition?
    var snapshots: SnapshotSummary?
    /// What its QEMU told last, and when; of something that is too old nothing is here.
    var statistics: DomainStatistics?
    var details: DomainDetails?
    /// When it told statistics last, also where they are too old to be here.
    var toldUnixSeconds: Double?
    var suspect: Suspicion?
}

/// A hypervisor as it is known at a moment.
struct HypervisorView: Sendable {
    /// Threads that hang in a call.
    struct Threads: Sendable, Equatable {
        var hanging = 0
        var limit = 0
        var total = 0
    }

    /// As it stands in labels.
    let uri: String
    /// nil before it was asked.
    var isUp: Bool?
    /// Why it is not up, or what of it is missing.
    var problems: [Failure] = []
    var roundSeconds: Double?
    var listedUnixSeconds: Double?
    /// Whether its driver tells statistics at all; nil before it is known.
    var tellsStatistics: Bool?
    var connectionsOpened = 0
    var threads = Threads()
    var host: HostRecord?
    /// nil where they are not known, or what was known is too old.
    var isListed = false
    var domains: [DomainRecord] = []
    var pools: [PoolRecord] = []
    var networks: [NetworkRecord] = []

    init(uri: String) { self.uri = uri }
}
