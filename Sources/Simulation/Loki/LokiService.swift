import Primitives
import Web

/// Answers for Loki: pushes, and questions about lines and labels.
struct LokiService: Sendable {
    let store: LokiStore
    private let faults = LokiFaults()
    private let limits: LokiLimits

    private static let api = "/loki/api/v1/"

    init(_ limits: LokiLimits, clock: WallClock) {
        self.limits = limits
        store = LokiStore(limits, clock: clock)
    }

    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let isReading = ["GET", "HEAD"].contains(request.method)
        switch request.path {
        case LokiFault.path: return faults.answer(request)
        case Self.api + "push":
            guard request.method == "POST" else { return Self.methodNotAllowed("POST") }
            return await push(request)
        case "/ready" where isReading: return HTTPServerResponse(text: "ready\n")
        case "/health" where isReading, "/-/healthy" where isReading, "/-/ready" where isReading: return HTTPServerResponse(text: "OK\n")
        case "/" where isReading:
            return HTTPServerResponse(
                text: "A simulated Loki: lines are pushed to \(Self.api)push. What goes wrong is set at \(LokiFault.path).\n")
        case "/metrics" where isReading:
            return HTTPServerResponse(contentType: "text/plain; version=0.0.4", text: LokiAnswers.metrics(store))
        case "/loki/api/v1/status/buildinfo" where isReading, "/api/v1/status/buildinfo" where isReading: return LokiAnswers.buildInfo
        case let path where path.hasPrefix(Self.api):
            guard isReading || request.method == "POST" else { return Self.methodNotAllowed("GET, HEAD, POST") }
            return ask(path.dropFirst(Self.api.count), request)
        default: return Self.plain(404, "404 page not found")
        }
    }

    // MARK: pushing

    private func push(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let fault = faults.take()
        if let response = fault.response { return response }
        let verdict = judge(request)
        if fault == .timeout { try? await Task.sleep(for: .seconds(LokiFault.hangSeconds)) }
        return verdict.status == 204 ? HTTPServerResponse(status: 204) : Self.plain(verdict.status, verdict.text)
    }

    private func judge(_ request: HTTPServerRequest) -> LokiStore.Verdict {
        let type = (request.headers["Content-Type"] ?? "").prefix { $0 != ";" }.lowercased()
        guard type == "application/json" else {
            // Loki takes what names no kind for Protocol Buffers.
            let name =
                type.isEmpty || type == "application/x-protobuf"
                ? "Snappy-packed Protocol Buffers are" : "Content-Type \(HostileText.oneLine(type, limit: 60)) is"
            return LokiStore.Verdict(
                status: 415, text: "\(name) not simulated; push JSON, plain or as gzip, with Content-Type: application/json")
        }
        let coding = request.headers["Content-Encoding"]?.lowercased() ?? ""
        guard coding.isEmpty || coding == "identity" || coding == "gzip" else {
            return LokiStore.Verdict(status: 415, text: "Content-Encoding \(HostileText.oneLine(coding, limit: 60)) is not supported")
        }
        do throws(Failure) {
            let body = coding == "gzip" ? try Gunzip.bytes(request.body, limitBytes: limits.pushBytes) : request.body
            return store.take(try LokiPush(parsing: body))
        } catch {
            return LokiStore.Verdict(status: error.code == .limit ? 413 : 400, text: error.description)
        }
    }

    // MARK: asking

    private func ask(_ path: Substring, _ request: HTTPServerRequest) -> HTTPServerResponse {
        do throws(Failure) {
            let question = try LokiQuestion(request, limits: limits, now: store.clock.unixSeconds)
            let words = path.split(separator: "/", omittingEmptySubsequences: false)
            switch words {
            case ["query_range"]: return try LokiAnswers.lines(store, question, isInstant: false)
            case ["query"]: return try LokiAnswers.lines(store, question, isInstant: true)
            case ["labels"], ["label"]: return try LokiAnswers.labels(store, question)
            case let words where words.count == 3 && words[0] == "label" && words[2] == "values":
                return try LokiAnswers.values(of: String(words[1]), store, question)
            case ["series"]: return try LokiAnswers.series(store, question)
            case ["index", "stats"]: return try LokiAnswers.statistics(store, question)
            default: return Self.plain(404, "/loki/api/v1/\(HostileText.oneLine(String(path), limit: 100)) is not simulated")
            }
        } catch {
            return Self.plain(400, error.description)
        }
    }

    private static func plain(_ status: Int, _ text: String) -> HTTPServerResponse { HTTPServerResponse(status: status, text: text + "\n") }

    private static func methodNotAllowed(_ methods: String) -> HTTPServerResponse {
        var response = plain(405, "Method not allowed.")
        response.headers.add("Allow", methods)
        return response
    }
}
