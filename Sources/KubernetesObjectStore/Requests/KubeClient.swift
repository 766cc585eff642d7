import Objects
import ObjectStore
import Primitives
import Web

/// Requests to a kube-apiserver: each with a deadline, so many at a time, and with its errors as the store has them.
final class KubeClient: Sendable {
    let connection: KubeConnection
    let limits: KubeLimits
    let http: HTTPClient
    private let places: AsyncSemaphore

    init(_ connection: KubeConnection, _ limits: KubeLimits) throws(Failure) {
        self.connection = connection
        self.limits = limits
        // Each watch keeps one.
        http = try HTTPClient(connectionsPerHost: limits.requestsInFlight + 128, connectionsKept: limits.requestsInFlight + 16)
        places = AsyncSemaphore(limit: limits.requestsInFlight)
    }

    deinit { http.close() }

    /// What is asked, for the error's words.
    struct Question: Sendable {
        let kind: ResourceKind?
        /// Where one object is meant.
        var key: ObjectKey?

        init(_ kind: ResourceKind) { self.kind = kind }

        init(_ key: ObjectKey) {
            kind = key.kind
            self.key = key
        }

        /// Of the server, not of any kind.
        init() { kind = nil }
    }

    struct Answer: Sendable {
        let value: ObjectValue
        let bytes: Int
    }

    /// Times that a server which is busy is asked once more.
    private static let busyRepeats = 5

    /// The value in the answer of a request that did what it should.
    func ask(_ method: String, _ path: String, body: [UInt8]? = nil, about question: Question) async throws(StoreError) -> Answer {
        let deadline = Deadline.after(seconds: limits.requestSeconds)
        for attempt in 0... {
            let answer = try await send(method, path, body, by: deadline)
            if (200..<300).contains(answer.status) {
                return Answer(value: try value(of: answer.body, question), bytes: answer.body.count)
            }
            let error = refusal(answer.status, answer.body, question)
            // Of no other refusal it is sure that nothing was done.
            guard answer.status == 429, attempt < Self.busyRepeats else { throw error }
            let seconds = (answer.headers["retry-after"].flatMap { Double($0) } ?? 1).clamped(to: 0.05...60) * Double.random(in: 1...1.2)
            guard seconds < deadline.remainingSeconds, (try? await Task.sleep(for: .seconds(seconds))) != nil else { throw error }
        }
        throw StoreError(.tooManyRequests, "\(connection.server) is busy", key: question.key)
    }

    private func send(_ method: String, _ path: String, _ body: [UInt8]?, by deadline: Deadline) async throws(StoreError) -> HTTPResponse {
        var request = connection.request(method, path, by: deadline)
        request.connectTimeoutSeconds = limits.connectSeconds
        request.bodyLimitBytes = limits.answerBytes
        request.headers += [("Accept", "application/json"), ("User-Agent", Self.userAgent)]
        if let body {
            request.body = body
            // What is done twice is refused the second time, or was wanted gone. To be created twice is another matter.
            request.mayRepeat = method != "POST"
            request.headers.append(("Content-Type", "application/json"))
        }
        let asked = request
        let result: Result<HTTPResponse, HTTPClientError>? = await places.withPermit(by: deadline) {
            do throws(HTTPClientError) { return .success(try await http.send(asked)) } catch { return .failure(error) }
        }
        switch result {
        case .success(let answer)?: return answer
        case .failure(let error)?: throw failure(error)
        case nil:
            if Task.isCancelled { throw StoreError(.unavailable, "\(connection.server) is not asked any more: cancelled") }
            throw StoreError(
                .timeout,
                "\(connection.server) is not asked: \(limits.requestsInFlight) requests have been on their way for \(limits.requestSeconds) s"
            )
        }
    }

    /// kube-apiserver writes it into managedFields, for whoever asks who changed a field.
    static let userAgent = "martlet-manager"

    private func value(of body: [UInt8], _ question: Question) throws(StoreError) -> ObjectValue {
        do throws(Failure) { return try ObjectValue(parsing: body, limits: readLimits) } catch {
            throw StoreError(.unavailable, "\(connection.server) answers with what is no object: \(error.message)", key: question.key)
        }
    }

    /// More than of ours: `managedFields` come with each object, nested as deep as the object is.
    var readLimits: ObjectValue.Limits {
        ObjectValue.Limits(bytes: max(limits.answerBytes, limits.eventBytes), values: 4_000_000, depth: 120)
    }

    // MARK: errors

    /// The error of an answer whose status says that nothing was done.
    func refusal(_ status: Int, _ body: [UInt8], _ question: Question) -> StoreError {
        let said = (try? ObjectValue(parsing: body, limits: readLimits)).flatMap { KubeStatus($0) }
        // Of what is unknown as a whole no name is told; most often there is no Status either.
        if status == 404, said?.name.isEmpty ?? true, let kind = question.kind { return unknown(kind) }
        if let said { return said.error(status: status, of: question.key, isSecret: question.kind == .secret) }
        let text = String(decoding: body.prefix(300), as: UTF8.self)
        let reason: StoreError.Reason =
            switch status {
            case 401: .unauthorized
            case 403: .forbidden
            case 404: .notFound
            case 410: .expired
            case 413: .tooLarge
            case 429: .tooManyRequests
            case 504: .timeout
            default: .unavailable
            }
        return StoreError(reason, "\(connection.server) answers with status \(status): \(text)", key: question.key)
    }

    /// Never `notFound`: whoever has asked for one object would take it for gone.
    func unknown(_ kind: ResourceKind) -> StoreError {
        let remedy =
            kind.group == ResourceKind.group
            ? "; install our kinds there (kubectl apply -f deploy/kubernetes/crds)" : "; is this the address of a kube-apiserver?"
        return StoreError(.unavailable, "\(connection.server) knows no \(kind.plural) of \(kind.apiVersion)\(remedy)")
    }

    func failure(_ error: HTTPClientError) -> StoreError {
        let reason: StoreError.Reason =
            switch error.kind {
            case .timeout: .timeout
            case .tooLarge: .tooLarge
            case .url: .badRequest
            case .closed, .resolve, .connect, .tls, .protocolViolation, .cancelled: .unavailable
            }
        return StoreError(reason, "\(connection.server) (\(connection.origin)): \(error.message)")
    }
}
