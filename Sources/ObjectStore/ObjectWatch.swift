package import Objects

/// Changes as they come. Whoever lets go of it watches no more.
package protocol ObjectWatch: Sendable, AnyObject {
    /// The next change; waits for it. nil when the store has ended the watch in good order, as servers do from time to time: watch again from the last version seen.
    ///
    /// One caller at a time. A caller whose task is cancelled gets nil.
    /// - Throws: `expired` when changes were lost, as the caller was too slow: list again. `unavailable` when the store cannot be reached.
    func next() async throws(StoreError) -> WatchEvent?

    /// Ends it; who waits for the next change gets nil.
    func stop()
}

/// A change of an object, or word that there was none.
package enum WatchEvent: Sendable {
    case added(APIObject)
    case modified(APIObject)
    /// With the object's last state, under the version of its going.
    case deleted(APIObject)
    /// All up to this version has come.
    case bookmark(resourceVersion: String)

    package var object: APIObject? {
        switch self {
        case .added(let object), .modified(let object), .deleted(let object): object
        case .bookmark: nil
        }
    }

    package var resourceVersion: String {
        switch self {
        case .added(let object), .modified(let object), .deleted(let object): object.metadata.resourceVersion
        case .bookmark(let version): version
        }
    }
}
