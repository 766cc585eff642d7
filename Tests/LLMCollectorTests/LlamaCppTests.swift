import Testing
import Web

@testable import LLMCollector

/// What a llama-server is asked, and what not: `/slots` wakes one that sleeps, and keeps awake one that would.
@Suite("llama.cpp") struct LlamaCppTests {
    private static let models = json("{\"data\":[{\"id\":\"m\",\"owned_by\":\"llamacpp\",\"meta\":{\"n_ctx\":100}}]}")

    private static func json(_ text: String) -> HTTPServerResponse { HTTPServerResponse(json: Array(text.utf8)) }

    private static func metrics(processing: Int) -> HTTPServerResponse {
        HTTPServerResponse(
            contentType: "text/plain; version=0.0.4",
            text: "# TYPE llamacpp:requests_processing gauge\nllamacpp:requests_processing \(processing)\n"
                + "# TYPE llamacpp:tokens_predicted_seconds_total counter\nllamacpp:tokens_predicted_seconds_total 1.5\n")
    }

    private static func properties(isSleeping: Bool) -> HTTPServerResponse {
        json("{\"total_slots\":4,\"is_sleeping\":\(isSleeping),\"default_generation_settings\":{\"n_ctx\":100},\"build_info\":\"b2\"}")
    }

    private static func poll(_ answers: [String: HTTPServerResponse]) async throws -> (picture: ServerPicture, asked: [String]) {
        let (result, asked) = try await PollTests.poll(answers, kind: "llamacpp")
        return (try #require(result.picture), asked)
    }

    private static func slots(_ picture: ServerPicture) -> [String: Double] {
        var found: [String: Double] = [:]
        for (series, value) in picture.ordered where series.family == .slots {
            if case .number(let number) = value { found[series.labels.joined()] = number }
        }
        return found
    }

    @Test("One that rests is not asked for its slots: they are all idle")
    func resting() async throws {
        let (picture, asked) = try await Self.poll([
            "/metrics": Self.metrics(processing: 0), "/props": Self.properties(isSleeping: false), "/v1/models": Self.models,
            "/health": Self.json("{}"), "/slots": Self.json("[]"),
        ])
        #expect(!asked.contains("GET /slots"))
        #expect(Self.slots(picture) == ["busy": 0, "idle": 4])
        #expect(picture.total(.cacheUsage) == 0 && picture.total(.cacheCapacity) == 400 && picture.total(.sleeping) == 0)
        #expect(picture.total(.decodeSeconds) == 1.5 && picture.version == "b2" && picture.namesOfAwake == ["m"])
    }

    @Test("One that works is asked, and where it has no slots to show, the number of requests tells")
    func working() async throws {
        let others = [
            "/metrics": Self.metrics(processing: 3), "/props": Self.properties(isSleeping: false), "/v1/models": Self.models,
            "/health": Self.json("{}"),
        ]
        let slot = "{\"n_ctx\":100,\"is_processing\":true,\"n_prompt_tokens\":50}"
        let (picture, _) = try await Self.poll(others.merging(["/slots": Self.json("[\(slot),\(slot)]")]) { $1 })
        #expect(Self.slots(picture) == ["busy": 2, "idle": 0] && picture.total(.cacheUsage) == 0.5)
        let (blind, asked) = try await Self.poll(others.merging(["/slots": HTTPServerResponse(status: 501)]) { $1 })
        #expect(asked.contains("GET /slots") && Self.slots(blind) == ["busy": 3, "idle": 1])
        #expect(blind.total(.cacheUsage) == nil && blind.total(.cacheCapacity) == 400)
    }

    @Test("One that sleeps is left alone", arguments: [true, false])
    func sleeping(hasMetrics: Bool) async throws {
        let (picture, asked) = try await Self.poll([
            "/metrics": hasMetrics ? Self.metrics(processing: 0) : HTTPServerResponse(status: 501), "/v1/models": Self.models,
            "/props": Self.properties(isSleeping: true), "/health": Self.json("{}"), "/slots": Self.json("[]"),
        ])
        #expect(!asked.contains("GET /slots") && Self.slots(picture).isEmpty)
        #expect(picture.total(.sleeping) == 1 && picture.loadedModels == 1 && picture.isReady == true)
        #expect(picture.namesOfAwake.isEmpty)
    }

    @Test("A router is asked for the models that are loaded, and for no other")
    func router() async throws {
        let list =
            "{\"data\":[{\"id\":\"a\",\"status\":{\"value\":\"loaded\"}},{\"id\":\"b\",\"status\":{\"value\":\"unloaded\"}},"
            + "{\"id\":\"c\",\"status\":{\"value\":\"loading\"}},{\"id\":\"d\",\"status\":{\"value\":\"failed\"}}]}"
        // Scripted servers do not look at the query: the role tells that it is a router.
        let (picture, asked) = try await Self.poll([
            "/v1/models": Self.json(list),
            "/props": Self.json("{\"role\":\"router\",\"build_info\":\"b3\",\"is_sleeping\":false,\"total_slots\":1}"),
            "/metrics": Self.metrics(processing: 0), "/health": Self.json("{}"),
        ])
        #expect(picture.version == "b3" && picture.loadedModels == 1 && picture.hasNativeMetrics == true)
        #expect(picture.numbers(.decodeSeconds) == ["a": 1.5] && Self.slots(picture) == ["busy": 0, "idle": 1])
        #expect(picture.numbers(.modelLoaded) == ["a": 1, "b": 0, "c": 0, "d": 0])
        #expect(asked.filter { $0 == "GET /metrics" }.count == 1)
    }
}
