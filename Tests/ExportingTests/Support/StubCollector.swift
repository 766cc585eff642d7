import CollectorConformance
import Exporting
import Metrics
import Primitives
import Synchronization
import Web

/// A collector of one gauge, `NAME_value{item}`, that does what a test tells it.
struct StubCollector: Collector {
    /// What a test sees of it.
    final class Record: Sendable {
        private struct State {
            var calls = 0
            var deadlines: [Deadline] = []
            var returns = 0
        }

        private let state = Mutex(State())

        /// How often `collect` was called, and how often it has returned.
        var calls: Int { state.withLock { $0.calls } }
        var returns: Int { state.withLock { $0.returns } }
        var deadlines: [Deadline] { state.withLock { $0.deadlines } }

        fileprivate func note(_ deadline: Deadline) {
            state.withLock { state in
                state.calls += 1
                state.deadlines.append(deadline)
            }
        }
        fileprivate func noteReturn() { state.withLock { $0.returns += 1 } }
    }

    typealias Body = @Sendable (_ sink: SampleSink, _ context: CollectionContext, _ stub: StubCollector) async -> Void

    let name: String
    let catalogue: Catalogue
    let record = Record()
    private let value: Metric
    private let body: Body
    private let life: @Sendable () async -> Void

    static let labels = LabelSchema("item")

    init(
        _ name: String, detail: Detail = .guest, body: @escaping Body = { sink, _, stub in stub.commit("all", sink) },
        life: @escaping @Sendable () async -> Void = {}
    ) {
        self.name = name
        self.body = body
        self.life = life
        var catalogue = Catalogue()
        value = catalogue.gauge("\(name)_value", "A value.", labels: Self.labels, detail: detail, source: "test")
        self.catalogue = catalogue
    }

    func collect(into sink: SampleSink, _ context: CollectionContext) async {
        record.note(context.deadline)
        await body(sink, context, self)
        record.noteReturn()
    }

    func run(_ context: CollectionContext) async { await life() }

    /// Commits a part with one sample.
    func commit(_ part: String, item: String? = nil, value number: Double = 1, _ sink: SampleSink) {
        var buffer = sink.begin(part)
        buffer.add(value, buffer.labels(Self.labels, item ?? part), number)
        sink.commit(buffer)
    }

    /// Commits a part with so many samples.
    func commit(_ part: String, count: Int, _ sink: SampleSink) {
        var buffer = sink.begin(part)
        for number in 0..<count { buffer.add(value, buffer.labels(Self.labels, "\(part) \(number)"), 1) }
        sink.commit(buffer)
    }
}

/// A gate that cannot be left by cancellation: as a C call that hangs.
struct Wall: Sendable {
    private let gate = Gate()

    func pass() async { await Task.detached { await gate.pass() }.value }
    func arrivals(_ count: Int) async { await gate.arrivals(count) }
    func open() { gate.open() }
}

extension ScrapeCoordinator {
    static func make(
        _ collectors: [StubCollector], own: [StubCollector] = [], log: LogLines = LogLines(), detail: Detail = .all,
        seriesLimit: Int = standardSeriesLimit
    ) throws -> ScrapeCoordinator {
        try ScrapeCoordinator(
            collectors: collectors, own: own, context: log.context(http: try HTTPClient(), detail: detail), seriesLimit: seriesLimit)
    }
}

extension ScrapeResult {
    /// The exposition as it is sent.
    var text: String {
        var bytes: [UInt8] = []
        TextFormat.write(exposition, through: &bytes) { _ in }
        return String(decoding: bytes, as: UTF8.self)
    }

    func has(_ line: String) -> Bool { text.split(separator: "\n").contains { $0 == line } }

    func share(_ collector: String) -> Share? { shares.first { $0.collector == collector } }
}

/// Runs `body` with more and more time, in seconds, until it is enough: on a machine with other work what is quick may be late too.
func patiently<Outcome>(_ body: (Double) async throws -> Outcome, until isGood: (Outcome) -> Bool) async rethrows -> Outcome {
    for seconds in [0.2, 1, 4] {
        let outcome = try await body(seconds)
        if isGood(outcome) { return outcome }
    }
    return try await body(16)
}
