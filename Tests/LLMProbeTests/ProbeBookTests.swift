import Metrics
import Testing

@testable import LLMProbe

@Suite struct ProbeBookTests {
    private static func text(_ book: ProbeBook) throws -> [String] {
        var catalogue = Catalogue()
        let labels = LabelSchema("server", "engine", "model")
        let families = ProbeFamilies(&catalogue, labels: labels)
        var buffer = SampleBuffer(part: "chat")
        let set = buffer.labels(labels, "chat", "vllm", "m")
        families.write(book, set, into: &buffer)
        let exposition = Exposition(try FamilyTable([catalogue]), [[buffer]])
        var bytes: [UInt8] = []
        TextFormat.write(exposition, through: &bytes) { _ in }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func `before the first answer there are zeros of what counts, and nothing else`() throws {
        var book = ProbeBook()
        book.skip(.queue)
        let lines = try Self.text(book).filter { !$0.hasPrefix("#") }
        #expect(lines.contains(#"llm_monitor_llm_probe_time_to_first_token_seconds_count{server="chat",engine="vllm",model="m"} 0"#))
        #expect(lines.allSatisfy { $0.hasSuffix(" 0") || $0.contains("queue") })
        for name in ["success", "http_status", "last_run_timestamp_seconds"] {
            #expect(!lines.contains { $0.hasPrefix("llm_monitor_llm_probe_\(name){") })
        }
        #expect(lines.contains(#"llm_monitor_llm_probe_skipped_total{server="chat",engine="vllm",model="m",reason="queue"} 1"#))
        #expect(lines.contains(#"llm_monitor_llm_probe_requests_total{server="chat",engine="vllm",model="m",outcome="ok"} 0"#))
    }

    @Test func `an answer is counted by what it was, with its times and tokens`() throws {
        var book = ProbeBook()
        var result = ProbeResult(outcome: .ok, durationSeconds: 0.9, status: 200)
        (result.secondsToFirstToken, result.secondsBetweenTokens) = (0.3, 0.04)
        (result.promptTokens, result.generatedTokens) = (12, 16)
        book.take(result, unixSeconds: 1000)
        book.take(ProbeResult(outcome: .timeout, durationSeconds: 30, status: nil), unixSeconds: 2000)
        let lines = try Self.text(book)
        let labels = #"{server="chat",engine="vllm",model="m""#
        for line in [
            "success\(labels)} 0", "last_run_timestamp_seconds\(labels)} 2000", "time_to_first_token_seconds_count\(labels)} 1",
            "time_to_first_token_seconds_bucket\(labels),le=\"0.25\"} 0", "time_to_first_token_seconds_bucket\(labels),le=\"0.5\"} 1",
            "inter_token_latency_seconds_sum\(labels)} 0.04", "duration_seconds_count\(labels)} 1", "duration_seconds_sum\(labels)} 0.9",
            "requests_total\(labels),outcome=\"timeout\"} 1", "tokens_total\(labels),type=\"prompt\"} 12",
            "tokens_total\(labels),type=\"generation\"} 16",
        ] { #expect(lines.contains("llm_monitor_llm_probe_" + line), "\(line)") }
        #expect(!lines.contains { $0.hasPrefix("llm_monitor_llm_probe_http_status{") })
    }
}
