import JSON
import Primitives
import Testing
import Web

@testable import Simulation

/// A simulated Loki whose clock stands, and what its answers hold.
struct LokiTrial {
    static let now = 1_795_320_000

    let clock = TestClock(Double(now))
    let service: LokiService

    init(_ change: (inout LokiLimits) -> Void = { _ in }) {
        var limits = LokiLimits()
        change(&limits)
        service = LokiService(limits, clock: clock.wall)
    }

    var store: LokiStore { service.store }

    /// A line of a stream, so many seconds before now.
    struct Line {
        var labels: String
        var ago: Double
        var text: String
        var metadata = ""

        init(_ labels: String, _ ago: Double, _ text: String, _ metadata: String = "") {
            (self.labels, self.ago, self.text, self.metadata) = (labels, ago, text, metadata)
        }
    }

    static func time(_ ago: Double) -> Int64 { Int64(now) * 1_000_000_000 - Int64(ago * 1e9) }

    /// Each line in a stream of its own in the body, as senders may do it.
    static func body(_ lines: [Line]) -> String {
        let streams = lines.map { line in
            let metadata = line.metadata.isEmpty ? "" : ",\(line.metadata)"
            return #"{"stream":{\#(line.labels)},"values":[["\#(time(line.ago))","\#(line.text)"\#(metadata)]]}"#
        }
        return #"{"streams":[\#(streams.joined(separator: ","))]}"#
    }

    func push(_ lines: [Line]) async -> HTTPServerResponse { await push(body: Array(Self.body(lines).utf8)) }

    func push(body: [UInt8], _ headers: [(String, String)] = [("Content-Type", "application/json")]) async -> HTTPServerResponse {
        await service.answer(
            HTTPServerRequest(method: "POST", path: "/loki/api/v1/push", headers: HTTPHeaders(headers), body: body))
    }

    func get(_ path: String, _ query: [(String, String)] = []) async -> HTTPServerResponse {
        await service.answer(HTTPServerRequest(method: "GET", path: path, query: query.map { (name: $0.0, value: $0.1) }))
    }

    /// Lines that a query finds in the last hour, in the order of the answer, streams one behind the other.
    func lines(_ query: String, _ more: [(String, String)] = []) async throws -> [String] {
        let response = await get("/loki/api/v1/query_range", [("query", query)] + more)
        #expect(response.status == 200, "\(text(response))")
        let result = try #require(try Tree(bytes(response))["data"]?["result"])
        return result.elements.flatMap { $0["values"]?.elements.map { $0.elements.last?.string ?? "" } ?? [] }
    }

    /// The elements of an answer's `data`.
    func names(_ path: String, _ query: [(String, String)] = []) async throws -> [String] {
        let response = await get("/loki/api/v1/\(path)", query)
        #expect(response.status == 200, "\(text(response))")
        return try #require(try Tree(bytes(response))["data"]).elements.map { $0.string ?? "" }
    }
}
