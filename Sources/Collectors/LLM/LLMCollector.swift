package import Exporting
package import Metrics
package import Ownership
import Primitives
import Synchronization

/// Collects LLM servers: each is asked at its own pace between scrapes, and a scrape shows what they told last.
package final class LLMCollector: Collector {
    package let name = "llm"
    package let catalogue: Catalogue
    let settings: LLMSettings
    private let families: LLMFamilies
    private let engine: ContainerEngine?
    let prober: ServerProber
    private let book = Mutex(ServerBook())
    private let sharedDesk = Mutex(TargetDesk())

    /// How old what a server told may become, in intervals.
    private static let intervalsKept = 3.0
    /// Servers that are asked at the same time.
    private static let asksAtOnce = 16
    /// Between two looks at whose turn it is.
    private static let pauseSeconds = 0.25
    /// Most servers that there may be; more containers or ports are left out.
    static let serverLimit = 500

    /// - Parameter engine: what knows containers, shared with who collects those; nil where none is looked for.
    package init(_ settings: LLMSettings, engine: ContainerEngine? = nil) {
        self.settings = settings
        self.engine = settings.looksAtContainers ? engine : nil
        var catalogue = Catalogue()
        families = LLMFamilies(&catalogue)
        prober = ServerProber(settings.probe, &catalogue)
        self.catalogue = catalogue
    }

    /// One that shows what is in a book already.
    init(_ settings: LLMSettings, book: ServerBook) {
        self.settings = settings
        engine = nil
        var catalogue = Catalogue()
        families = LLMFamilies(&catalogue)
        prober = ServerProber(settings.probe, &catalogue)
        self.catalogue = catalogue
        self.book.withLock { $0 = book }
    }

    // MARK: between scrapes

    package func run(_ context: CollectionContext) async {
        let book = book.withLock { $0 }
        let owner = book.take()
        await withDiscardingTaskGroup { group in
            if let engine { group.addTask { await engine.run(context.http, context.logger) } }
            group.addTask { await self.prober.run({ self.probed(book) }, context) }
            let poll = ServerPoll(http: context.http, timeoutSeconds: settings.timeoutSeconds, modelLimit: settings.modelLimit)
            var remarks = TargetRemarks()
            while !Task.isCancelled {
                let engine = engine
                let view = engine?.view
                let choice = choice(view)
                remarks.write(choice.remarks, to: context.logger)
                book.set(choice.targets, owner: owner, keptSeconds: settings.intervalSeconds) { target in
                    engine?.container(id: target.containerID, user: view?.user ?? "").map { !$0.isRunning } ?? false
                }
                for news in book.news() { news.write(to: context.logger) }
                for turn in book.turns(now: .now, intervalSeconds: settings.intervalSeconds, limit: Self.asksAtOnce) {
                    group.addTask {
                        let result = await poll.run(turn)
                        // What was broken off says nothing of the server.
                        guard !Task.isCancelled else { return book.giveBack(turn) }
                        book.take(result, of: turn, now: .now, unixSeconds: context.clock.unixSeconds)
                    }
                }
                try? await Task.sleep(for: .seconds(Self.pauseSeconds))
            }
            group.cancelAll()
        }
    }

    /// Who is to be asked.
    private func choice(_ view: ContainerEngine.View?) -> TargetChoice {
        TargetChoice(
            configured: settings.servers, found: ContainerServers.found(view?.containers ?? []), ports: settings.ports,
            limit: Self.serverLimit)
    }

    /// Those that may be asked to generate something.
    func probed(_ book: ServerBook) -> [ProbedServer] {
        book.entries.compactMap { entry in
            // Before the first answer nobody knows which model is asked.
            guard entry.target.isProbed, entry.isUp != nil, let name = entry.kind, let dialect = ServerKinds.kind(named: name)?.dialect
            else { return nil }
            let picture = entry.picture
            return ProbedServer(
                name: entry.target.name, kind: name, address: entry.target.address, dialect: entry.target.dialect ?? dialect,
                wantedModel: entry.target.probedModel,
                loadedModels: picture?.hasAny(.modelLoaded) == true ? picture?.loaded.sorted() : nil,
                expirations: picture?.numbers(.modelExpires) ?? [:], waiting: picture?.total(.requestsWaiting),
                isReady: entry.isReady == true)
        }
    }

    package func follow(_ other: any Collector) {
        guard let other = other as? LLMCollector else { return }
        let earlier = other.book.withLock { $0 }
        book.withLock { $0 = earlier }
        prober.follow(other.prober)
        let desk = other.desk
        sharedDesk.withLock { $0 = desk }
    }

    /// Servers by URL that are not of the settings.
    var desk: TargetDesk { sharedDesk.withLock { $0 } }

    /// The server that has this name or URL, by name first.
    ///
    /// - Parameter isConfigured: whether one of the settings, or else one that was found.
    func known(_ target: String, isConfigured: Bool) -> ServerBook.Entry? {
        let entries = book.withLock { $0 }.entries.filter { ($0.target.origin == .configuration) == isConfigured }
        return entries.first { $0.target.name == target } ?? entries.first { $0.target.address.url == target }
    }

    // MARK: scrape

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        draw(book.withLock { $0 }.entries, now: .now, into: sink)
    }

    /// What a scrape shows of the servers as they are known. That one does not answer is told by its own series and is no failure of the
    /// collector.
    ///
    /// - Parameter showsUnknown: also one at a port that has not answered as a server yet.
    func draw(_ entries: [ServerBook.Entry], now: ContinuousClock.Instant, into sink: SampleSink, showsUnknown: Bool = false) {
        for entry in entries where entry.isKnown || showsUnknown {
            let server = entry.target.name
            var buffer = sink.begin(server)
            families.write(
                entry, now: now, maximumAgeSeconds: Self.intervalsKept * settings.intervalSeconds,
                measured: entry.target.isProbed ? ServerProber.measured : [], into: &buffer)
            if entry.target.isProbed { prober.write(server: server, into: &buffer) }
            sink.commit(buffer)
        }
    }
}
