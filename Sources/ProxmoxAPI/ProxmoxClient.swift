package import JSON
package import Primitives
import Synchronization
package import Web

/// Asks one endpoint, with at most three calls in flight for each node: a node's daemon has three workers, and the GUI needs them too.
package final class ProxmoxClient: Sendable {
    /// What the client counted since it was made.
    package struct Counts: Sendable {
        package var requests = 0
        package var failures = 0
        package var receivedBytes = 0
        package var connectionsOpened = 0
    }

    private struct State {
        var counts = Counts()
        var gates: [String: AsyncSemaphore] = [:]
    }

    package let endpoint: ProxmoxEndpoint
    private let state = Mutex(State())

    /// Nodes of a cluster that are believed; corosync carries a few dozen.
    package static let nodeLimit = 1024

    /// In flight for each node.
    package static let callsPerNode = 3

    package init(endpoint: ProxmoxEndpoint) { self.endpoint = endpoint }

    package var counts: Counts { state.withLock { $0.counts } }

    /// GETs a path below `/api2/json` and decodes the answer's `data`.
    ///
    /// - Parameter node: the node that the call is about, or nil for the cluster.
    package func get<Value: Sendable>(
        _ path: String, node: String? = nil, http: HTTPClient, by deadline: Deadline, decode: @Sendable (JSONValue) -> Value?
    ) async throws(ProxmoxError) -> Value {
        var request = HTTPRequest(url: endpoint.baseURL + "/api2/json" + path, deadline: deadline)
        request.headers = [("Authorization", "PVEAPIToken=" + endpoint.token.reveal()), ("Accept", "application/json")]
        request.trust = endpoint.trust
        let answer = await gate(node ?? "").withPermit { () async -> Result<HTTPResponse, HTTPClientError> in
            do throws(HTTPClientError) {
                return .success(try await http.send(request))
            } catch {
                return .failure(error)
            }
        }
        do throws(ProxmoxError) {
            let value = try read(answer, path, decode)
            count(answer, failed: false)
            return value
        } catch {
            count(answer, failed: true)
            throw error
        }
    }

    private func read<Value>(
        _ answer: Result<HTTPResponse, HTTPClientError>, _ path: String, _ decode: (JSONValue) -> Value?
    ) throws(ProxmoxError) -> Value {
        let response: HTTPResponse
        switch answer {
        case .success(let received): response = received
        case .failure(let error): throw ProxmoxError(error, path)
        }
        guard response.status == 200 else {
            let words = "\(response.status) \(withoutSecret(Self.message(of: response) ?? response.reason))"
            switch response.status {
            case 401: throw ProxmoxError(.unauthorized, path, words)
            case 403: throw ProxmoxError(.forbidden, path, words)
            case 595...599: throw ProxmoxError(.nodeUnreachable, path, words)
            default: throw ProxmoxError(.refused(status: response.status), path, words)
            }
        }
        let value: Value?
        do {
            let document = try JSONDocument(parsing: response.body)
            value = document.withRoot { root in root["data"].flatMap { $0.isNull ? nil : decode($0) } }
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

    /// An answer may repeat the request's headers, as the error page of a proxy does.
    private func withoutSecret(_ text: String) -> String {
        guard let secret = endpoint.token.reveal().split(separator: "=", maxSplits: 1).last, secret.count > 3 else { return text }
        return text.replacing(secret, with: "***")
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

    private func count(_ answer: Result<HTTPResponse, HTTPClientError>, failed: Bool) {
        state.withLock { state in
            state.counts.requests += 1
            if failed { state.counts.failures += 1 }
            guard case .success(let response) = answer else { return }
            state.counts.receivedBytes += response.body.count
            state.counts.connectionsOpened += response.connectionsOpened
        }
    }
}
