import ContainerCollector
import Exporting
import Logs
import Ownership
import Primitives
import Synchronization
import Web

/// What `martlet logs` serves, before and after a reload.
final class LogsServer: Sendable {
    private let store: PlaceStore
    /// The container engine, over a reload.
    private let things = KeptThings()
    private let tally = LogsTally()
    private let current = Mutex<[LogsCollector]>([])
    /// Longest that a push on its way may take at the end.
    private static let stopSeconds = 5.0

    init(store: PlaceStore) { self.store = store }

    func contents(
        _ configuration: Configuration, _ settings: LogsSettings, _ loki: LokiSettings, _ http: HTTPClient
    ) throws(Failure) -> ExporterContents {
        let root = try configuration.fileSystemRoot()
        var containers = try configuration.containers()
        containers.labels = [LogsCollector.optOutLabel]
        let engine = settings.hasContainers ? ContainerDefinition.engine(containers, fileSystemRoot: root, things) : nil
        let collector = LogsCollector(
            settings, loki, engine: engine, store: store, tally: tally, http: http, logger: configuration.logger)
        current.withLock { $0 = $0.suffix(1) + [collector] }
        let context = CollectionContext(
            deadline: .after(seconds: configuration.scrapeTimeoutSeconds), detail: configuration.detail, http: http,
            logger: configuration.logger)
        var contents = ExporterContents(
            collectors: [collector], scrapeTimeoutSeconds: configuration.scrapeTimeoutSeconds, seriesLimit: configuration.seriesLimit,
            context: context)
        contents.title = "logs"
        contents.unreadiness = { collector.unreadiness }
        return contents
    }

    func stop() async {
        let deadline = Deadline.after(seconds: Self.stopSeconds)
        for collector in current.withLock({ $0 }) { await collector.stop(by: deadline) }
    }
}
