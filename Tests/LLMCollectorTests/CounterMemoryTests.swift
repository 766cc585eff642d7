import Metrics
import Primitives
import Testing

@testable import LLMCollector

/// Rounds with one server, whose counters are summed over engines, versions and models.
@Suite("Counters of several series") struct CounterMemoryTests {
    /// A server, and what it has told so far.
    private final class Server {
        let memory = CounterMemory()
        let kind: any ServerKind.Type
        let limit: Int
        var models: ModelNames?
        var now = ContinuousClock.now

        init(_ kind: any ServerKind.Type = VLLM.self, modelLimit: Int = 200) { (self.kind, limit) = (kind, modelLimit) }

        func read(_ text: String, afterSeconds seconds: Double = 30) -> Reading {
            now = now.advanced(by: .seconds(seconds))
            var picture = ServerPicture(models: models?.next(limit: limit, now: now) ?? ModelNames(limit: limit, now: now))
            let problem = ExpositionMapper.read(Array(text.utf8), .text, kind.index, memory: memory, now: now, into: &picture)
            picture.settle()
            models = picture.models
            return Reading(picture, problem)
        }

        /// What is shown when engines have generated so many tokens.
        func tokens(_ engines: [Int: Double], afterSeconds seconds: Double = 30) -> Double? {
            read(CounterMemoryTests.tokens(engines), afterSeconds: seconds).number(.generationTokens)
        }
    }

    private static func tokens(_ engines: [Int: Double]) -> String {
        let lines = engines.sorted { $0.key < $1.key }.map {
            "vllm:generation_tokens_total{engine=\"\($0.key)\",model_name=\"m\"} \($0.value)\n"
        }
        return "# TYPE vllm:generation_tokens_total counter\n" + lines.joined()
    }

    @Test("An engine that goes takes nothing away, and brings nothing when it comes back as it was")
    func gone() {
        let server = Server()
        #expect(server.tokens([0: 1_000_000, 1: 900_000]) == 1_900_000)
        #expect(server.tokens([0: 1_000_000]) == 1_900_000)
        #expect(server.tokens([0: 1_000_100]) == 1_900_100)
        #expect(server.tokens([0: 1_000_100, 1: 900_050]) == 1_900_150)
    }

    @Test("An engine that began anew adds what it has, and a new one all that it has")
    func anew() {
        let server = Server()
        #expect(server.tokens([0: 1000, 1: 900]) == 1900)
        #expect(server.tokens([0: 1000, 1: 20]) == 1920)
        #expect(server.tokens([0: 1000]) == 1920)
        #expect(server.tokens([0: 1000, 1: 5]) == 1925)
        #expect(server.tokens([0: 1001, 1: 6, 2: 50]) == 1977)
    }

