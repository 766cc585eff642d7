import Exporting
import LLMProbe
import Metrics
import Primitives
import Testing

@testable import LLMCollector

@Suite("Turns of the probe") struct ServerProberTests {
    private static func server(loaded: [String]?, wanted: String? = nil, isReady: Bool = true) -> ProbedServer {
        ProbedServer(
            name: "s", kind: "vllm", address: ServerAddress(url: "http://127.0.0.1:1"), dialect: .chat, wantedModel: wanted,
            loadedModels: loaded,
            expirations: [:], waiting: nil, isReady: isReady)
    }

    private static func shown(_ prober: ServerProber, _ catalogue: Catalogue) throws -> [String] {
        let sink = SampleSink()
        var buffer = sink.begin("s")
        prober.write(server: "s", into: &buffer)
        sink.commit(buffer)
        var bytes: [UInt8] = []
        TextFormat.write(Exposition(try FamilyTable([catalogue]), [sink.contents.committed]), through: &bytes) { _ in }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    }

    @Test("Before the first question the counters of the model that will be asked stand at 0, and are scraped")
    func zeros() throws {
        var catalogue = Catalogue()
        let prober = ServerProber(LLMSettings.ProbePace(), &catalogue)
        let start = ContinuousClock.now
        #expect(prober.turns([Self.server(loaded: ["m"])], now: start).isEmpty)
        let lines = try Self.shown(prober, catalogue)
        #expect(lines.contains(#"llm_monitor_llm_probe_requests_total{server="s",engine="vllm",model="m",outcome="ok"} 0"#))
        #expect(lines.contains(#"llm_monitor_llm_probe_duration_seconds_count{server="s",engine="vllm",model="m"} 0"#))
        #expect(!lines.contains { $0.contains("success") })
        let turns = prober.turns([Self.server(loaded: ["m"])], now: start.advanced(by: .seconds(21)))
        #expect(turns.map(\.model) == ["m"])
    }

    @Test("Where no model is known there is none with an empty name")
    func noModel() throws {
        var catalogue = Catalogue()
        let prober = ServerProber(LLMSettings.ProbePace(), &catalogue)
        let start = ContinuousClock.now
        for seconds in [0.0, 30, 500] {
            _ = prober.turns([Self.server(loaded: [], isReady: false)], now: start.advanced(by: .seconds(seconds)))
        }
        #expect(try Self.shown(prober, catalogue).isEmpty)
    }

    @Test("A server that has not answered yet has no turn")
    func firstPoll() {
        let book = ServerBook()
        var target = ServerTarget(name: "s", address: ServerAddress(url: "http://127.0.0.1:1"), kind: "vllm")
        target.isProbed = true
        book.set([target], owner: 0)
        let collector = LLMCollector(LLMSettings(), book: book)
        #expect(collector.probed(book).isEmpty)
        book.take(.init(problem: PollProblem(.refused, "nobody"), durationSeconds: 0), of: book.entries[0].turn, now: .now, unixSeconds: 0)
        #expect(collector.probed(book).map(\.isReady) == [false])
    }
}
