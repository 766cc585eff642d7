import JSON
import Metrics
import Ownership
import Primitives
import Web

/// The questions of one round to one server: GET of paths below its URL, with a limit to everything. Of a path that was asked already the
/// answer is remembered.
final class Questions {
    /// What came of a question.
    enum Answer {
        case told(HTTPResponse)
        case failed(PollProblem)
    }

    let address: ServerAddress
    /// Counts rounds, so that what hardly changes need not be asked in each.
    let round: Int
    /// What the round before has told; nothing where that was another server.
    private(set) var former: ServerPicture?
    private let send: Sending
    /// What the counters of the rounds before were.
    private let memory: CounterMemory
    private let deadline: Deadline
    /// An exposition may take a part of the time only, so that a server which is slow to write it has answered the rest.
    private let expositionDeadline: Deadline
    private var answers: [String: Answer] = [:]
    /// Whether some question, other than for an exposition, has got no answer.
    private(set) var lacksAnswers = false
    /// What the server's own paths were answered with, for who says why it is not known.
    private(set) var refusals: [Refusal] = []

    /// Of an exposition, and of any other answer.
    static let expositionBytes = 16 << 20
    static let answerBytes = 4 << 20
    /// What an exposition may take of the time of a round.
    static let expositionShare = 0.8
    /// Between two askings of what hardly changes.
    private static let rareRounds = 20

    /// Who carries a request there and its answer back.
    typealias Sending = @Sendable (HTTPRequest) async -> Result<HTTPResponse, HTTPClientError>

    /// - Parameter timeoutSeconds: of the whole round.
    init(
        _ address: ServerAddress, round: Int, former: ServerPicture?, memory: CounterMemory, timeoutSeconds: Double,
        send: @escaping Sending
    ) {
        (self.address, self.round, self.former, self.memory, self.send) = (address, round, former, memory, send)
        deadline = .after(seconds: timeoutSeconds)
        expositionDeadline = .after(seconds: timeoutSeconds * Self.expositionShare)
    }

    /// What answers is not who answered before.
    func forget() {
        former = nil
        memory.clear()
    }

    /// Whether it is time for what hardly changes.
    var isRareRound: Bool { round % Self.rareRounds == 0 }

    func get(_ path: String, limitBytes: Int = answerBytes) async -> Answer { await ask("GET", address.url, path, limitBytes) }

    /// POST of an empty object, for questions that are asked so and change nothing.
    func post(_ path: String) async -> Answer { await ask("POST", address.url, path, Self.answerBytes) }

    /// - Parameter url: the server's, or that of its exposition: no other is ever asked.
    private func ask(_ method: String, _ url: String, _ path: String, _ limitBytes: Int) async -> Answer {
        if let known = answers["\(method) \(url)\(path)"] { return known }
        let isExposition = limitBytes == Self.expositionBytes
        var request = HTTPRequest(url: url + path, deadline: isExposition ? expositionDeadline : deadline)
        request.method = method
        request.bodyLimitBytes = limitBytes
        request.trust = url.hasPrefix("https://") ? address.trust : .system
        request.headers = [("Accept", path.hasSuffix("/metrics") ? "text/plain;version=0.0.4,*/*;q=0.1" : "application/json,*/*;q=0.1")]
        // What proves who asks goes to the server itself only, not to where its exposition may be besides: another scheme or port is another
        // program, or the same one in the clear.
        if let authorization = address.authorization, ServerAddress.origin(of: url) == address.origin {
            request.headers.append(("Authorization", authorization.reveal()))
        }
        if method == "POST" {
            request.body = Array("{}".utf8)
            request.headers.append(("Content-Type", "application/json"))
        }
        let answer: Answer =
            switch await send(request) {
            case .success(let response): .told(response)
            case .failure(let error): .failed(PollProblem(Refusal.shown(path), error))
            }
        switch answer {
        case .failed: lacksAnswers = lacksAnswers || !isExposition
        case .told(let response) where response.status >= 300 && url == address.url: refusals.append(Refusal(path, response))
        case .told: break
        }
        answers["\(method) \(url)\(path)"] = answer
        return answer
    }

    // MARK: expositions

    /// Reads the server's exposition into the picture. That there is none is no problem, but a fact.
    ///
    /// - Parameter path: with its query, if it has one.
    /// - Parameter scope: which of several expositions it is.
    func exposition(
        _ path: String = "/metrics", scope: String = "", _ kind: any ServerKind.Type, into picture: inout ServerPicture
    ) async {
        let (url, rest) = place(ofExposition: path, kind)
        var answer = await ask("GET", url, rest, Self.expositionBytes)
        // Where it is an application of its own below a web framework, only the path with a slash is its own.
        if case .told(let response) = answer, [301, 302, 307, 308].contains(response.status), rest.hasSuffix("/metrics") {
            let other = await ask("GET", url, rest + "/", Self.expositionBytes)
            if case .told(let response) = other, response.status == 200 { answer = other }
        }
        switch answer {
        case .failed(let problem): picture.problem = picture.problem ?? problem
        case .told(let response): take(response, path, scope, kind, into: &picture)
        }
        picture.lacksExposition = picture.hasNativeMetrics == nil
    }