    @Test("What one series feeds is that series, also when it began anew")
    func single() {
        let server = Server()
        for count in [1000, 1500, 20, 30, 0, 1_000_000.5, 0.1] { #expect(server.tokens([0: count]) == count) }
    }

    @Test("When all began anew, ours does: it is the server's own number again, and what is gone is forgotten")
    func allAnew() {
        let server = Server()
        #expect(server.tokens([0: 1000, 1: 900, 2: 800]) == 2700)
        #expect(server.tokens([0: 10, 1: 20, 2: 0]) == 30)
        #expect(server.tokens([0: 11, 1: 20]) == 31)
        // Without the one that has not said a word yet.
        #expect(server.tokens([0: 5]) == 5)
        #expect(server.tokens([0: 6, 1: 2]) == 8)
        // One of them comes back with what it had before: only what it did since is new.
        let other = Server()
        #expect(other.tokens([0: 1000, 1: 900]) == 1900)
        #expect(other.tokens([0: 5]) == 5)
        #expect(other.tokens([0: 6, 1: 910]) == 16)
    }

    @Test("Whatever comes, goes and begins anew, the sum only grows as long as one goes on, also by rounding")
    func monotone() {
        let server = Server()
        var last = 0.0
        var engines: [Int: Double] = [:]
        for round in 0..<200 {
            for engine in 0..<4 {
                switch (round * 7 + engine * 3) % 11 {
                case 0: engines[engine] = nil
                case 1: engines[engine] = 0.1
                default: engines[engine, default: 0] += 0.1
                }
            }
            engines[4, default: 0] += 0.1
            let shown = server.tokens(engines) ?? -1
            #expect(shown >= last)
            last = shown
        }
    }

    @Test("Of a histogram every bucket and the sum")
    func histograms() {
        func text(_ engines: [(Int, [Int], Double)]) -> String {
            let name = "vllm:time_to_first_token_seconds"
            return "# TYPE \(name) histogram\n"
                + engines.map { engine, counts, sum in
                    let labels = "engine=\"\(engine)\",model_name=\"m\""
                    return "\(name)_bucket{\(labels),le=\"1\"} \(counts[0])\n\(name)_bucket{\(labels),le=\"+Inf\"} \(counts[1])\n"
                        + "\(name)_sum{\(labels)} \(sum)\n\(name)_count{\(labels)} \(counts[1])\n"
                }.joined()
        }
        let server = Server()
        func shown(_ engines: [(Int, [Int], Double)]) -> [Double] {
            let found = server.read(text(engines)).distribution(.timeToFirstToken)
            return (found?.counts.map(Double.init) ?? []) + [found?.sum ?? -1]
        }
        #expect(shown([(0, [10, 20], 30), (1, [100, 150], 200)]) == [110, 60, 230])
        #expect(shown([(0, [10, 20], 30)]) == [110, 60, 230])
        #expect(shown([(0, [10, 21], 35), (1, [1, 2], 3)]) == [111, 62, 238])
        #expect(shown([(0, [1, 1], 0.5), (1, [0, 0], 0)]) == [1, 0, 0.5])
    }

    @Test("A version of Triton's model that is unloaded takes nothing away; a model that is gone has no series")
    func versions() {
        let server = Server(Triton.self)
        func text(_ lines: String...) -> String { "# TYPE nv_inference_request_success counter\n" + lines.joined(separator: "\n") + "\n" }
        func requests(_ reading: Reading, _ model: String) -> Double? { reading.number(.requests, model, ["success", "success"]) }
        let old = "nv_inference_request_success{model=\"bert\",version=\"1\"} 420473"
        #expect(requests(server.read(text(old)), "bert") == 420_473)
        #expect(requests(server.read(text(old, "nv_inference_request_success{model=\"bert\",version=\"2\"} 2")), "bert") == 420_475)
        #expect(requests(server.read(text("nv_inference_request_success{model=\"bert\",version=\"2\"} 3")), "bert") == 420_476)
        #expect(requests(server.read(text("nv_inference_request_success{model=\"t5\",version=\"1\"} 3")), "bert") == nil)
    }

    @Test("Models past the limit are one, and none of them moves")
    func rest() {
        let server = Server(modelLimit: 2)
        func text(_ models: [String: Int]) -> String {
            "# TYPE vllm:generation_tokens_total counter\n"
                + models.sorted { $0.key < $1.key }.map { "vllm:generation_tokens_total{model_name=\"\($0.key)\"} \($0.value)\n" }.joined()
        }
        func shown(_ models: [String: Int], _ model: String) -> Double? { server.read(text(models)).number(.generationTokens, model) }
        #expect(shown(["a": 1_000_000, "b": 10, "c": 500, "d": 700], "other") == 1200)
        #expect(shown(["b": 10, "c": 500, "d": 700], "other") == 1200)
        #expect(shown(["a": 1_000_000, "b": 10, "c": 501, "d": 700], "other") == 1201)
        #expect(shown(["a": 1_000_000, "b": 10, "d": 700], "other") == 1201)
        #expect(shown(["a": 1_000_001, "b": 10, "d": 700], "a") == 1_000_001)
    }

    @Test("What went long ago is a part of the sum, and no more remembered by itself")
    func memory() {
        let server = Server()
        var engines: [Int: Double] = [0: 1]
        for engine in 1...50 { engines[engine] = 1 }
        #expect(server.tokens(engines) == 51 && server.memory.count == 51)
        #expect(server.tokens([0: 1]) == 51 && server.memory.count == 51)
        #expect(server.tokens([0: 2], afterSeconds: 4000) == 52 && server.memory.count == 1)
        #expect(server.tokens([0: 3]) == 53)
        // Thousands that come and go.
        var sum = 53.0
        for round in 0..<4 {
            var many: [Int: Double] = [0: 3]
            for engine in 0..<6000 { many[1000 + round * 6000 + engine] = 1 }
            sum += 6000
            #expect(server.tokens(many) == sum)
        }
        #expect(server.memory.count <= 6001 + 10_000)
        server.memory.clear()
        #expect(server.memory.count == 0 && server.tokens([0: 3]) == 3)
    }

    @Test("Where a server has an exposition for each model, one knows nothing of the other")
    func scopes() {
        let memory = CounterMemory()
        func tokens(_ engines: [Int: Double], _ scope: String) -> Double? {
            var picture = ServerPicture(models: ModelNames(limit: 10))
            _ = ExpositionMapper.read(
                Array(Self.tokens(engines).utf8), .text, VLLM.index, memory: memory, scope: scope, into: &picture)
            return picture.total(.generationTokens)
        }
        #expect(tokens([0: 100, 1: 50], "a") == 150 && tokens([0: 200], "b") == 200)
        #expect(tokens([0: 101], "a") == 151 && tokens([0: 201], "b") == 201)
    }
}
