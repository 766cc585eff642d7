package import Metrics
package import Primitives
package import Web

/// What a collector sees of the world.
package struct CollectionContext: Sendable {
    /// When a scrape must be done. In `run`, far away.
    package var deadline: Deadline
    /// The finest families that are wanted. A collector writes none above it, and makes no call for these alone.
    package let detail: Detail
    /// In front of every path that is read: empty for the real `/proc` and `/sys`, a folder of fixtures in tests.
    package var fileSystemRoot: String
    package let http: HTTPClient
    package let clock: WallClock
    package let logger: Logger

    package init(
        deadline: Deadline, detail: Detail = .standard, fileSystemRoot: String = "", http: HTTPClient, clock: WallClock = .system,
        logger: Logger
    ) {
        self.deadline = deadline
        self.detail = detail
        self.fileSystemRoot = fileSystemRoot
        self.http = http
        self.clock = clock
        self.logger = logger
    }
}
