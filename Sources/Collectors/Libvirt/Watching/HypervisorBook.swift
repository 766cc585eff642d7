import Primitives
import Synchronization

/// What is known of a hypervisor. The watch writes it, scrapes read it; it outlives a reload.
final class HypervisorBook: Sendable {
    typealias Instant = ContinuousClock.Instant

    struct State: Sendable {
        var domains = DomainBook()
        var suspects = SuspectBook()
        var host: HostRecord?
        var pools: [PoolRecord] = []
        var networks: [NetworkRecord] = []
        var storedAt: Instant?
        var isUp: Bool?
        /// Why it is not up.
        var failure: Failure?
        /// What of it is missing, of the last time that each part was asked, and of the one that is under way.
        var lacks: [HypervisorWatch.Part: [Failure]] = [:]
        var gathered: [HypervisorWatch.Part: [Failure]] = [:]
        var roundSeconds: Double?
        /// Whether the hypervisor's driver tells statistics at all.
        var tellsStatistics: Bool?
        var listedUnixSeconds: Double?
    }

    let uri: HypervisorURI
    let desk: HypervisorDesk
    private let state = Mutex(State())

    init(_ uri: HypervisorURI, desk: HypervisorDesk) {
        self.uri = uri
        self.desk = desk
    }

    func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result { state.withLock { body(&$0) } }

    /// - Parameter maximumAgeSeconds: how old what is shown may be.
    func view(now: Instant, maximumAgeSeconds: Double) -> HypervisorView {
        let counts = desk.counts()
        return state.withLock { state in
            var view = HypervisorView(uri: uri.label)
            (view.isUp, view.host, view.roundSeconds, view.listedUnixSeconds) = (
                state.isUp, state.host, state.roundSeconds, state.listedUnixSeconds
            )
            view.tellsStatistics = state.tellsStatistics
            view.problems = [state.failure].compactMap { $0 } + HypervisorWatch.Part.allCases.flatMap { state.lacks[$0] ?? [] }
            (view.connectionsOpened, view.threads) = (counts.opened, counts.threads)
            view.isListed = state.domains.listedAt.map { (now - $0).seconds <= maximumAgeSeconds } ?? false
            view.domains = state.domains.records(now: now, maximumAgeSeconds: maximumAgeSeconds, state.suspects)
            if let storedAt = state.storedAt, (now - storedAt).seconds <= maximumAgeSeconds {
                (view.pools, view.networks) = (state.pools, state.networks)
            }
            return view
        }
    }
}
