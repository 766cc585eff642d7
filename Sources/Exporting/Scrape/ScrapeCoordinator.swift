package import Metrics
package import Primitives
import Synchronization

/// Runs collectors side by side and makes one exposition of what they found by the deadline.
///
/// A scraper that comes while a run is in flight joins it; nothing is kept beyond a run. A collector that hangs past its deadline
/// is quarantined: not started again until it has returned.
package final class ScrapeCoordinator: Sendable {
    private struct State {
        /// The run in flight for each selection of collectors.
        var runs: [[Int]: ScrapeRun] = [:]
        /// Collectors whose `collect` has not returned.
        var busy: Set<Int> = []
        /// Samples left out of all scrapes so far.
        var duplicates = 0
    }

    package let collectors: [any Collector]
    private let own: [any Collector]
    private let table: FamilyTable
    private let metrics = ScrapeMetrics()
    private let context: CollectionContext
    private let journal: ProblemJournal
    private let state = Mutex(State())

    /// - Parameter own: collectors of what martlet knows of itself; they take part in every scrape of everything.
    /// - Parameter context: what collectors see; its deadline is replaced at each scrape.
    package init(collectors: [any Collector], own: [any Collector] = [], context: CollectionContext) throws(Failure) {
        self.collectors = collectors
        self.own = own
        self.context = context
        journal = ProblemJournal(context.logger)
        table = try FamilyTable((collectors + own).map(\.catalogue) + [metrics.catalogue])
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
    /// - Parameter names: the collectors that take part, or nil for all of them and martlet's own metrics.
    package func scrape(by deadline: Deadline, only names: Set<String>? = nil) async -> ScrapeResult {
        let all = collectors + own
        let selection = all.indices.filter { names?.contains(all[$0].name) ?? true }
        let run = joinOrStart(selection, deadline)
        await run.wait(until: deadline)
        return result(of: run)
    }

    private func joinOrStart(_ selection: [Int], _ deadline: Deadline) -> ScrapeRun {
        let all = collectors + own
        let (run, startsHere): (ScrapeRun, [ScrapeRun.Share]) = state.withLock { state in
            if let running = state.runs[selection] { return (running, []) }
            let shares = selection.map { index in
                ScrapeRun.Share(collector: index, sink: SampleSink(), isQuarantined: state.busy.contains(index))
            }
            let run = ScrapeRun(shares)
            state.runs[selection] = run
            let starting = shares.filter { !$0.isQuarantined }
            state.busy.formUnion(starting.map(\.collector))
            return (run, starting)
        }
        var context = context
        // Collectors stop a little sooner than the sinks close, so that what they have by then is still committed.
        context.deadline = deadline.earlier(bySeconds: min(0.25, deadline.remainingSeconds / 10))
        for share in startsHere {
            let collector = all[share.collector]
            let task = Task.detached { [self, context] in
                await collector.collect(into: share.sink, context)
                state.withLock { _ = $0.busy.remove(share.collector) }
                run.finish(collector: share.collector)
            }
            if share.collector < collectors.count { cancel(task, at: deadline, of: run) }
        }
        if !startsHere.isEmpty || run.shares.allSatisfy(\.isQuarantined) {
            Task.detached { [self] in
                await run.wait(until: deadline)
                state.withLock { state in
                    if state.runs[selection] === run { state.runs[selection] = nil }
                }
            }
        }
        return run
    }

    /// A collector that has not ended by the deadline is told to; if it does not listen, it stays busy and is quarantined.
    private func cancel(_ task: Task<Void, Never>, at deadline: Deadline, of run: ScrapeRun) {
        Task.detached {
            await run.wait(until: deadline)
            task.cancel()
        }
    }

    private func result(of run: ScrapeRun) -> ScrapeResult {
        let all = collectors + own
        var buffers = [[SampleBuffer]](repeating: [], count: all.count)
        var shares: [ScrapeResult.Share] = []
        for share in run.shares {
            let contents = share.sink.contents
            buffers[share.collector] = contents.committed
            var problems = contents.problems
            if share.isQuarantined {
                problems.append(PartProblem(part: "", .quarantined, "still hangs in an earlier scrape"))
            } else if share.finishedAfterSeconds == nil {
                problems += contents.pending.sorted().map { PartProblem(part: $0, .deadline, "not done by the deadline") }
                if contents.pending.isEmpty { problems.append(PartProblem(part: "", .deadline, "not done by the deadline")) }
            }
            shares.append(
                ScrapeResult.Share(
                    collector: all[share.collector].name,
                    durationSeconds: share.finishedAfterSeconds ?? (ContinuousClock.now - run.started).seconds,
                    isFinished: share.finishedAfterSeconds != nil, problems: problems, parts: contents.committed.map(\.part),
                    sampleCount: contents.committed.reduce(0) { $0 + $1.count }))
        }
        journal.note(shares)
        var summary = SampleBuffer(part: "scrape")
        for share in shares where collectors.contains(where: { $0.name == share.collector }) { metrics.write(share, into: &summary) }
        summary.add(metrics.duplicates, .empty, Double(state.withLock { $0.duplicates }))
        let exposition = Exposition(table, buffers + [[summary]])
        if let family = exposition.firstDuplicate {
            state.withLock { $0.duplicates += exposition.duplicateCount }
            context.logger.warn("duplicate series left out", ["count": exposition.duplicateCount, "family": family])
        }
        return ScrapeResult(exposition: exposition, shares: shares)
    }
}
