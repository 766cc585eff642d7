import Metrics
import Testing

@testable import LLMCollector

@Suite("Expositions of servers") struct MapperTests {
    private static let labels = "engine=\"0\",model_name=\"m\""

    @Test("Old names and new ones are the same; of both the new one counts")
    func aliases() {
        func usage(_ lines: String) -> Double? { Reading(lines).number(.cacheUsage) }
        let old = "# TYPE vllm:gpu_cache_usage_perc gauge\nvllm:gpu_cache_usage_perc{\(Self.labels)} 0.25\n"
        let new = "# TYPE vllm:kv_cache_usage_perc gauge\nvllm:kv_cache_usage_perc{\(Self.labels)} 0.5\n"
        #expect(usage(old) == 0.25)
        #expect(usage(new) == 0.5)
        #expect(usage(old + new) == 0.5)
        #expect(usage(new + old) == 0.5)
    }

    @Test("Every name of every kind's table is read", arguments: ServerKinds.all.map { $0.name })
    func everyName(kind: String) throws {
        let kind = try #require(ServerKinds.kind(named: kind))
        for row in kind.table.rows {
            for name in row.names {
                let reading = Reading(Self.exposition(of: row, name: name, kind), kind)
                let found = reading.picture.ordered.filter { $0.series.family == row.ours }
                #expect(!found.isEmpty, "\(name) gives no \(row.ours.name)")
                #expect(reading.picture.losses == .init() && reading.picture.unmappedFamilies == 0, "\(name)")
            }
        }
    }

    /// A family with one series, as a server writes it.
    static func exposition(of row: NativeFamily, name: String, _ kind: any ServerKind.Type) -> String {
        var labels: [String] = kind.table.modelLabels.prefix(1).map { "\($0)=\"m\"" }
        for label in Set(row.labels.compactMap(\.name)).sorted() { labels.append("\(label)=\"200\"") }
        for filter in row.filters where filter.isWanted {
            if let value = filter.values.first { labels.append("\(filter.label)=\"\(value)\"") }
        }
        if case .labelProduct(let names) = row.taking { labels += names.map { "\($0)=\"16\"" } }
        let inner = labels.joined(separator: ",")
        let set = inner.isEmpty ? "" : "{\(inner)}"
        guard row.kind == .histogram else { return "# TYPE \(name) \(row.kind.rawValue)\n\(name)\(set) 1\n" }
        let comma = inner.isEmpty ? "" : ","
        return """
            # TYPE \(name) histogram
            \(name)_bucket{\(inner)\(comma)le="0.5"} 1
            \(name)_bucket{\(inner)\(comma)le="+Inf"} 3
            \(name)_sum\(set) 7
            \(name)_count\(set) 3

            """
    }

