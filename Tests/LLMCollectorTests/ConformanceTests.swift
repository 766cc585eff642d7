import CollectorConformance
import Exporting
import LLMProbe
import Metrics
import Synchronization
import Testing

@testable import LLMCollector

/// The collector before servers of every kind, and before some that do not answer.
@Suite struct ConformanceTests {
    @Test func `servers of every kind conform, and dead ones`() async throws {
        let (whole, dead, bare) = (ServerBook(), ServerBook(), ServerBook())
        for kind in ServerKinds.all {
            whole.tell(kind.name, kind, Self.everything(kind), problem: nil)
            dead.tell(kind.name, kind, nil, problem: PollProblem(.refused, "/metrics: nobody listens"))
            bare.tell(kind.name, kind, "", problem: nil)
        }
        let book = Mutex(whole)
        func scene(_ name: String, _ expectation: Scene.Expectation, _ wanted: ServerBook) -> Scene {
            Scene(name, expectation, enter: { book.withLock { $0 = wanted } })
        }
        let gone: Set<String> = Set(ServingFamily.allCases.map(\.name)).union([
            "llm_monitor_llm_native_metrics_up", "llm_monitor_llm_capability",
        ])
        let violations = await CollectorConformance(
            prefixes: ["llm_monitor_llm_"],
            healthy: scene("servers", .healthy, whole),
            broken: [
                scene("nobody answers", .lacking(families: gone), dead),
                scene("nothing is told", .lacking(families: ["llm_monitor_llm_requests_total"]), bare),
            ]
        ) {
            let collector = book.withLock { LLMCollector(LLMSettings(), book: $0) }
            var result = ProbeResult(outcome: .ok, durationSeconds: 1, status: 200)
            (result.secondsToFirstToken, result.secondsBetweenTokens) = (0.2, 0.05)
            (result.promptTokens, result.generatedTokens) = (12, 16)
            collector.prober.note(result, server: "vllm", engine: "vllm", model: "m", unixSeconds: 1_795_320_000)
            return collector
        }.violations()
        #expect(violations.isEmpty, "\(violations)")
    }

    /// An exposition with every name of a kind's table.
    private static func everything(_ kind: any ServerKind.Type) -> String {
        kind.table.rows.map { MapperTests.exposition(of: $0, name: $0.name, kind) }.reduce(into: (text: "", seen: Set<String>())) {
            all, text in
            let head = String(text.prefix { $0 != "\n" })
            if all.seen.insert(head).inserted { all.text += text }
        }.text
    }
}

extension ServerBook {
    /// As if a server had been asked.
    func tell(_ name: String, _ kind: any ServerKind.Type, _ text: String?, problem: PollProblem?) {
        var target = ServerTarget(name: name, address: ServerAddress(url: "http://127.0.0.1:1"), kind: kind.name)
        target.isProbed = kind.name == "vllm"
        set(entries.map(\.target) + [target], owner: 0)
        var picture: ServerPicture?
        if let text {
            var told = ServerPicture(models: ModelNames(limit: 200))
            if !text.isEmpty {
                _ = ExpositionMapper.read(Array(text.utf8), .text, kind.index, into: &told)
                // What questions tell, and what is left out, which a healthy scene has too.
                for told_ in kind.told {
                    told.add(told_.family, model: "m", labels: told_.family.shape.labels.map { _ in "x" }, 1)
                }
                told.losses = .init(labels: ["user": 1], series: ["value": 1])
                told.version = "1.0"
                told.hasNativeMetrics = true
            }
            told.isUp = true
            told.isReady = true
            told.settle()
            picture = told
        }
        take(
            .init(kind: kind.name, picture: picture, problem: problem, durationSeconds: 0.1), of: Entry(target).turn, now: .now,
            unixSeconds: 1_700_000_000)
    }
}
