import JSON
import Primitives
import Web

/// `GET` and `PUT /api/v1/scenario`: what is played, and what shall be played from now on.
struct ScenarioEndpoint: Sendable {
    /// The same on every simulated service.
    static let path = "/api/v1/scenario"

    let store: ScenarioStore
    let nodeCount: Int
    let clock: WallClock
    /// Servers of models and models, where this simulator has some; others take what they are told.
    var servers: [String]?
    var aliases = Scenario.aliases

    /// GET describes, PUT sets: 400 for what makes no sense, 409 for a full history, 500 for a file that fails.
    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        if let refusal = request.refusalOfOtherSites { return refusal }
        switch request.method {
        case "GET", "HEAD": return described(store.current().timeline)
        case "PUT", "POST":
            let wanted: Order
            do { wanted = try order(request.body) } catch { return Self.refusal(400, error) }
            do {
                return described(try await store.begin(wanted.scenario, node: wanted.node, server: wanted.server))
            } catch {
                return Self.refusal(error.code == .limit ? 409 : 500, error)
            }
        default:
            var response = HTTPServerResponse(status: 405, text: "Method not allowed.\n")
            response.headers.add("Allow", "GET, HEAD, PUT")
            return response
        }
    }

    private struct Order {
        let scenario: Scenario
        let node: String?
        let server: String?
    }

    /// Reads `{"scenario":"node-down","node":"pve2"}`, `{"scenario":"stalled","server":"vllm-llama-70b"}` or the bare word `node-down`.
    private func order(_ body: [UInt8]) throws(Failure) -> Order {
        guard let first = body.first(where: { $0 > 0x20 }) else {
            throw Failure(.malformed, "the body is empty; send {\"scenario\":\"node-down\"} or the bare name of a scenario")
        }
        var name: String?
        var node: String?
        var server: String?
        if first == UInt8(ascii: "{") {
            do {
                try JSONDocument(parsing: body).withRoot { root in
                    name = root["scenario"]?.text
                    node = root["node"]?.text
                    server = (root["server"] ?? root["model"])?.text
                }
            } catch {
                throw Failure(.malformed, error.message)
            }
        } else {
            name = String(decoding: body, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        guard let name else { throw Failure(.malformed, "the JSON has no text \"scenario\"") }
        let scenario = try Scenario(named: name, aliases: aliases)
        // There is nothing about a normal world, for one, that one node could have for itself.
        if !scenario.isAboutNode { node = nil }
        if let node, Inventory.nodeIndex(node, count: nodeCount) == nil {
            throw Failure(
                .malformed,
                "unknown node \"\(HostileText.oneLine(node, limit: 40))\"; there are \(nodeCount), from \(Inventory.nodeName(0)) to "
                    + Inventory.nodeName(nodeCount - 1))
        }
        if !scenario.isAboutServer { server = nil }
        if let named = server, let servers, !servers.contains(named) {
            throw Failure(
                .malformed,
                "unknown server \"\(HostileText.oneLine(named, limit: 60))\"; there are \(servers.joined(separator: ", "))")
        }
        return Order(scenario: scenario, node: node, server: server)
    }

    private func described(_ timeline: Timeline) -> HTTPServerResponse {
        let change = timeline.change(at: clock.unixSeconds)
        let scenario = change?.scenario ?? .normal
        var json = JSONWriter()
        json.object { json in
            json.member("scenario", scenario.rawValue)
            json.member("since", change?.at ?? timeline.epoch)
            if let node = change?.node ?? scenario.chosenNode(of: nodeCount).map(Inventory.nodeName) { json.member("node", node) }
            if let server = change?.server { json.member("server", server) }
            json.key("scenarios")
            json.array { json in
                for scenario in Scenario.allCases { json.string(scenario.rawValue) }
            }
        }
        return HTTPServerResponse(json: json.bytes)
    }

    private static func refusal(_ status: Int, _ failure: Failure) -> HTTPServerResponse {
        var json = JSONWriter()
        json.object { $0.member("error", failure.description) }
        return HTTPServerResponse(status: status, json: json.bytes)
    }
}
