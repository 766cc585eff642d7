package import Metrics
package import Primitives
import Synchronization

/// Runs collectors side by side and makes one exposition of what they found by the deadline.
///
/// A scraper that comes while a collector is at work joins it; nothing is kept beyond that. A collector that hangs past its deadline
/// is quarantined: not started again until it has returned.
package final class ScrapeCoordinator: Sendable {
    private struct State {
        /// The collectors whose `collect` has not returned.
        var running: [Int: ScrapeRun] = [:]
        /// The deadlines of all scrapers that wait now.
        var scrapers: [Int: Deadline] = [:]
        var lastScraper = 0

        mutating func enter(_ deadline: Deadline) -> Int {
            lastScraper += 1
            scrapers[lastScraper] = deadline
            return lastScraper
        }

        /// Samples left out of all scrapes so far.
        var duplicates = 0
        /// Series left out of all scrapes so far; for each collector, by level.
        var dropped: [[Detail: Int]]
    }

    /// A collector's part in one scrape.
    private struct Share {
        let collector: Int
        /// nil when the collector is quarantined.
        var run: ScrapeRun?
        /// The run that should have ended, when there is none.
        var late: ScrapeRun?

        /// Whether the run had less time than the scraper has, and missed something for that.
        func isShort(for deadline: Deadline) -> Bool { (run ?? late)?.wouldGainFrom(deadline) ?? false }
    }

    /// A fuse, and no budget: ten thousand guests with their disks and cards are six hundred thousand series. A million need a quarter of
    /// a gigabyte here while a scrape is under way (two hundred bytes each), and twenty times that in a Prometheus.
    package static let standardSeriesLimit = 1_000_000

    package let collectors: [any Collector]
    private let all: [any Collector]
    private let table: FamilyTable
    private let metrics = ScrapeMetrics()
    private let context: CollectionContext
    private let journal: ProblemJournal
    private let seriesJournal: SeriesJournal
    private let bounds: Exposition.Bounds
    /// For each collector, the levels of its families that are shown.
    private let levels: [[Detail]]
    private let state: Mutex<State>

    /// - Parameter own: collectors of what martlet knows of itself; they take part in every scrape of everything.
    /// - Parameter context: what collectors see; its deadline is replaced at each scrape.
    /// - Parameter seriesLimit: the most series of a scrape. What martlet tells of itself counts and is never left out.
    package init(
        collectors: [any Collector], own: [any Collector] = [], context: CollectionContext, seriesLimit: Int = standardSeriesLimit
    ) throws(Failure) {
        self.collectors = collectors
        all = collectors + own
        self.context = context
        journal = ProblemJournal(context.logger)
        seriesJournal = SeriesJournal(context.logger, limit: seriesLimit)
        bounds = Exposition.Bounds(detail: context.detail, series: seriesLimit, firstSpared: collectors.count)
        levels = collectors.map { collector in
            Set(collector.catalogue.descriptors.map(\.detail)).filter { $0 <= context.detail }.sorted()
        }
        state = Mutex(State(dropped: [[Detail: Int]](repeating: [:], count: collectors.count)))
        table = try FamilyTable(all.map(\.catalogue) + [metrics.catalogue])
    }

    /// All families of all collectors, in the order of the exposition.
    package var descriptors: [MetricDescriptor] { table.descriptors }

    /// The life of all collectors between scrapes; ends when its task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for collector in collectors {
                var context = context
                context.deadline = .after(seconds: 365 * 86400)
                group.addTask { [context] in await collector.run(context) }
            }
        }
    }

    /// Scrapes by the deadline.
    ///
    /// - Parameter names: the collectors that take part, or nil for all; martlet's own metrics are always there.
    package func scrape(by deadline: Deadline, only names: Set<String>? = nil) async -> ScrapeResult {
        let selection = all.indices.filter { $0 >= collectors.count || names?.contains(all[$0].name) ?? true }
        let scraper = state.withLock { $0.enter(deadline) }
        defer { state.withLock { $0.scrapers[scraper] = nil } }
        var shares = selection.map { joinOrStart($0, deadline) }
        for share in shares { await share.run?.wait(until: deadline) }
        // Whoever came first has set a run's time. One that was too short, of a scraper in more of a hurry, is not the last word.
        while true {
            let short = shares.indices.filter { shares[$0].isShort(for: deadline) }
            if short.isEmpty { return result(of: shares) }
            for index in short {
                await (shares[index].run ?? shares[index].late)?.waitForReturn(until: deadline)
                shares[index] = joinOrStart(shares[index].collector, deadline)
            }
            for index in short { await shares[index].run?.wait(until: deadline) }
        }
    }

    /// The collector at work, by now if need be. One that hangs is not started again.
    private func joinOrStart(_ collector: Int, _ deadline: Deadline) -> Share {
        let (share, isNew): (Share, Bool) = state.withLock { state in
            if let running = state.running[collector] {
                let isLate = running.deadline.hasPassed
                return (Share(collector: collector, run: isLate ? nil : running, late: isLate ? running : nil), false)
            }
            // The time of the most patient of all who wait: else one in a hurry after the other could leave him with nothing.
            let run = ScrapeRun(
                collector: collector, deadline: max(deadline, state.scrapers.values.max() ?? deadline),
                limits: SampleSink.Limits(series: bounds.series))
            state.running[collector] = run
            return (Share(collector: collector, run: run), true)
        }
        if isNew, let run = share.run { start(run) }
        return share
    }

    private func start(_ run: ScrapeRun) {
        var context = context
        // Collectors stop a little sooner than their sinks close, so that what they have by then is still committed.
        context.deadline = run.deadline.earlier(bySeconds: min(0.25, run.deadline.remainingSeconds / 10))
        let collector = all[run.collector]
        // What martlet knows of itself is not below a folder that somebody else's files are mounted at.
        if run.collector >= collectors.count { context.fileSystemRoot = "" }
        let task = Task.detached { [self, context] in
            await collector.collect(into: run.sink, context)
            state.withLock { $0.running[run.collector] = nil }
            run.finish()
        }
        // One that has not ended by the deadline is told to; if it does not listen, it stays among the running.
        Task.detached {
            await run.wait(until: run.deadline)
            run.sink.close()
            task.cancel()
        }
    }

    private func result(of shares: [Share]) -> ScrapeResult {
        var buffers = [[SampleBuffer]](repeating: [], count: all.count)
        var results: [ScrapeResult.Share] = []
        for share in shares {
            let finishedAfterSeconds = share.run?.finishedInTimeAfterSeconds
            let contents = share.run?.sink.contents ?? SampleSink.Contents()
            buffers[share.collector] = contents.committed
            var problems = contents.problems
            if share.run == nil {
                problems.append(PartProblem(part: "", .quarantined, "still hangs in an earlier scrape"))
            } else if finishedAfterSeconds == nil {
                problems += contents.pending.sorted().map { PartProblem(part: $0, .deadline, "not done by the deadline") }
                if contents.pending.isEmpty { problems.append(PartProblem(part: "", .deadline, "not done by the deadline")) }
            } else {
                // A part that was begun is missed even when its collector has not a word for why it is not there.
                let told = Set(problems.map(\.part))
                let untold = contents.pending.subtracting(told).sorted()
                problems += untold.map { PartProblem(part: $0, .failed, "the collector began the part and gave nothing") }
            }
            results.append(
                ScrapeResult.Share(
                    collector: all[share.collector].name,
                    durationSeconds: finishedAfterSeconds ?? share.run.map { (ContinuousClock.now - $0.started).seconds } ?? 0,
                    isFinished: finishedAfterSeconds != nil, problems: problems, parts: contents.committed.map(\.part),
                    sampleCount: contents.committed.reduce(0) { $0 + $1.count }))
        }
        journal.note(results)
        let (duplicates, dropped) = state.withLock { ($0.duplicates, $0.dropped) }
        var summary = SampleBuffer(part: "scrape")
        for (share, result) in zip(shares, results) where share.collector < collectors.count {
            metrics.write(result, into: &summary)
            let counts = levels[share.collector].map { ($0, dropped[share.collector][$0] ?? 0) }
            metrics.write(result.collector, dropped: counts, into: &summary)
        }
        metrics.write(seriesLimit: bounds.series, duplicates: duplicates, into: &summary)
        let exposition = Exposition(table, buffers + [[summary]], bounds: bounds)
        note(exposition, shares)
        for index in results.indices {
            results[index].dropped = exposition.dropped.filter { $0.catalogue == shares[index].collector }
        }
        return ScrapeResult(exposition: exposition, shares: results)
    }

    /// Counts and logs what was left out.
    private func note(_ exposition: Exposition, _ shares: [Share]) {
        if let family = exposition.firstDuplicate {
            state.withLock { $0.duplicates += exposition.duplicateCount }
            context.logger.warn("duplicate series left out", ["count": exposition.duplicateCount, "family": family])
        }
        state.withLock { state in
            for gone in exposition.dropped { state.dropped[gone.catalogue][gone.detail, default: 0] += gone.series }
        }
        seriesJournal.note(exposition, of: Set(shares.map(\.collector)))
    }
}
