import JSON
import Primitives
import Web

/// All paths of the viewer beside those that every service has.
struct ViewerSite: Sendable {
    let page: PageFiles
    let boards: BoardPages
    let runbook: Runbook
    let prometheus: QuestionDesk
    let prometheusQuestions: PrometheusQuestions
    let alertmanager: QuestionDesk?
    let silences: SilenceDesk?
    let loki: QuestionDesk?
    let sameSite: SameSite
    let version: Version
    let tally: ViewerTally

    /// Of every answer. The page has no script and no style but its own files, and may be shown in no frame.
    static let headers = [
        DoorSettings.Header(
            name: "Content-Security-Policy", value: "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"),
        DoorSettings.Header(name: "X-Content-Type-Options", value: "nosniff"),
        DoorSettings.Header(name: "Referrer-Policy", value: "no-referrer"),
    ]
    /// An expression of 64 KiB in a form, where each byte may take three.
    static let bodyBytes = 224 << 10

    func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let (part, response) = await answer(request)
        tally.note(part, status: response.status)
        return response
    }

    private func answer(_ request: HTTPServerRequest) async -> (ViewerTally.Part, HTTPServerResponse) {
        let path = request.path
        if path.hasPrefix("/api/") || path == "/export.csv" {
            guard !sameSite.isForeign(request) else {
                return (.unknown, Refusal(403, "This is for pages of this service, and the request comes from another.").response)
            }
            return await answerData(request)
        }
        guard request.method == "GET" || request.method == "HEAD" else { return (.unknown, Self.notAllowed) }
        if path == "/" || path == "/alerts" || path.hasPrefix("/d/") { return (.page, page.index(request)) }
        if path.hasPrefix("/page/") { return (.page, page.file(String(path.dropFirst("/page/".count)), request)) }
        return (.unknown, HTTPServerResponse(status: 404, text: "Not found.\n"))
    }

    private func answerData(_ request: HTTPServerRequest) async -> (ViewerTally.Part, HTTPServerResponse) {
        let path = request.path
        func isBelow(_ prefix: String) -> Bool { path.hasPrefix(prefix) }
        let part: ViewerTally.Part =
            switch true {
            case path == "/api/me": .me
            case path == "/api/runbook": .runbook
            case path == "/export.csv": .csv
            case path == "/api/boards": .boards
            case isBelow("/api/boards/"): path.hasSuffix("/frame") ? .frame : .boards
            case isBelow("/api/prometheus/"): .prometheus
            case isBelow("/api/alertmanager/"): .alertmanager
            case isBelow("/api/loki/"): .loki
            default: .unknown
            }
        do throws(Refusal) {
            let response: HTTPServerResponse
            switch part {
            case .me: response = try reading(request) { me($0) }
            case .runbook: response = try runbook.answer(try reading(request) { $0 })
            case .boards, .frame, .csv:
                _ = try reading(request) { $0 }
                response = try await boards.answer(request, part)
            case .prometheus: response = try await askPrometheus(request)
            case .alertmanager: response = try await askAlertmanager(request)
            case .loki: response = try await askLoki(request)
            case .page, .unknown: throw Refusal(404, "There is nothing at this path.")
            }
            return (part, response)
        } catch {
            return (part, error.response)
        }
    }

    private func reading<Value>(_ request: HTTPServerRequest, _ body: (HTTPServerRequest) -> Value) throws(Refusal) -> Value {
        guard request.method == "GET" || request.method == "HEAD" else { throw Refusal(405, "Only reading is possible here.") }
        return body(request)
    }

    private static var notAllowed: HTTPServerResponse {
        var response = HTTPServerResponse(status: 405, text: "Method not allowed.\n")
        response.headers.add("Allow", "GET, HEAD")
        return response
    }

    // MARK: who asks

    private func me(_ request: HTTPServerRequest) -> HTTPServerResponse {
        let whyNot = alertmanager == nil ? SilenceDesk.withoutAlertmanager : request.user == nil ? SilenceDesk.withoutUser : nil
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("version", version.number)
            writer.key("user")
            if let user = request.user { writer.string(user) } else { writer.null() }
            writer.member("maySilence", whyNot == nil)
            writer.key("whyNot")
            if let whyNot { writer.string(whyNot) } else { writer.null() }
            writer.member("alertmanager", alertmanager != nil)
            writer.member("loki", loki != nil)
            writer.member("runbook", !runbook.isEmpty)
        }
        return Self.json(200, writer.bytes, request)
    }

    // MARK: proxy

    private func askPrometheus(_ request: HTTPServerRequest) async throws(Refusal) -> HTTPServerResponse {
        let path = String(request.path.dropFirst("/api/prometheus".count))
        try prometheusQuestions.check(path, method: request.method)
        let question = try prometheusQuestions.question(path, try QueryFields.of(request))
        return try await ask(prometheus, question, request)
    }

    private func askLoki(_ request: HTTPServerRequest) async throws(Refusal) -> HTTPServerResponse {
        guard let loki else { throw Refusal(404, "No Loki is set: dashboards.loki.url says where it is.") }
        guard request.path == "/api/loki" + LokiQuestions.path else {
            throw Refusal(404, "This is not among what may be asked of Loki here.")
        }
        guard request.method != "POST" else { throw Refusal(405, "Only reading is possible here.") }
        _ = try reading(request) { $0 }
        let questions = LokiQuestions(maxRangeSeconds: prometheusQuestions.maxRangeSeconds)
        return try await ask(loki, try questions.question(request.query), request)
    }

    private func askAlertmanager(_ request: HTTPServerRequest) async throws(Refusal) -> HTTPServerResponse {
        guard let alertmanager, let silences else { throw Refusal(404, SilenceDesk.withoutAlertmanager) }
        let path = String(request.path.dropFirst("/api/alertmanager".count))
        let silence = "/api/v2/silence/"
        switch (request.method, path) {
        case ("GET", "/api/v2/alerts"), ("GET", "/api/v2/silences"), ("HEAD", "/api/v2/alerts"), ("HEAD", "/api/v2/silences"):
            return try await ask(alertmanager, try AlertmanagerQuestions.question(path, request.query), request)
        case ("POST", "/api/v2/silences"):
            let answer = try await silences.create(request)
            return Self.json(answer.status, answer.body, request)
        case ("DELETE", _) where path.hasPrefix(silence):
            let answer = try await silences.expire(path.dropFirst(silence.count), request)
            return Self.json(answer.status, answer.body, request)
        case (_, "/api/v2/alerts"), (_, "/api/v2/silences"): throw Refusal(405, "Only reading, and creating silences, is possible here.")
        default: throw Refusal(404, "This is not among what may be asked of Alertmanager here.")
        }
    }

    private func ask(_ desk: QuestionDesk, _ question: Upstream.Question, _ request: HTTPServerRequest) async throws(Refusal)
        -> HTTPServerResponse
    {
        switch await desk.answer(question) {
        case .success(let answer): return await Self.plainJSON(answer.status, answer.body).gzippedInTurns(for: request)
        case .failure(let problem): throw Refusal(problem)
        }
    }

    /// An answer that nobody but who asked keeps.
    static func json(_ status: Int, _ bytes: [UInt8], _ request: HTTPServerRequest) -> HTTPServerResponse {
        plainJSON(status, bytes).gzipped(for: request)
    }

    private static func plainJSON(_ status: Int, _ bytes: [UInt8]) -> HTTPServerResponse {
        var response = HTTPServerResponse(status: status, json: bytes)
        response.headers.add("Cache-Control", "no-store")
        response.headers.add("Vary", "Accept-Encoding")
        return response
    }
}
