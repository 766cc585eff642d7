package import ProviderRPC
import Synchronization

/// A provider that is asked: the way to it, what its machines were, and what it can do.
package final class ProviderConnection: Sendable {
    package let link: ProviderLink
    package let machines = MachineBook()
    /// Of what it was made; another one is made when that changes.
    let recipe: ProviderRecipe
    private let facts = Mutex<GetCapabilitiesResponse?>(nil)
    private let lister = Mutex<Task<Void, Never>?>(nil)

    init(_ link: ProviderLink, _ recipe: ProviderRecipe) {
        self.link = link
        self.recipe = recipe
    }

    /// What the provider can do; nil until it has said so.
    package var capabilities: GetCapabilitiesResponse? {
        get { facts.withLock { $0 } }
        set { facts.withLock { $0 = newValue } }
    }

    /// Begins to list its machines. Once.
    func startListing(_ changed: @escaping @Sendable ([String]) -> Void) {
        lister.withLock { task in
            guard task == nil else { return }
            task = Task { [link, machines] in await MachineLister(link: link, book: machines, changed: changed).run() }
        }
    }

    func stop() { lister.withLock { $0?.cancel() } }

    deinit { stop() }
}