    /// Below the server's URL, at the one that was given for it, or at the port that its kind has for it.
    private func place(ofExposition path: String, _ kind: any ServerKind.Type) -> (url: String, path: String) {
        if let given = address.metricsURL {
            let authority = ServerAddress.authority(of: given)
            return given.hasSuffix(authority) ? (given, path) : (given, "")
        }
        return (kind.metricsPort.map(address.url(atPort:)) ?? address.url, path)
    }

    private func take(
        _ response: HTTPResponse, _ path: String, _ scope: String, _ kind: any ServerKind.Type, into picture: inout ServerPicture
    ) {
        switch response.status {
        case 200: break
        case 404 where address.metricsURL != nil:
            picture.problem =
                picture.problem ?? PollProblem(.status, "\(Refusal.shown(path)): metrics_url answers with status 404, so nothing is there")
            return
        case 404, 405, 501:
            picture.hasNativeMetrics = false
            return
        default:
            picture.problem = picture.problem ?? PollProblem(.status, words(path, response))
            return
        }
        let type = response.headers["Content-Type"] ?? "text/plain"
        guard Self.isExposition(type), response.headers["Content-Encoding"] ?? "identity" == "identity" else {
            picture.problem =
                picture.problem ?? PollProblem(.malformed, "\(Refusal.shown(path)): the answer is no exposition, but \(Self.shown(type))")
            return
        }
        let problem = ExpositionMapper.read(
            response.body, .init(contentType: type), kind.index, memory: memory, scope: scope, into: &picture)
        if let problem {
            picture.problem = picture.problem ?? PollProblem(problem.outcome, "\(Refusal.shown(path)): \(problem.message)")
            return
        }
        picture.hasNativeMetrics = true
        picture.isUp = true
        if picture.models.names.count == 1 { picture.onlyModel = picture.models.names[0] }
    }

    private static func isExposition(_ type: String) -> Bool {
        let word = type.prefix { $0 != ";" && $0 != " " }.lowercased()
        return word == "text/plain" || word == "application/openmetrics-text"
    }

    static func shown(_ type: String) -> String { shortLine(type, limit: 60) }

    func words(_ path: String, _ response: HTTPResponse) -> String {
        "\(Refusal.shown(path)) " + Refusal(path, response).words(hasToken: address.authorization != nil)
    }

    /// Why nothing below the URL is answered as somebody hoped, as far as the answers tell.
    var explanation: String? {
        let statuses = Set(refusals.map(\.status))
        if let closed = refusals.first(where: { $0.isClosed }) {
            return "\(closed.path) " + closed.words(hasToken: address.authorization != nil)
        }
        if let moved = refusals.first(where: { $0.isRedirect }) {
            return "\(moved.path) " + moved.words(hasToken: address.authorization != nil)
        }
        let suffix = ["/v1", "/metrics"].first(where: address.url.hasSuffix)
        guard let suffix, statuses == [404] else { return nil }
        return "404 to all that was asked below \(address.url): the url is that in front of \(suffix)"
    }

    // MARK: other answers

    /// Whether it is well, by a path that says so with its status: 200, or 503 while it is not.
    func readiness(_ path: String, into picture: inout ServerPicture) async {
        switch await get(path) {
        case .failed(let problem): picture.problem = picture.problem ?? problem
        case .told(let response):
            switch response.status {
            case 200..<300: (picture.isReady, picture.isUp) = (true, true)
            case 503,
                400 where path.hasPrefix("/v2/"):
                (picture.isReady, picture.isUp) = (false, true)
            default: break
            }
        }
    }

    /// Hands the JSON of an answer to `read`. Returns whether there was one; that there is none is for the caller to judge.
    @discardableResult
    func json(_ path: String, method: String = "GET", _ read: (JSONValue) -> Void) async -> Bool {
        let answer = method == "POST" ? await post(path) : await get(path)
        guard case .told(let response) = answer, response.status == 200 else { return false }
        guard let document = try? JSONDocument(parsing: response.body, depth: 32) else { return false }
        document.withRoot(read)
        return true
    }

    /// The same of a question that a server of its kind answers: what goes wrong with it is told.
    @discardableResult
    func demandedJSON(_ path: String, into picture: inout ServerPicture, _ read: (JSONValue, inout ServerPicture) -> Void) async -> Bool {
        switch await get(path) {
        case .failed(let problem): picture.problem = picture.problem ?? problem
        case .told(let response):
            guard response.status == 200 else {
                picture.problem = picture.problem ?? PollProblem(.status, words(path, response))
                return false
            }
            guard let document = try? JSONDocument(parsing: response.body, depth: 32) else {
                picture.problem = picture.problem ?? PollProblem(.malformed, "\(Refusal.shown(path)): the answer is no JSON")
                return false
            }
            document.withRoot { read($0, &picture) }
            picture.isUp = true
            return true
        }
        return false
    }
}
