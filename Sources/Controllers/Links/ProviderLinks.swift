import Primitives
import Synchronization

/// The ways to all providers, by `namespace/name`.
package final class ProviderLinks: Sendable {
    private struct Entry {
        let connection: ProviderConnection
        let close: @Sendable () -> Void
    }

    package let counts: CallCounts
    private let dialer: any ProviderDialer
    private let entries = Mutex<[String: Entry]>([:])
    /// Told of machines of a provider that are otherwise than before.
    private let changed = Mutex<@Sendable (_ provider: String, _ ids: [String]) -> Void>({ _, _ in })

    /// Told of a provider that can be asked from now on, and of one that has said what it can do.
    private let connected = Mutex<[@Sendable (_ provider: String) -> Void]>([])

    private let mayAct: @Sendable () -> Bool

    /// - Parameter mayAct: whether providers may be asked at all: not by a manager that does not lead any more.
    package init(_ dialer: any ProviderDialer, counts: CallCounts = CallCounts(), mayAct: @escaping @Sendable () -> Bool = { true }) {
        self.dialer = dialer
        self.counts = counts
        self.mayAct = mayAct
    }

    /// To be called before there is a connection.
    package func onChange(_ handler: @escaping @Sendable (_ provider: String, _ ids: [String]) -> Void) {
        changed.withLock { $0 = handler }
    }

    /// To be called before there is a connection; each handler is told.
    package func onConnect(_ handler: @escaping @Sendable (_ provider: String) -> Void) { connected.withLock { $0.append(handler) } }

    func tellConnected(_ provider: String) {
        for tell in connected.withLock({ $0 }) { tell(provider) }
    }

    package subscript(name: String) -> ProviderConnection? { entries.withLock { $0[name]?.connection } }

    package var all: [ProviderConnection] { entries.withLock { $0.values.map(\.connection) } }

    /// The connection made of the recipe; a new one when the recipe is another than before. Calls that are out on the old one come to their end.
    ///
    /// Errors: those of the dialer; the old one stays then.
    func connection(_ recipe: ProviderRecipe) throws(Failure) -> ProviderConnection {
        if let known = self[recipe.name], known.recipe == recipe { return known }
        let (transport, close) = try dialer.dial(recipe)
        let link = ProviderLink(
            name: recipe.name, type: recipe.type, transport: transport, settings: recipe.settings, counts: counts, mayAct: mayAct)
        let connection = ProviderConnection(link, recipe)
        let (old, handler) = (
            entries.withLock { $0.updateValue(Entry(connection: connection, close: close), forKey: recipe.name) }, changed.withLock { $0 }
        )
        Self.end(old)
        connection.startListing { ids in handler(recipe.name, ids) }
        tellConnected(recipe.name)
        return connection
    }

    func remove(_ name: String) { Self.end(entries.withLock { $0.removeValue(forKey: name) }) }

    package func removeAll() {
        let all = entries.withLock { entries in
            defer { entries = [:] }
            return entries
        }
        for entry in all.values { Self.end(entry) }
    }

    private static func end(_ entry: Entry?) {
        entry?.connection.stop()
        entry?.close()
    }
}
