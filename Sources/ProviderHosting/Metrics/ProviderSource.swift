package import Primitives
import ProviderRPC
package import ProviderTasks

/// Where a provider's metrics come from.
final class ProviderSource: Sendable {
    /// `libvirt`
    let type: String
    /// What the provider is called among others of its type.
    let name: String
    let version: Version
    let hosted: HostedProvider
    let books: ProviderBooks
    let census = CensusBook()

    init(type: String, name: String, version: Version, hosted: HostedProvider, books: ProviderBooks) {
        (self.type, self.name, self.version, self.hosted, self.books) = (type, name, version, hosted, books)
    }
}

/// What is counted while a provider works; made before it, as it tells of operations from its start on.
package final class ProviderBooks: Sendable {
    let calls = CallBook()
    let certificates = CertificateBook()
    let addresses: AddressBook

    package init(clock: WallClock = .system) { addresses = AddressBook(clock: clock) }

    /// An operation has ended.
    package func note(_ end: OperationEnd) {
        addresses.note(end)
        let isTrouble = end.outcome == .failure || end.outcome == .error
        if isTrouble, let reason = ErrorReason(end.operation.code) { calls.count(reason) }
    }
}
