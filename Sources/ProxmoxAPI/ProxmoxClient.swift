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

    /// What tells apart the calls that are counted.
    package struct CallKind: Sendable, Hashable, Comparable {
        /// The path with `*` for names and numbers: `/nodes/*/qemu/*/config`.
        package let endpoint: String
        /// The status of the answer, or a word for why there is none that can be used.
        package let code: String

        package static func < (left: CallKind, right: CallKind) -> Bool { (left.endpoint, left.code) < (right.endpoint, right.code) }
    }

    /// A call that is over: the method, the URL without its query, how long it took, and whether it gave a usable answer.
    package typealias Observer = @Sendable (_ method: String, _ url: String, _ seconds: Double, _ isFailure: Bool) -> Void

    private struct State {
        var counts: [Counts]
        var calls: [CallKind: Int] = [:]
        var gates: [String: AsyncSemaphore] = [:]
        var choice: EndpointChoice
        var wasRefused = false
        /// When it is worth asking again whether another endpoint has quorum.
        var nextSearch = Deadline.after(seconds: 0)

        /// Whoever answers chooses the status: past what any honest one says they are one kind.
        mutating func count(_ kind: CallKind) {
            let isKnown = calls[kind] != nil || calls.count < 512
            calls[isKnown ? kind : CallKind(endpoint: kind.endpoint, code: "other"), default: 0] += 1
        }
    }

    /// All that lead to the cluster, in the order of the settings.
    package let endpoints: [ProxmoxEndpoint]
    /// The first of them, which names the cluster until it has told its own name.
    package let endpoint: ProxmoxEndpoint
    package let session: ProxmoxSession
    private let timeoutSeconds: Double?
    private let observer: Observer?
    private let state: Mutex<State>
    /// Large answers are read one after the other: whoever has the API must not keep all threads at it, and other clusters waiting.
    private let reader = AsyncSemaphore(limit: 1)
    private let bodyRoom = BodyRoom(bytes: 128 << 20)

    /// An answer from here on is large.
    private static let largeBytes = 1 << 20
    /// Nodes of a cluster that are believed; corosync carries a few dozen.
    package static let nodeLimit = 1024
    /// Longer lists are not believed: what a row becomes takes many times its bytes.
    package static let rowLimit = 32_768

    /// In flight for each node.
    package static let callsPerNode = 3

    /// What is made of an answer.
    private struct Reading<Value: Sendable>: Sendable {
        let absent: Value?
        let decode: @Sendable (JSONValue) -> Value?
    }

    /// - Parameter timeoutSeconds: longest wait for one call, not counting its time in line; nil for as long as the caller has.
    package init(
        endpoint: ProxmoxEndpoint, others: [ProxmoxEndpoint] = [], session: ProxmoxSession, timeoutSeconds: Double? = nil,
        observer: Observer? = nil
    ) {
        self.timeoutSeconds = timeoutSeconds
        self.endpoint = endpoint
        endpoints = [endpoint] + others
        self.session = session
        self.observer = observer
        let count = 1 + others.count
        state = Mutex(State(counts: [Counts](repeating: Counts(), count: count), choice: EndpointChoice(count: count)))
    }

    /// For each endpoint.
    package var counts: [Counts] { state.withLock { $0.counts } }

    /// All calls since the client was made, logins not counted.
    package var calls: [CallKind: Int] { state.withLock { $0.calls } }

    /// Whether the last answer was a 401: then one call should go ahead of the others, so that a bad credential is not tried by many at once.
    package var wasRefused: Bool { state.withLock { $0.wasRefused } }

    /// Goes on to the next endpoint, because what the present one says is not the cluster's word.
    package func moveOn() {
        state.withLock { $0.choice.failed($0.choice.current) }
    }

    /// Looks for an endpoint whose part of a split cluster has quorum, and asks it from now on. False when there is none; then the
    /// endpoint that was asked stays, and it is half a minute before the others are asked again.
    package func findQuorum(http: HTTPClient, by deadline: Deadline) async -> Bool {
        let others: [Int] = state.withLock { state in
            guard state.nextSearch.hasPassed else { return [] }
            state.nextSearch = .after(seconds: 30)
            return state.choice.others
        }
        // All at once, and those that hang must not take the scrape's time.
        let share = Deadline.after(seconds: deadline.remainingSeconds / 5)
        let found = await withTaskGroup(of: Int?.self) { group in
            for index in others {
                group.addTask { [self] in
                    let reading = Reading(absent: nil, decode: ClusterStatus.init)
                    let status = try? await get("/cluster/status", at: index, nil, http, share, reading)
                    return status?.isQuorate == true ? index : nil
                }
            }
            for await index in group {
                guard let index else { continue }
                group.cancelAll()
                return index as Int?
            }
            return nil
        }
        guard let found else { return false }
        state.withLock { $0.choice.prefer(found) }
        return true
    }

    /// GETs a path below `/api2/json` and decodes the answer's `data`.
    ///
    /// - Parameter node: whose three places the call takes, or nil for those of the cluster.
    /// - Parameter absent: what an answer means whose data is null; nil for nothing that this path promises.
    package func get<Value: Sendable>(
        _ path: String, node: String? = nil, absent: Value? = nil, http: HTTPClient, by deadline: Deadline,
        decode: @escaping @Sendable (JSONValue) -> Value?
    ) async throws(ProxmoxError) -> Value {
        let order = state.withLock { $0.choice.order }
        let reading = Reading(absent: absent, decode: decode)
        let isOfNode = node != nil || path.hasPrefix("/nodes/")
        for index in order.dropLast() {
            // Whoever hangs must leave time to ask the next.
            let share = isOfNode ? deadline : Deadline.after(seconds: deadline.remainingSeconds * 0.4)
            do throws(ProxmoxError) {
                return try await get(path, at: index, node, http, min(share, deadline), reading)
            } catch {
                guard error.mayDifferElsewhere(isOfNode: isOfNode), !deadline.hasPassed, !Task.isCancelled else { throw error }
                state.withLock { $0.choice.failed(index) }
            }
        }
        return try await get(path, at: order[order.count - 1], node, http, deadline, reading)
    }

    /// Asks one endpoint; once more when its ticket is not taken, as a new one may be.
    private func get<Value: Sendable>(
        _ path: String, at index: Int, _ node: String?, _ http: HTTPClient, _ deadline: Deadline, _ reading: Reading<Value>
    ) async throws(ProxmoxError) -> Value {
        let begin = ContinuousClock.now
        let endpoint = EndpointPattern.of(path)
        func finish(_ failure: ProxmoxError?) {
            state.withLock { state in
                state.count(CallKind(endpoint: endpoint, code: failure?.code ?? "200"))
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
        // The answer is read before the next call may begin, so that no more than three are held at a time.
        let value = await gate(node ?? "").withPermit(by: deadline) { () async -> Result<Value, ProxmoxError> in
            // Not sooner: a ticket may have been replaced while this call stood in line.
            let authorization: ProxmoxSession.Authorization
            do throws(ProxmoxError) {
                authorization = try await session.authorization("GET", at: endpoint, http: http, by: callDeadline(deadline))
            } catch {
                return .failure(error)
            }
            var request = endpoint.request(path, by: callDeadline(deadline))
            request.headers = authorization.headers + [("Accept", "application/json")]
            // A machine that swallows packets must leave time to ask the next.
            if endpoints.count > 1 { request.connectTimeoutSeconds = min(5, deadline.remainingSeconds / Double(endpoints.count)) }
            request.bodyRoom = bodyRoom
            let response: HTTPResponse
            do throws(HTTPClientError) {
                response = try await http.send(request)
            } catch {
                return .failure(ProxmoxError(error, path))
            }
            defer { bodyRoom.giveBack(response.body.count) }
            func received() -> Result<Value, ProxmoxError> {
                Result { () throws(ProxmoxError) in try receive(response, from: index, path, authorization, reading) }
            }
            guard response.body.count >= Self.largeBytes else { return received() }
            return await reader.withPermit(by: request.deadline) { received() }
                ?? .failure(ProxmoxError(.timeout, path, "no time was left to read the answer beside other large ones"))
        }
        if let value { return try value.get() }
        if Task.isCancelled { throw ProxmoxError(.unreachable, path, "cancelled") }
        throw ProxmoxError(.timeout, path, "no answer by the deadline: still in line behind other calls")
    }

    private func receive<Value>(
        _ response: HTTPResponse, from index: Int, _ path: String, _ authorization: ProxmoxSession.Authorization, _ reading: Reading<Value>
    ) throws(ProxmoxError) -> Value {
        state.withLock { state in
            state.counts[index].receivedBytes += response.body.count
            state.counts[index].connectionsOpened += response.connectionsOpened
        }
        if response.status == 401, session.refused(authorization) {
            throw ProxmoxError(status: 401, path, "the ticket is not taken any more").tryingAgain
        }
        // Whatever else it says, it has let us in.
        if response.status != 401 { session.accepted(authorization) }
        return try read(response, path, reading)
    }

    /// When a call that begins now must be over.
    private func callDeadline(_ deadline: Deadline) -> Deadline { timeoutSeconds.map { min(deadline, .after(seconds: $0)) } ?? deadline }

    private func read<Value>(_ response: HTTPResponse, _ path: String, _ reading: Reading<Value>) throws(ProxmoxError) -> Value {
        guard response.status == 200 else {
            let isToken = if case .token = session.credential { true } else { false }
            throw ProxmoxError(
                status: response.status, path, session.withoutSecrets(Self.message(of: response) ?? response.reason), ofToken: isToken)
        }
        guard !session.isRepeated(in: response.body) else {
            throw ProxmoxError(.malformed, path, "the answer repeats the credential that it was asked with")
        }
        let value: Value?
        do {
            let document = try JSONDocument(parsing: response.body)
            value = document.withRoot { root in root["data"].flatMap { $0.isNull ? reading.absent : reading.decode($0) } }
        } catch {
            let isPage = response.body.first { $0 > 0x20 } == UInt8(ascii: "<")
            throw ProxmoxError(
                .malformed, path,
                isPage ? "a page in HTML, not JSON: a proxy or another program answers here" : Self.words(of: error, response.body))
        }
        guard let value else { throw ProxmoxError(.malformed, path, "JSON without the data that this path promises") }
        return value
    }

    /// What a parser says of a place in the middle helps nobody.
    private static func words(of error: any Error, _ body: [UInt8]) -> String {
        let words = "\(error)"
        guard words.hasPrefix("not JSON") else { return words }
        return body.isEmpty ? "the answer is empty" : "not JSON, or it breaks off"
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
