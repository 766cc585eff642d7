import Primitives
import ProxmoxAPI
import Synchronization
import Web

let testToken = "monitor@pve!exporter=0f9c4f7e-secret-6a1d"

/// Runs a server around `body`, which is handed a client of it.
func serving(
    token: String = testToken, _ handler: @escaping HTTPHandler, _ body: (ProxmoxClient, HTTPClient) async throws -> Void
) async throws {
    var limits = HTTPServer.Limits()
    limits.requestsInFlight = 200
    let server = try HTTPServer(
        listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", limits: limits, logger: .silent, handler: handler)
    do {
        try await body(try client(server.address.url(), token: token), try HTTPClient())
    } catch {
        await server.stop(withinSeconds: 0)
        throw error
    }
    await server.stop(withinSeconds: 0)
}

func client(_ url: String, token: String = testToken, trust: HTTPRequest.Trust = .system) throws -> ProxmoxClient {
    ProxmoxClient(endpoint: try ProxmoxEndpoint(address: url, trust: trust), session: ProxmoxSession(.token(Secret(token))))
}

/// The error of a call; nil when it went well.
func failure<Value>(_ call: () async throws(ProxmoxError) -> Value) async -> ProxmoxError? {
    do throws(ProxmoxError) {
        _ = try await call()
        return nil
    } catch {
        return error
    }
}

extension Deadline {
    /// Later than anything here takes.
    static var farAway: Deadline { .after(seconds: 60) }
}
