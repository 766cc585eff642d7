import Primitives
import Web

/// Creates and expires silences, for users that the doors know and pages of ours.
struct SilenceDesk: Sendable {
    static let withoutUser =
        "Creating silences needs a user: name one under basic_auth_users in the file of dashboards.web_config_file, and come with its password."
    static let withoutAlertmanager = "No Alertmanager is set: dashboards.alertmanager.url says where it is."

    let upstream: Upstream
    /// What is known of Alertmanager is out of date afterwards.
    let desk: QuestionDesk
    let sameSite: SameSite
    let clock: WallClock
    let tally: ViewerTally

    /// `POST /api/alertmanager/api/v2/silences`
    func create(_ request: HTTPServerRequest) async throws(Refusal) -> UpstreamAnswer {
        let user = try user(of: request)
        let type = request.headers["Content-Type"]?.split(separator: ";").first.map { $0.lowercased() }
        guard type == "application/json" else { throw Refusal(415, "A silence comes as application/json.") }
        guard request.query.isEmpty else { throw Refusal(400, "There are no parameters here.") }
        let silence = try SilenceRequest(parsing: request.body, now: clock.unixSeconds)
        let question = Upstream.Question(method: "POST", path: "/api/v2/silences", json: silence.json(createdBy: user))
        let answer = try await ask(question)
        tally.note(.created)
        return answer
    }

    /// `DELETE /api/alertmanager/api/v2/silence/ID`
    func expire(_ id: Substring, _ request: HTTPServerRequest) async throws(Refusal) -> UpstreamAnswer {
        _ = try user(of: request)
        guard SilenceRequest.isID(id), request.query.isEmpty else { throw Refusal(404, "There is no such silence.") }
        var answer = try await ask(Upstream.Question(method: "DELETE", path: "/api/v2/silence/\(id)"))
        tally.note(.expired)
        answer.body = Array("{}".utf8)
        return answer
    }

    private func user(of request: HTTPServerRequest) throws(Refusal) -> String {
        guard let user = request.user else { throw Refusal(403, Self.withoutUser) }
        guard sameSite.isOurs(request) else {
            throw Refusal(
                403,
                "Only a page of this service may change silences, and the Origin of this request is not the service's; behind a proxy, "
                    + "dashboards.external_url says what it is.")
        }
        return user
    }

    private func ask(_ question: Upstream.Question) async throws(Refusal) -> UpstreamAnswer {
        defer { desk.forget() }
        switch await upstream.ask(question, by: .after(seconds: desk.timeoutSeconds)) {
        case .failure(let problem): throw Refusal(problem)
        case .success(let answer) where answer.isSuccess: return answer
        case .success(let answer):
            // Alertmanager's words are a JSON string.
            let words = String(decoding: answer.body.prefix(500), as: UTF8.self)
            throw Refusal(answer.status, "Alertmanager refuses: \(words.split(whereSeparator: \.isNewline).joined(separator: " "))")
        }
    }
}
