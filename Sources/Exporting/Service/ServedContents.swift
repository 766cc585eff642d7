import Metrics
import Primitives
import Synchronization
import Web

/// Contents at work: collectors that live between scrapes, and how the last scrape went. A reload puts another in its place; scrapes that
/// have begun end with the one that they began with.
final class ServedContents: Sendable {
    private struct State {
        /// How the last whole scrape went, for each collector.
        var last: [ScrapeResult.Share] = []
        /// Some collector has given data, or all are well and there is nothing to tell: a machine without what they watch.
        var isReady = false
        var life: [Task<Void, Never>] = []
    }

    private let coordinator: ScrapeCoordinator
    private let pages: [String: HTTPHandler]
    private let site: HTTPHandler?
    private let scrapeTimeoutSeconds: Double
    private let condition: (@Sendable () -> String?)?
    private let ownScrapeSeconds: Double?
    private let state = Mutex(State())

    init(_ contents: ExporterContents, own: [any Collector]) throws(Failure) {
        coordinator = try ScrapeCoordinator(
            collectors: contents.collectors, own: contents.own + own, context: contents.context, seriesLimit: contents.seriesLimit)
        pages = Dictionary(contents.pages.map { ($0.path, $0.handler) }) { first, _ in first }
        site = contents.site?.handler
        scrapeTimeoutSeconds = contents.scrapeTimeoutSeconds
        condition = contents.unreadiness
        ownScrapeSeconds = contents.ownScrapeSeconds
    }

    private var isReady: Bool { state.withLock { $0.isReady } }

    /// Why it is not ready; nil once it is.
    var unreadiness: String? {
        if let condition { return condition() }
        return isReady ? nil : "No collector has given data yet; the landing page says why."
    }

    var last: [ScrapeResult.Share] { state.withLock { $0.last } }

    /// Takes over what is known, so that a reload neither makes a service unready that was ready nor loses what took long to learn.
    func follow(_ other: ServedContents) {
        for collector in coordinator.collectors {
            if let predecessor = other.coordinator.collectors.first(where: { $0.name == collector.name }) { collector.follow(predecessor) }
        }
        let (last, isReady) = other.state.withLock { ($0.last, $0.isReady) }
        state.withLock { state in
            (state.last, state.isReady) = (last, state.isReady || isReady)
        }
    }

    /// Brings the collectors to life and reads them once, so that the first scraper finds warm connections and `/ready` tells the truth.
    func live() {
        let coordinator = coordinator
        let life: [Task<Void, Never>] = [
            Task.detached { await coordinator.run() },
            Task.detached { [weak self] in await self?.warmUp() },
        ]
        state.withLock { $0.life = life }
    }

    /// Ends what goes on between scrapes.
    func end() {
        let life = state.withLock { state in
            defer { state.life = [] }
            return state.life
        }
        for task in life { task.cancel() }
    }

    func metrics(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let handler = MetricsHandler(
            coordinator: coordinator, deadline: ScrapeDeadline(capSeconds: scrapeTimeoutSeconds),
            onResult: { [weak self] in self?.note($0) })
        return await handler.handle(request)
    }

    func page(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        guard let handler = pages[request.path] else { return HTTPServerResponse(status: 404, text: "Not found.\n") }
        return await handler(request)
    }

    func site(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        guard let site else { return HTTPServerResponse(status: 404, text: "Not found.\n") }
        return await site(request)
    }

    /// Scrapes until it is ready, and then by itself only where that is wanted.
    private func warmUp() async {
        var pauseSeconds = 1.0
        while !Task.isCancelled {
            note(await coordinator.scrape(by: .after(seconds: scrapeTimeoutSeconds)))
            if isReady, ownScrapeSeconds == nil { return }
            try? await Task.sleep(for: .seconds(pauseSeconds))
            pauseSeconds = min(pauseSeconds * 2, ownScrapeSeconds ?? 30)
        }
    }

    private func note(_ result: ScrapeResult) {
        let names = Set(coordinator.collectors.map(\.name))
        let shares = result.shares.filter { names.contains($0.collector) }
        let hasData = shares.contains { $0.sampleCount > 0 }
        state.withLock { state in
            // A scrape of some collectors says nothing of the others.
            let isWhole = shares.count == names.count
            if isWhole { state.last = shares }
            state.isReady = state.isReady || hasData || isWhole && shares.allSatisfy(\.isSuccess)
        }
    }
}
