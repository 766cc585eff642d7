import Primitives
import UpstreamConfiguration
import Web

/// One of the programs that the viewer asks: Prometheus, Alertmanager or Loki.
///
/// What is asked lies below its URL, whatever a browser wanted; it follows no redirect, so nothing else is ever reached.
struct Upstream: Sendable {
    /// Whom to ask, as metrics and errors name it.
    enum Program: String, Sendable, CaseIterable {
        case prometheus
        case alertmanager
        case loki

        var title: String {
            switch self {
            case .prometheus: "Prometheus"
            case .alertmanager: "Alertmanager"
            case .loki: "Loki"
            }
        }
    }

    /// A question, in the one way in which it is written: equal questions are equal values.
    struct Question: Sendable, Hashable {
        var method = "GET"
        /// Below the program's URL, escaped already.
        var path: String
        /// The encoded form; in the URL of a GET, in the body of a POST.
        var form = ""
        /// JSON to send, in place of a form.
        var json: [UInt8]?
    }

    let program: Program
    private let settings: UpstreamSettings
    private let http: HTTPClient
    private let answerBytes: Int
    /// For answers that are on their way, together.
    private let room: BodyRoom
    private let tally: ViewerTally

    init(_ program: Program, _ settings: UpstreamSettings, http: HTTPClient, answerBytes: Int, room: BodyRoom, tally: ViewerTally) {
        self.program = program
        self.settings = settings
        self.http = http
        self.answerBytes = answerBytes
        self.room = room
        self.tally = tally
    }

    /// Asks, and waits for the whole answer.
    func ask(_ question: Question, by deadline: Deadline) async -> Result<UpstreamAnswer, UpstreamProblem> {
        let outcome = await send(question, by: deadline)
        switch outcome {
        case .success(let answer): tally.note(program, String(answer.status))
        case .failure(let problem): tally.note(program, problem.reason)
        }
        return outcome
    }

    private func send(_ question: Question, by deadline: Deadline) async -> Result<UpstreamAnswer, UpstreamProblem> {
        var request = settings.request(question.path, by: deadline)
        request.method = question.method
        if let json = question.json {
            request.headers.append(("Content-Type", "application/json"))
            request.body = json
        } else if question.method == "POST" {
            request.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
            request.body = Array(question.form.utf8)
        } else if !question.form.isEmpty {
            request.url += "?" + question.form
        }
        request.bodyLimitBytes = answerBytes
        request.bodyRoom = room
        do {
            let response = try await http.send(request)
            room.giveBack(response.body.count)
            return judged(response)
        } catch {
            return .failure(problem(error))
        }
    }

    /// Only JSON goes through, with a status that these programs have for answers and for errors in the question.
    private func judged(_ response: HTTPResponse) -> Result<UpstreamAnswer, UpstreamProblem> {
        let first = response.body.first { $0 > 0x20 }
        let isJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "\"")
        func failure(_ words: String, _ reason: String) -> Result<UpstreamAnswer, UpstreamProblem> {
            .failure(UpstreamProblem(status: 502, words: words, reason: reason))
        }
        switch response.status {
        case 200 where isJSON || response.body.isEmpty, 400 where isJSON, 404 where isJSON, 422 where isJSON, 503 where isJSON:
            return .success(UpstreamAnswer(status: response.status, body: response.body))
        case 200: return failure("What answers at \(program.title)'s address does not answer as \(program.title) does.", "malformed")
        case 300..<400:
            return failure("\(program.title) answers with a redirect, which is not followed; its URL is not where it is.", "redirect")
        case 401, 403: return failure("\(program.title) does not let martlet in (status \(response.status)).", "unauthorized")
        // Loki and proxies in between say what is wrong in plain text.
        default:
            let words = String(decoding: response.body.prefix(300), as: UTF8.self)
            let said = first == UInt8(ascii: "<") ? "" : ": " + words.split(whereSeparator: \.isNewline).joined(separator: " ")
            return failure("\(program.title) answers with status \(response.status)\(said.count > 2 ? said : "").", "status")
        }
    }

    private func problem(_ error: HTTPClientError) -> UpstreamProblem {
        switch error.kind {
        case .timeout: UpstreamProblem(status: 504, words: "\(program.title) did not answer in time.", reason: "timeout")
        case .tooLarge:
            UpstreamProblem(
                status: 502,
                words: "\(program.title)'s answer is larger than dashboards.max_answer_mib allows; ask for less time or fewer series.",
                reason: "too_large")
        case .tls: UpstreamProblem(status: 502, words: "\(program.title)'s certificate is not accepted: \(error.message).", reason: "tls")
        case .closed, .resolve, .connect, .protocolViolation, .url, .cancelled:
            UpstreamProblem(status: 502, words: "\(program.title) cannot be reached: \(error.message).", reason: error.kind.rawValue)
        }
    }
}
