/// A state of the source that a collector reads, and what a collector that keeps its contract makes of it.
package struct Scene: Sendable {
    /// What a scrape of the scene must look like.
    package enum Expectation: Sendable {
        /// Everything is there: samples and no problem.
        case healthy
        /// Nothing can be read: a problem, and no samples but those that the collector has of itself.
        case dead
        /// `part` never answers; the parts in `survivors` do.
        case hanging(part: String, survivors: Set<String>)
        /// The source has nothing to say about these families.
        case lacking(families: Set<String>)
    }

    /// As violations name it.
    package let name: String
    let expectation: Expectation
    /// In front of every path that the collector reads.
    let fileSystemRoot: String
    /// Text that must not be seen anywhere.
    let secrets: [String]
    /// Brings the state about; scenes are entered one after the other.
    let enter: @Sendable () async -> Void
    /// Lets go what hangs.
    let leave: @Sendable () async -> Void

    /// - Parameter secrets: the part of a credential that nobody may see, not the whole of it.
    package init(
        _ name: String, _ expectation: Expectation, fileSystemRoot: String = "", secrets: [String] = [],
        enter: @escaping @Sendable () async -> Void = {}, leave: @escaping @Sendable () async -> Void = {}
    ) {
        self.name = name
        self.expectation = expectation
        self.fileSystemRoot = fileSystemRoot
        self.secrets = secrets
        self.enter = enter
        self.leave = leave
    }

    var hangs: Bool {
        if case .hanging = expectation { return true }
        return false
    }
}
