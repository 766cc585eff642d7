import JSON
import Primitives
import Web

/// What the simulator itself says: what is played, what is wrong, which servers and models there are.
struct LLMControl: Sendable {
    static let faultsPath = "/api/v1/faults"
    static let modelsPath = "/api/v1/models"
    static let serversPath = "/api/v1/servers"

    let scenarios: ScenarioEndpoint
    let faults: LLMFaults
    let servers: [LLMServer]
    /// Where each of them listens, by name.
    let addresses: @Sendable (String) -> String

    /// nil for a path that is not the simulator's.
    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse? {
        switch request.path {
        case ScenarioEndpoint.path: await scenarios.answer(request)
        case Self.faultsPath: faults(request)
        case Self.modelsPath: models()
        case Self.serversPath: list()
        default: nil
        }
    }

    private func faults(_ request: HTTPServerRequest) -> HTTPServerResponse {
        if let refusal = request.refusalOfOtherSites { return refusal }
        switch request.method {
        case "GET", "HEAD": break
        case "DELETE": faults.clear()
        case "PUT", "POST":
            do throws(Failure) { try add(request.body) } catch {
                return .object(status: error.code == .limit ? 409 : 400) { $0.member("error", error.description) }
            }
        default:
            var response = HTTPServerResponse(status: 405, text: "Method not allowed.\n")
            response.headers.add("Allow", "GET, HEAD, PUT, DELETE")
            return response
        }
        return .object { json in
            json.key("faults")
            json.array { json in
                for fault in faults.all { fault.write(into: &json) }
            }
        }
    }

    private func add(_ body: [UInt8]) throws(Failure) {
        let document: JSONDocument
        do { document = try JSONDocument(parsing: body) } catch { throw Failure(.malformed, error.message) }
        let names = servers.map(\.plan.name)
        let result: Result<LLMFault, Failure> = document.withRoot { root in
            do throws(Failure) { return .success(try LLMFault(root, servers: names)) } catch { return .failure(error) }
        }
        let fault = try result.get()
        guard fault.kind == .reset else { return try faults.add(fault) }
        for server in servers where (fault.server ?? server.plan.name) == server.plan.name {
            for desk in server.desks { desk.reset() }
        }
    }

    /// Servers, and what is true of each now: what tests hold against what others read.
    private func list() -> HTTPServerResponse {
        .object { json in
            json.key("servers")
            json.array { json in
                for server in servers {
                    json.object { json in
                        json.member("name", server.plan.name)
                        json.member("kind", server.plan.kind.rawValue)
                        json.member("version", server.plan.version)
                        json.member("url", addresses(server.plan.name))
                        if server.plan.kind == .triton { json.member("metrics_url", addresses(server.plan.name + "/metrics")) }
                        json.member("started_at", server.startedAt)
                        json.key("models")
                        json.array { json in
                            for desk in server.desks { json.object { write(desk, &$0) } }
                        }
                    }
                }
            }
        }
    }

    private func models() -> HTTPServerResponse {
        .object { json in
            json.key("models")
            json.array { json in
                for server in servers {
                    for desk in server.desks {
                        json.object { json in
                            json.member("server", server.plan.name)
                            json.member("kind", server.plan.kind.rawValue)
                            write(desk, &json)
                        }
                    }
                }
            }
        }
    }

    private func write(_ desk: EngineDesk, _ json: inout JSONWriter) {
        let engine = desk.view()
        let book = engine.book
        json.member("model", desk.model.name)
        json.member("slots", desk.shape.slots)
        json.member("running", engine.runningCount)
        json.member("waiting", engine.waitingCount)
        json.member("kv_cache_usage", engine.cacheUse)
        json.member("inter_token_seconds", engine.latency)
        json.member("prefill_tokens_per_second", desk.shape.prefillRate)
        json.member("arrivals", book.arrivals)
        json.member("ended", book.ended)
        json.member("prompt_tokens", book.promptTokens)
        json.member("generation_tokens", book.generationTokens)
        json.member("preemptions", book.preemptions)
        json.member("running_seconds", book.runningArea)
    }
}
