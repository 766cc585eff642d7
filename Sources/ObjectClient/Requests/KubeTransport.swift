package import KubernetesObjectStore
package import ObjectStore
import Primitives
package import Web
import Synchronization

/// Over the network, to the server of a kubeconfig.
package struct KubeTransport: APITransport {
    private let connection: KubeConnection
    private let http: HTTPClient
    private let seconds: Double

    package init(_ connection: KubeConnection, http: HTTPClient, seconds: Double = 60) {
        self.connection = connection
        self.http = http
        self.seconds = seconds
    }

    package func send(_ request: APIRequest) async throws(StoreError) -> APIAnswer {
        let request = made(request, by: .after(seconds: seconds))
        do {
            let answer = try await http.send(request)
            return APIAnswer(status: answer.status, body: answer.body)
        } catch { throw failure(error) }
    }

    package func lines(_ request: APIRequest, onLine: @escaping @Sendable ([UInt8]) -> Bool) async throws(StoreError) -> APIAnswer {
        var request = made(request, by: .after(seconds: 86_400))
        let lines = LineCollector()
        request.onStatus = { status in
            lines.note(status)
            return true
        }
        request.onBodyPiece = { lines.take($0, onLine) }
        do {
            _ = try await http.send(request)
        } catch {
            // Whoever wanted no more has ended it.
            guard lines.isEnded else { throw failure(error) }
        }
        return lines.answer
    }

    private func made(_ request: APIRequest, by deadline: Deadline) -> HTTPRequest {
        var made = connection.request(request.method, request.path, by: deadline)
        made.headers += [("Accept", request.accept), ("User-Agent", "martlet-manager")]
        made.bodyLimitBytes = 64 << 20
        if let body = request.body {
            made.body = body
            made.headers.append(("Content-Type", request.contentType))
        }
        return made
    }

    private func failure(_ error: HTTPClientError) -> StoreError {
        StoreError(error.kind == .timeout ? .timeout : .unavailable, "\(connection.server) (\(connection.origin)): \(error.message)")
    }
}

/// Cuts what comes into lines.
private final class LineCollector: Sendable {
    private struct State {
        var status = 200
        var rest: [UInt8] = []
        var isEnded = false
    }

    private static let lineLimit = 16 << 20
    private let state = Mutex(State())

    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// What is not a line, such as a Status in place of them.
    var answer: APIAnswer { state.withLock { APIAnswer(status: $0.status, body: $0.rest) } }

    func note(_ status: Int) { state.withLock { $0.status = status } }

    func take(_ piece: [UInt8], _ onLine: ([UInt8]) -> Bool) -> Bool {
        let lines: [[UInt8]]? = state.withLock { state in
            guard state.rest.count + piece.count <= Self.lineLimit else {
                state.isEnded = true
                return nil
            }
            state.rest += piece
            guard state.status == 200 else { return [] }
            var parts = state.rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
            state.rest = parts.popLast() ?? []
            return parts
        }
        guard let lines else { return false }
        for line in lines where !line.isEmpty {
            guard onLine(line) else {
                state.withLock { $0.isEnded = true }
                return false
            }
        }
        return true
    }
}
