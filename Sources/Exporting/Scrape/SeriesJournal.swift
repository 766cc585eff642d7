import Metrics
import Primitives
import Synchronization

/// Writes to the log when scrapes begin to have more series than they may, and when that ends, not at every scrape.
final class SeriesJournal: Sendable {
    private let logger: Logger
    private let limit: Int
    /// The selections of collectors that had too many. Who asks for a few of them, and gets all, has not ended it for the others.
    private let known = Mutex<Set<Set<Int>>>([])

    init(_ logger: Logger, limit: Int) {
        self.logger = logger
        self.limit = limit
    }

    /// - Parameter selection: the collectors that took part.
    func note(_ exposition: Exposition, of selection: Set<Int>) {
        let isOver = !exposition.dropped.isEmpty
        let isNews = known.withLock { known in isOver ? known.insert(selection).inserted : known.remove(selection) != nil }
        guard isNews else { return }
        guard isOver else {
            logger.info("series are within the limit again", ["series": exposition.seriesCount, "limit": limit])
            return
        }
        let gone = exposition.dropped.reduce(0) { $0 + $1.series }
        logger.warn(
            "more series than the limit, families left out",
            [
                "series": exposition.seriesCount + gone, "limit": limit, "dropped": gone,
                "families": Self.names(exposition.dropped), "hint": "lower exporter.detail or raise exporter.series_limit",
            ])
    }

    /// A line is to be read: the first that went stand for the rest.
    private static func names(_ dropped: [Exposition.Dropped]) -> String {
        let shown = dropped.prefix(5).map(\.family).joined(separator: " ")
        return dropped.count > 5 ? "\(shown) and \(dropped.count - 5) more" : shown
    }
}