    @Test("Of SGLang's ranks and priorities each request is counted once")
    func ranks() throws {
        let kind = try #require(ServerKinds.kind(named: "sglang"))
        var running: [String] = []
        for rank in ["tp_rank=\"0\",dp_rank=\"0\"", "tp_rank=\"1\",dp_rank=\"0\"", "tp_rank=\"0\",dp_rank=\"1\""] {
            for (priority, count) in [("", 5), ("3", 2), ("7", 3)] {
                running.append("sglang:num_running_reqs{model_name=\"m\",\(rank),priority=\"\(priority)\"} \(count)")
            }
        }
        let reading = Reading("# TYPE sglang:num_running_reqs gauge\n" + running.joined(separator: "\n") + "\n", kind)
        #expect(reading.number(.requestsRunning) == 10)
        #expect(
            Reading("# TYPE sglang:num_running_reqs gauge\nsglang:num_running_reqs{model_name=\"m\"} 4\n", kind).number(.requestsRunning)
                == 4)
    }

    @Test("The TYPE line says what something is, not the suffix")
    func types() {
        let trap = """
            # TYPE vllm:iteration_tokens_total histogram
            vllm:iteration_tokens_total_bucket{\(Self.labels),le="+Inf"} 3
            vllm:iteration_tokens_total_sum{\(Self.labels)} 3
            vllm:iteration_tokens_total_count{\(Self.labels)} 3
            # TYPE vllm:prompt_tokens_total gauge
            vllm:prompt_tokens_total{\(Self.labels)} 3
            # TYPE vllm:prompt_tokens_created gauge
            vllm:prompt_tokens_created{\(Self.labels)} 1.7e9

            """
        let reading = Reading(trap)
        #expect(reading.picture.ordered.isEmpty)
        #expect(reading.picture.losses.series == ["type": 1] && reading.picture.unmappedFamilies == 0)
        // Without a TYPE line a number is what the table takes it for.
        #expect(Reading("vllm:prompt_tokens_total{\(Self.labels)} 3\n").number(.promptTokens) == 3)
    }

    @Test("OpenMetrics has the suffix in the sample alone")
    func openMetrics() {
        let reading = Reading(
            """
            # TYPE vllm:prompt_tokens counter
            vllm:prompt_tokens_total{\(Self.labels)} 9
            vllm:prompt_tokens_created{\(Self.labels)} 1.7e9
            # EOF

            """, VLLM.self, .openMetrics)
        #expect(reading.number(.promptTokens) == 9 && reading.picture.ordered.count == 1)
    }

    @Test("Engines are summed, and the fullest cache counts")
    func engines() {
        let reading = Reading(
            """
            # TYPE vllm:num_requests_running gauge
            vllm:num_requests_running{engine="0",model_name="m"} 2
            vllm:num_requests_running{engine="1",model_name="m"} 3
            # TYPE vllm:kv_cache_usage_perc gauge
            vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.2
            vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.9
            # TYPE vllm:time_to_first_token_seconds histogram
            vllm:time_to_first_token_seconds_bucket{engine="0",model_name="m",le="1"} 1
            vllm:time_to_first_token_seconds_bucket{engine="0",model_name="m",le="+Inf"} 2
            vllm:time_to_first_token_seconds_count{engine="0",model_name="m"} 2
            vllm:time_to_first_token_seconds_sum{engine="0",model_name="m"} 4.5
            vllm:time_to_first_token_seconds_bucket{engine="1",model_name="m",le="0.5"} 1
            vllm:time_to_first_token_seconds_bucket{engine="1",model_name="m",le="1"} 5
            vllm:time_to_first_token_seconds_bucket{engine="1",model_name="m",le="+Inf"} 5
            vllm:time_to_first_token_seconds_count{engine="1",model_name="m"} 5
            vllm:time_to_first_token_seconds_sum{engine="1",model_name="m"} 3
            vllm:time_to_first_token_seconds_bucket{engine="0",model_name="n",le="7"} 1
            vllm:time_to_first_token_seconds_bucket{engine="0",model_name="n",le="+Inf"} 1
            vllm:time_to_first_token_seconds_count{engine="0",model_name="n"} 1
            vllm:time_to_first_token_seconds_sum{engine="0",model_name="n"} 6

            """)
        #expect(reading.number(.requestsRunning) == 5 && reading.number(.cacheUsage) == 0.9)
        let first = reading.distribution(.timeToFirstToken)
        #expect(first?.bounds == [1] && first?.counts == [6, 1] && first?.sum == 7.5)
        #expect(reading.distribution(.timeToFirstToken, "n")?.bounds == [7])
        #expect(reading.picture.losses == .init())
    }

    @Test(
        "A histogram that cannot be true is left out and counted",
        arguments: [
            "_bucket{le=\"1\"} 5|_bucket{le=\"+Inf\"} 4|_sum 1", "_bucket{le=\"1\"} 5|_sum 1",
            "_bucket{le=\"1\"} NaN|_bucket{le=\"+Inf\"} 4|_sum 1",
            "_bucket{le=\"+Inf\"} 4", "_bucket{le=\"+Inf\"} 4|_sum NaN", "_bucket{le=\"x\"} 1|_bucket{le=\"+Inf\"} 4|_sum 1",
            "_bucket{le=\"+Inf\"} -1|_sum 1", "_bucket{le=\"+Inf\"} 4|_bucket{le=\"+Inf\"} 4|_sum 1",
            "_bucket{le=\"+Inf\"} 1|_sum 1|_sum 2",
        ])
    func brokenHistogram(lines: String) {
        let name = "vllm:time_to_first_token_seconds"
        let text = "# TYPE \(name) histogram\n" + lines.split(separator: "|").map { "\(name)\($0)\n" }.joined()
        let reading = Reading(text)
        #expect(reading.picture.ordered.isEmpty && reading.picture.losses.series == ["histogram": 1])
    }

    @Test("Numbers that are none, counters below 0 and series that come twice are left out and counted")
    func values() {
        let reading = Reading(
            """
            # TYPE vllm:num_requests_running gauge
            vllm:num_requests_running{engine="0",model_name="m"} NaN
            vllm:num_requests_running{engine="1",model_name="m"} 3
            vllm:num_requests_running{engine="1",model_name="m"} 4
            # TYPE vllm:prompt_tokens_total counter
            vllm:prompt_tokens_total{engine="0",model_name="m"} -1
            vllm:prompt_tokens_total{engine="1",model_name="m"} +Inf
            vllm:prompt_tokens_total{engine="2" model_name="m"} 4

            """)
        #expect(reading.number(.requestsRunning) == 3 && reading.number(.promptTokens) == nil)
        // A gauge that is no number has nothing to tell, and nothing is lost.
        #expect(reading.picture.losses.series == ["value": 2, "duplicate": 1, "line": 1])
    }

    @Test("Labels that nobody knows are left out, counted, and what differs by them is summed")
    func labels() {
        let lines = (0..<100).map { "vllm:prompt_tokens_total{model_name=\"m\",user=\"u\($0)\",x\($0)=\"1\"} 1\n" }.joined()
        let reading = Reading("# TYPE vllm:prompt_tokens_total counter\n" + lines)
        #expect(reading.number(.promptTokens) == 100)
        #expect(reading.picture.losses.labels["user"] == 100 && reading.picture.losses.labels.count <= 51)
        #expect(reading.picture.losses.labels.values.reduce(0, +) == 200)
    }

    @Test("Of too many models the rest are one, and who has a place keeps it until an hour has passed without a word of it")
    func models() {
        let start = ContinuousClock.now
        func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }
        func round(_ names: [String], after former: ModelNames?, at seconds: Double) -> ServerPicture {
            let text =
                "# TYPE vllm:num_requests_running gauge\n" + names.map { "vllm:num_requests_running{model_name=\"\($0)\"} 1\n" }.joined()
            var picture = ServerPicture(models: former?.next(limit: 2, now: at(seconds)) ?? ModelNames(limit: 2, now: at(seconds)))
            #expect(ExpositionMapper.read(Array(text.utf8), .text, VLLM.index, into: &picture) == nil)
            return picture
        }
        let first = round(["a", "b", "c", "d"], after: nil, at: 0)
        #expect(first.models.names == ["a", "b", "other"] && first.total(.requestsRunning) == 4 && first.models.overLimit == 2)
        let second = round(["c", "b", "a"], after: first.models, at: 30)
        #expect(Set(second.models.names) == ["a", "b", "other"] && second.models.overLimit == 1)
        // Who has gone leaves the place to nobody for now, and finds it again; who was among the rest stays there.
        let third = round(["b", "c", "e"], after: second.models, at: 60)
        #expect(third.models.names == ["b", "other"] && third.models.overLimit == 2)
        #expect(round(["c", "a", "b"], after: third.models, at: 90).models.names == ["other", "a", "b"])
        let late = round(["c", "b"], after: third.models, at: 3640)
        let last = round(["c", "b", "f", "e"], after: late.models, at: 3670)
        #expect(last.models.names == ["other", "b", "f"] && last.models.overLimit == 2)
    }

    @Test("Names of models are one short line")
    func modelNames() {
        let name = "a\\n\u{1B}[31m" + String(repeating: "ü", count: 200)
        let reading = Reading("# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{model_name=\"\(name)\"} 1\n")
        let shown = reading.picture.models.names.first ?? ""
        #expect(shown.utf8.count <= 128 && shown.hasPrefix("a  [31mü"))
    }

    @Test("What an exposition says with labels")
    func labelValues() {
        let reading = Reading(
            """
            # TYPE vllm:cache_config_info gauge
            vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="0",num_gpu_blocks="1000",sliding_window="None"} 1
            vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="1",num_gpu_blocks="1000",sliding_window="None"} 1
            # TYPE vllm:engine_sleep_state gauge
            vllm:engine_sleep_state{engine="0",model_name="m",sleep_state="awake"} 0
            vllm:engine_sleep_state{engine="0",model_name="m",sleep_state="weights_offloaded"} 1
            # TYPE vllm:request_success_total counter
            vllm:request_success_total{engine="0",finished_reason="stop",model_name="m"} 5
            vllm:request_success_total{engine="0",finished_reason="abort",model_name="m"} 2
            # TYPE vllm:admission_rejections_total counter
            vllm:admission_rejections_total{model_name="m",reason="max_num_queued_reqs"} 1
            # TYPE http_requests_total counter
            http_requests_total{handler="/v1/chat/completions",method="POST",status="2xx"} 7
            http_requests_total{handler="/metrics",method="GET",status="2xx"} 700
            http_requests_total{handler="/v1/chat/completions",method="POST",status="503"} 3

            """)
        #expect(reading.number(.cacheCapacity, nil) == 32_000)
        #expect(reading.number(.sleeping) == 1)
        #expect(reading.number(.requests, "m", ["success", "stop"]) == 5 && reading.number(.requests, "m", ["abort", "abort"]) == 2)
        #expect(reading.number(.requests, "m", ["rejected", "max_num_queued_reqs"]) == 1)
        #expect(reading.number(.httpResponses, nil, ["2xx"]) == 7 && reading.number(.httpResponses, nil, ["5xx"]) == 3)
        #expect(reading.picture.losses == .init())
    }

    @Test("What is larger than any server's is refused whole")
    func tooLarge() {
        let lines = (0...ExpositionMapper.limits.samples).map { "vllm:num_requests_running{model_name=\"m\($0)\"} 1\n" }.joined()
        let reading = Reading(lines)
        #expect(reading.problem?.outcome == .tooLarge && reading.picture.ordered.isEmpty)
    }

    @Test("What is no exposition is told as such", arguments: ["<html>\n<body>hello there</body>", "{\"error\": 1}", "\0\0\0\n\u{FFFD}"])
    func nonsense(text: String) { #expect(Reading(text).problem?.outcome == .malformed) }
}
