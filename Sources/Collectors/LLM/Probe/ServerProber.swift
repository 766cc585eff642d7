import Exporting
import LLMProbe
import Metrics
import Ownership
import Primitives
import Synchronization
import Web

/// Asks servers to generate a few tokens now and then, those that may be, and keeps what came of it.
final class ServerProber: Sendable {
    /// What a probe can tell where the server itself does not: names of our families behind `llm_monitor_llm_`.
    static let measured: Set<String> = ["time_to_first_token_seconds", "inter_token_latency_seconds", "request_duration_seconds"]

    /// Of one server.
    fileprivate struct Record {
        var plan: ProbePlan
        var isInFlight = false
        /// What came of it, by model.
        var books: [String: ProbeBook] = [:]
        /// The model that was asked last, or would be.
        var model = ""
        var engine = ""
    }

    /// What lasts over a reload.
    private final class Memory: Sendable {
        let records = Mutex([String: Record]())
    }

    private let pace: LLMSettings.ProbePace
    private let families: ProbeFamilies
    private let memory = Mutex(Memory())

    /// Between two looks at whose turn it is.
    private static let pauseSeconds = 1.0
    /// Before the first question to a server, in which a scrape sees its counters at 0.
    private static let firstSeconds = 20.0
    /// Models of a server that have been asked, as which one is asked may change.
    private static let modelLimit = 20

    init(_ pace: LLMSettings.ProbePace, _ catalogue: inout Catalogue) {
        self.pace = pace
        families = ProbeFamilies(&catalogue, labels: LLMFamilies.model)
    }

    /// Goes on until cancelled.
    ///
    /// - Parameter servers: those that may be asked now.
    func run(_ servers: @escaping @Sendable () -> [ProbedServer], _ context: CollectionContext) async {
        let memory = memory.withLock { $0 }
        let prober = Prober(context.http)
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let known = servers()
                for server in turns(known, memory, now: .now) {
                    group.addTask { await self.ask(server.server, server.model, prober, memory, context) }
                }
                try? await Task.sleep(for: .seconds(Self.pauseSeconds))
            }
            group.cancelAll()
        }
    }

    /// Those that are asked now; they count as in flight.
    func turns(_ servers: [ProbedServer], now: ContinuousClock.Instant) -> [(server: ProbedServer, model: String)] {
        turns(servers, memory.withLock { $0 }, now: now)
    }

    private func turns(
        _ servers: [ProbedServer], _ memory: Memory, now: ContinuousClock.Instant
    ) -> [(server: ProbedServer, model: String)] {
        memory.records.withLock { records in
            let names = Set(servers.map(\.name))
            records = records.filter { names.contains($0.key) }
            return servers.compactMap { server -> (server: ProbedServer, model: String)? in
                var record =
                    records[server.name]
                    ?? Record(
                        plan: ProbePlan(
                            intervalSeconds: pace.intervalSeconds, budgetPerHour: pace.budgetPerHour,
                            start: now.advanced(by: .seconds(Self.firstSeconds))))
                defer { records[server.name] = record }
                record.engine = server.kind
                record.model = server.model ?? server.wantedModel ?? record.model
                if !record.model.isEmpty { record.change(record.model, limit: Self.modelLimit) { _ in } }
                guard !record.isInFlight else { return nil }
                switch record.plan.decide(server.situation, now: now, spread: .random(in: 0...1)) {
                case .wait: return nil
                case .skip(let reason):
                    if !record.model.isEmpty { record.change(record.model, limit: Self.modelLimit) { $0.skip(reason) } }
                    return nil
                case .ask:
                    guard let model = server.model else { return nil }
                    record.isInFlight = true
                    return (server, model)
                }
            }
        }
    }

    private func ask(
        _ server: ProbedServer, _ model: String, _ prober: Prober, _ memory: Memory, _ context: CollectionContext
    ) async {
        let question = server.question(model: model, maxTokens: pace.maxTokens, unixSeconds: context.clock.unixSeconds)
        let result = await prober.ask(question, timeoutSeconds: pace.timeoutSeconds)
        let now = context.clock.unixSeconds
        let former: ProbeResult.Outcome? = memory.records.withLock { records in
            records[server.name]?.isInFlight = false
            let former = records[server.name]?.books[model]?.last.map(\.outcome)
            guard let result else { return former }
            records[server.name]?.change(model, limit: Self.modelLimit) { $0.take(result, unixSeconds: now) }
            return former
        }
        guard let result, result.outcome != (former ?? .ok) else { return }
        if result.outcome == .ok {
            context.logger.info("the probe is answered again", ["server": server.name, "model": model])
        } else {
            context.logger.warn(
                "the probe is not answered",
                ["server": server.name, "model": model, "outcome": result.outcome.rawValue, "reason": result.reason])
        }
    }

    /// Writes what is known of a server; nothing of one that has had no turn.
    func write(server: String, into buffer: inout SampleBuffer) {
        let memory = memory.withLock { $0 }
        guard let record = memory.records.withLock({ $0[server] }) else { return }
        for (model, book) in record.books.sorted(by: { $0.key < $1.key }) {
            families.write(book, buffer.labels(LLMFamilies.model, server, record.engine, shortLine(model, limit: 128)), into: &buffer)
        }
    }

    /// Takes a result as if a server had been asked.
    func note(_ result: ProbeResult, server: String, engine: String, model: String, unixSeconds: Double) {
        let memory = memory.withLock { $0 }
        memory.records.withLock { records in
            var record = records[server] ?? Record(plan: ProbePlan(intervalSeconds: 60, budgetPerHour: 0, start: .now))
            record.engine = engine
            record.change(model, limit: Self.modelLimit) { $0.take(result, unixSeconds: unixSeconds) }
            records[server] = record
        }
    }

    /// Takes over what another has measured: a reload has put this one in its place.
    func follow(_ other: ServerProber) {
        let earlier = other.memory.withLock { $0 }
        memory.withLock { $0 = earlier }
    }
}

extension ServerProber.Record {
    /// Changes the book of a model, if there is room for one.
    fileprivate mutating func change(_ model: String, limit: Int, _ body: (inout ProbeBook) -> Void) {
        guard books[model] != nil || books.count < limit else { return }
        body(&books[model, default: ProbeBook()])
    }
}
