import Objects
package import Primitives
import Reconciling

/// What all controllers stand on.
package struct ControllerContext: Sendable {
    package let journal: OperationJournal
    /// By which operations of all kinds are gone on with.
    let driver: OperationDriver
    package let links: ProviderLinks
    package let informers: Informers
    package let addresses: AddressDurations
    package let clock: WallClock
    package let logger: Logger

    package init(
        journal: OperationJournal, links: ProviderLinks, informers: Informers, addresses: AddressDurations = AddressDurations(),
        clock: WallClock = .system, logger: Logger = .silent
    ) {
        self.journal = journal
        driver = OperationDriver(journal)
        self.links = links
        self.informers = informers
        self.addresses = addresses
        self.clock = clock
        self.logger = logger
    }

    /// Why there is no way to a provider, for who waits for one.
    /// - Parameter why: what is said when its object says nothing.
    func whyUnasked(_ provider: String, or why: String? = nil) -> String {
        let parts = Operation.parts(provider)
        guard let status = informers.providers.get(parts.namespace, parts.name)?.status, status.isHealthy == false,
            let problem = status.message
        else { return why ?? "Provider \(provider) is not there, or not ready to be asked" }
        return "Provider \(provider) cannot be asked: \(problem)"
    }
}
