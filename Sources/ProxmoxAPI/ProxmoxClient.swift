package import JSON
package import Primitives
import Synchronization
package import Web

/// Asks one cluster, or one node without a cluster, with at most three calls in flight for each node: a node's daemon has three
/// workers, and the GUI needs them too.
///
/// Of several endpoints the one that answered last is asked; when it does not answer, or is not well itself, the next.
package final class ProxmoxClient: Sendable {
    /// What the client counted for one endpoint since it was made.
    package struct Counts: Sendable {
        package var requests = 0
        package var failures = 0
        package var receivedBytes = 0
        package var connectionsOpened = 0
    }

    /// A call that is over: the method, the URL without its query, how long it took, and whether it gave a usable answer.
    package typealias Observer = @Sendable (_ method: String, _ url: String, _ seconds: Double, _ isFailure: Bool) -> Void

    private struct State {
        var counts: [Counts]
        var gates: [String: AsyncSemaphore] = [:]
        /// The endpoint that is asked first.
        var current = 0
        var wasRefused = false
    }

    /// All that lead to the cluster, in the order of the settings.
    package let endpoints: [ProxmoxEndpoint]
    /// The first of them, which names the cluster until it has told its own name.
    package let endpoint: ProxmoxEndpoint
    package let session: ProxmoxSession
    private let observer: Observer?
    private let state: Mutex<State>

    /// Nodes of a cluster that are believed; corosync carries a few dozen.
    package static let nodeLimit = 1024

    /// In flight for each node.
    package static let callsPerNode = 3

    /// What is made of an answer.
    private struct Reading<Value: Sendable>: Sendable {
        let absent: Value?
        let decode: @Sendable (JSONValue) -> Value?
    }

    package init(endpoint: ProxmoxEndpoint, others: [ProxmoxEndpoint] = [], session: ProxmoxSession, observer: Observer? = nil) {
        self.endpoint = endpoint
        endpoints = [endpoint] + others
        self.session = session
        self.observer = observer
        state = Mutex(State(counts: [Counts](repeating: Counts(), count: 1 + others.count)))
    }

    /// For each endpoint.
    package var counts: [Counts] { state.withLock { $0.counts } }

    /// Whether the last answer was a 401: then one call should go ahead of the others, so that a bad credential is not tried by many at once.
    package var wasRefused: Bool { state.withLock { $0.wasRefused } }

    /// Goes on to the next endpoint, because what the present one says is not the cluster's word. False when there is no other.
    package func moveOn() -> Bool {
        state.withLock { $0.current = ($0.current + 1) % endpoints.count }
        return endpoints.count > 1
    }

    /// GETs a path below `/api2/json` and decodes the answer's `data`.
    ///
    /// - Parameter node: whose three places the call takes, or nil for those of the cluster.
    /// - Parameter absent: what an answer means whose data is null; nil for nothing that this path promises.
    package func get<Value: Sendable>(
        _ path: String, node: String? = nil, absent: Value? = nil, http: HTTPClient, by deadline: Deadline,
        decode: @escaping @Sendable (JSONValue) -> Value?
    ) async throws(ProxmoxError) -> Value {
        let first = state.withLock { $0.current }
        let reading = Reading(absent: absent, decode: decode)
        let isOfNode = node != nil || path.hasPrefix("/nodes/")
        for step in 0..<endpoints.count - 1 {
            let index = (first + step) % endpoints.count
            // Whoever hangs must leave time to ask the next.
            let share = isOfNode ? deadline : Deadline.after(seconds: deadline.remainingSeconds * 0.4)
            do throws(ProxmoxError) {
                return try await get(path, at: index, node, http, min(share, deadline), reading)
            } catch {
                guard error.mayDifferElsewhere(isOfNode: isOfNode), !deadline.hasPassed, !Task.isCancelled else { throw error }
                state.withLock { state in
                    // Of many calls that fail at once, the first moves on.
                    if state.current == index { state.current = (index + 1) % endpoints.count }
                }
            }
        }
        return try await get(path, at: (first + endpoints.count - 1) % endpoints.count, node, http, deadline, reading)
    }

    /// Asks one endpoint; once more when its ticket is not taken, as a new one may be.
    private func get<Value: Sendable>(
        _ path: String, at index: Int, _ node: String?, _ http: HTTPClient, _ deadline: Deadline, _ reading: Reading<Value>
    ) async throws(ProxmoxError) -> Value {
        let begin = ContinuousClock.now
        func finish(_ failure: ProxmoxError?) {
            state.withLock { state in
                state.counts[index].requests += 1
                if failure != nil { state.counts[index].failures += 1 }
                switch failure?.kind {
                case .unauthorized: state.wasRefused = true
                case nil, .forbidden, .nodeUnreachable, .refused: state.wasRefused = false
                // Nobody has said anything of the credential.
                case .timeout, .unreachable, .tls, .tooLarge, .malformed: break
                }
            }
            // A call that was given up tells nothing of the API.
            guard !(failure != nil && Task.isCancelled) else { return }
            observer?(
                "GET", endpoints[index].baseURL + "/api2/json" + path.prefix { $0 != "?" }, (ContinuousClock.now - begin).seconds,
                failure != nil)
        }
        do throws(ProxmoxError) {
            let value: Value
            do throws(ProxmoxError) {
                value = try await ask(path, at: index, node, http, deadline, reading)
            } catch  where error.kind == .unauthorized && error.mayTryAgain {
                value = try await ask(path, at: index, node, http, deadline, reading)
            }
            finish(nil)
            return value
        } catch {
            let error = endpoints.count > 1 ? error.at(endpoints[index].authority) : error
            finish(error)
            throw error
        }
    }

    private func ask<Value: Sendable>(
        _ path: String, at index: Int, _ node: String?, _ http: HTTPClient, _ deadline: Deadline, _ reading: Reading<Value>
    ) async throws(ProxmoxError) -> Value {
        let endpoint = endpoints[index]
        let authorization = try await session.authorization("GET", at: endpoint, http: http, by: deadline)
        var request = endpoint.request(path, by: deadline)
        request.headers = authorization.headers + [("Accept", "application/json")]
        // A machine that swallows packets must leave time to ask the next.
        if endpoints.count > 1 { request.connectTimeoutSeconds = min(5, deadline.remainingSeconds / Double(endpoints.count)) }
        let answer = await gate(node ?? "").withPermit { [request] () async -> Result<HTTPResponse, HTTPClientError> in
            do throws(HTTPClientError) {
                return .success(try await http.send(request))
            } catch {
                return .failure(error)
            }
        }
        if case .success(let response) = answer {
            state.withLock { state in
                state.counts[index].receivedBytes += response.body.count
                state.counts[index].connectionsOpened += response.connectionsOpened
            }
            if response.status == 401, session.refused(authorization) {
                throw ProxmoxError(status: 401, path, "the ticket is not taken any more").tryingAgain
            }
        }
        return try read(answer, path, reading)
    }

    private func read<Value>(
        _ answer: Result<HTTPResponse, HTTPClientError>, _ path: String, _ reading: Reading<Value>
    ) throws(ProxmoxError) -> Value {
        let response: HTTPResponse
        switch answer {
        case .success(let received): response = received
        case .failure(let error): throw ProxmoxError(error, path)
        }
        guard response.status == 200 else {
            throw ProxmoxError(status: response.status, path, session.withoutSecrets(Self.message(of: response) ?? response.reason))
        }
        let value: Value?
        do {
            let document = try JSONDocument(parsing: response.body)
            value = document.withRoot { root in root["data"].flatMap { $0.isNull ? reading.absent : reading.decode($0) } }
        } catch {
            throw ProxmoxError(.malformed, path, "\(error)")
        }
        guard let value else { throw ProxmoxError(.malformed, path, "the answer lacks what this path promises") }
        return value
    }

    /// Newer versions repeat the text of the status line, with a newline behind it, in the body.
    private static func message(of response: HTTPResponse) -> String? {
        guard response.body.count < 1 << 16, let document = try? JSONDocument(parsing: response.body) else { return nil }
        return document.withRoot { $0["message"]?.text }
    }

    private func gate(_ node: String) -> AsyncSemaphore {
        state.withLock { state in
            if let gate = state.gates[node] { return gate }
            // Names come from the API. Past any real cluster's size they are not believed and share one gate.
            let key = state.gates.count < 1024 ? node : ""
            let gate = state.gates[key] ?? AsyncSemaphore(limit: Self.callsPerNode)
            state.gates[key] = gate
            return gate
        }
    }
}
