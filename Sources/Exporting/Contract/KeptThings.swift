import Synchronization

/// What is made once, shared by collectors that do not know each other, and kept when a reload makes new ones: one thing of each type.
package final class KeptThings: Sendable {
    private let things = Mutex<[ObjectIdentifier: any Sendable]>([:])

    package init() {}

    /// The thing that is kept from now on.
    ///
    /// - Parameter choose: given the one that was kept, gives it back or another in its place. It must not come here again.
    package func keep<Thing: Sendable>(_ choose: (Thing?) -> Thing) -> Thing {
        things.withLock { things in
            let chosen = choose(things[ObjectIdentifier(Thing.self)] as? Thing)
            things[ObjectIdentifier(Thing.self)] = chosen
            return chosen
        }
    }

    /// The thing of this type, if somebody has made it.
    package func kept<Thing: Sendable>(_: Thing.Type = Thing.self) -> Thing? {
        things.withLock { $0[ObjectIdentifier(Thing.self)] as? Thing }
    }
}
