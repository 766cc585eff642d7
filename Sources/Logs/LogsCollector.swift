package import Exporting
package import Metrics
package import Ownership
package import Primitives
package import Web

/// The shipper as a service of the exporter's kind: its life is to carry lines, and what it collects is how that goes.
package struct LogsCollector: Collector {
    package let name = "logs"
    /// A container that has it with the value `false` is left out.
    package static let optOutLabel = "martlet.logs"
    private let families = LogsFamilies()
    private let tally: LogsTally
    private let shipper: LogShipper?
    private let clock: WallClock

    /// Without anything to ship, for lists of what there is.
    package init() { self.init(tally: LogsTally()) }

    init(tally: LogsTally) {
        self.tally = tally
        shipper = nil
        clock = .system
    }

    /// - Parameter engine: whose containers are read, as far as the settings want that.
    /// - Parameter store: where it is remembered what Loki has; of all collectors that follow each other the same, as is the tally.
    package init(
        _ settings: LogsSettings, _ loki: LokiSettings, engine: ContainerEngine?, store: PlaceStore, tally: LogsTally, http: HTTPClient,
        logger: Logger, clock: WallClock = .system
    ) {
        self.tally = tally
        self.clock = clock
        shipper = LogShipper(settings, loki, engine: engine, store: store, tally: tally, http: http, logger: logger)
    }

    package var catalogue: Catalogue { families.catalogue }

    /// Why lines do not arrive, nil when they do.
    package var unreadiness: String? {
        let contents = tally.contents
        if let obstacle = Self.obstacle(contents) { return "Loki stores nothing: \(obstacle)" }
        for (source, reading) in contents.read.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where reading.isUp == false {
            return "\(source.rawValue): \(reading.problem ?? "not read")"
        }
        return contents.read.isEmpty ? "Nothing was read yet." : nil
    }

    /// A line or two that Loki refuses are nobody's trouble; when nothing else comes of push after push, it is.
    private static func obstacle(_ contents: LogsTally.Contents) -> String? {
        contents.obstacle ?? (contents.refusedInARow >= 3 ? "it refuses every line, which are lost: \(contents.refusal)" : nil)
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        let contents = tally.contents
        var buffer = sink.begin("logs")
        let oldest = [contents.sending, shipper?.oldest].compactMap { $0 }.min()
        let moment = LogsFamilies.Moment(
            queueBytes: shipper?.queueBytes ?? 0, queueLimit: shipper?.queueLimit ?? 0,
            lagSeconds: oldest.map { max(0, clock.unixSeconds - Double($0) / 1e9) } ?? 0, streams: shipper?.streams.count ?? 0,
            overflow: shipper?.streams.overflow ?? 0)
        families.write(contents, moment, into: &buffer)
        sink.commit(buffer)
        if let obstacle = Self.obstacle(contents) { sink.report(PartProblem(part: "loki", .unreachable, obstacle)) }
        for (source, reading) in contents.read where reading.isUp == false {
            sink.report(PartProblem(part: source.rawValue, .failed, reading.problem ?? "not read"))
        }
        if let problem = contents.stateProblem { sink.report(PartProblem(part: "state", .failed, problem)) }
    }

    package func run(_ context: CollectionContext) async { await shipper?.run() }

    /// Lets a push on its way end.
    package func stop(by deadline: Deadline) async { await shipper?.stop(by: deadline) }
}
