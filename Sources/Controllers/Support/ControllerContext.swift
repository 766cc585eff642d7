package import Primitives

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
}
