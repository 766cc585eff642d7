package import Exporting
package import Metrics
package import Primitives
import UpstreamConfiguration
package import Web

/// The viewer as a service of the exporter's kind: its life is to look at the folder of boards, what it collects is how often it is asked, and
/// its site is the page with all that the page asks for.
package struct ViewerCollector: Collector {
    package let name = "dashboards"
    private let families = ViewerFamilies()
    private let tally: ViewerTally
    private let desks: [QuestionDesk]
    private let handler: ViewerSite?
    private let boards: BoardCatalogue

    /// Without anything to ask, for lists of what there is.
    package init() {
        tally = ViewerTally()
        desks = []
        boards = BoardCatalogue(shipped: [])
        handler = nil
    }

    /// Errors: a folder of the settings cannot be read.
    ///
    /// - Parameter boards: the shipped ones, by their files' names.
    /// - Parameter isSecure: whether browsers reach the service over TLS.
    package init(
        _ settings: ViewerSettings, boards: [(name: String, text: String)], http: HTTPClient, version: Version, clock: WallClock = .system,
        isSecure: @escaping @Sendable () -> Bool
    ) throws(Failure) {
        let tally = ViewerTally()
        self.tally = tally
        var limits = QuestionDesk.Limits()
        limits.inFlight = settings.queriesInFlight
        limits.timeoutSeconds = settings.timeoutSeconds
        let room = BodyRoom(bytes: max(256 << 20, 4 * settings.answerBytes))
        func upstream(_ program: Upstream.Program, _ place: UpstreamSettings) -> Upstream {
            Upstream(program, place, http: http, answerBytes: settings.answerBytes, room: room, tally: tally)
        }
        func desk(_ upstream: Upstream) -> QuestionDesk {
            QuestionDesk(upstream.program, limits: limits, tally: tally) { await upstream.ask($0, by: $1) }
        }
        let prometheus = desk(upstream(.prometheus, settings.prometheus))
        let alertmanager = settings.alertmanager.map { upstream(.alertmanager, $0) }
        let alertmanagerDesk = alertmanager.map(desk)
        let loki = settings.loki.map { desk(upstream(.loki, $0)) }
        let sameSite = SameSite(isSecure: isSecure, external: settings.externalURL.flatMap { Origin(parsing: $0) })
        var silences: SilenceDesk?
        if let alertmanager, let alertmanagerDesk {
            silences = SilenceDesk(upstream: alertmanager, desk: alertmanagerDesk, sameSite: sameSite, clock: clock, tally: tally)
        }
        let page = try settings.pageDirectory.map { (folder) throws(Failure) in try PageFiles.read(folder: folder) } ?? PageFiles.shipped
        let catalogue =
            settings.boardsDirectory.map { BoardCatalogue(folder: $0) }
            ?? BoardCatalogue(shipped: boards.map { ($0.name, Array($0.text.utf8)) })
        if let problem = catalogue.problem { throw Failure(.environment, "dashboards.boards_dir: \(problem)") }
        // Prometheus gives up before we do, and says so itself.
        let questions = PrometheusQuestions(
            maxRangeSeconds: settings.maxRangeSeconds, timeoutSeconds: max(0.5, settings.timeoutSeconds * 0.9))
        let boardPages = BoardPages(
            catalogue: catalogue, prometheus: prometheus, questions: questions, scrapeSeconds: settings.scrapeSeconds,
            hasLoki: settings.loki != nil, clock: clock,
            workshop: Workshop(placeSeconds: settings.timeoutSeconds, tally: tally),
            heldAnswers: HeldAnswers(limitBytes: max(256 << 20, 4 * settings.answerBytes), limitOfOne: 2 * settings.answerBytes))
        handler = ViewerSite(
            page: PageFiles(page), boards: boardPages, runbook: .shipped, prometheus: prometheus, prometheusQuestions: questions,
            alertmanager: alertmanagerDesk, silences: silences, loki: loki, sameSite: sameSite, version: version, tally: tally)
        self.boards = catalogue
        desks = [prometheus] + [alertmanagerDesk, loki].compactMap { $0 }
    }

    package var catalogue: Catalogue { families.catalogue }

    /// All paths beside those that every service has.
    package var site: ExporterContents.Site? {
        handler.map { ExporterContents.Site(bodyBytes: ViewerSite.bodyBytes, headers: ViewerSite.headers, handler: $0.handle) }
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        var buffer = sink.begin("dashboards")
        families.write(tally.contents, desks, into: &buffer)
        let entries = boards.entries
        let bad = entries.filter { $0.problem != nil }
        families.write(good: entries.count - bad.count, bad: bad.count, into: &buffer)
        sink.commit(buffer)
        if let problem = boards.problem { sink.report(PartProblem(part: "boards", .failed, problem)) }
        for entry in bad.prefix(Self.mostProblems) { sink.report(PartProblem(part: entry.uid, .malformed, entry.problem ?? "")) }
    }

    /// Files that hold no board and are named in the log; the page names all.
    private static let mostProblems = 20

    package func run(_ context: CollectionContext) async { await boards.watch() }

    package func follow(_ other: any Collector) {
        guard let other = other as? ViewerCollector else { return }
        tally.follow(other.tally)
    }
}
