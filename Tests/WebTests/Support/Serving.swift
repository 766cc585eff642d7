import Primitives
import Web

/// A server on a port of the kernel's choice and a client, both gone when `body` is done.
func serving<Result>(
    limits: HTTPServer.Limits = HTTPServer.Limits(), certificate: SelfSignedCertificate? = nil, logger: Logger = .silent,
    _ handler: @escaping HTTPHandler, _ body: (HTTPServer, HTTPClient) async throws -> Result
) async throws -> Result {
    let server = try HTTPServer(
        listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "the test", limits: limits, certificate: certificate, logger: logger,
        handler: handler)
    let client = try HTTPClient()
    do {
        let result = try await body(server, client)
        client.close()
        await server.stop(withinSeconds: 5)
        return result
    } catch {
        client.close()
        await server.stop(withinSeconds: 0)
        throw error
    }
}

/// A client for one test, closed when it is done.
func asking<Result>(_ body: (HTTPClient) async throws -> Result) async throws -> Result {
    let client = try HTTPClient()
    defer { client.close() }
    return try await body(client)
}

/// A request with a minute of time.
func request(_ url: String, _ change: (inout HTTPRequest) -> Void = { _ in }) -> HTTPRequest {
    var request = HTTPRequest(url: url, deadline: .after(seconds: 60))
    change(&request)
    return request
}

extension HTTPClient {
    /// The error that a request ends with, or nil.
    func error(of request: HTTPRequest) async -> HTTPClientError? {
        do {
            _ = try await send(request)
            return nil
        } catch {
            return error
        }
    }

    /// The kind of that error.
    func failure(_ request: HTTPRequest) async -> HTTPClientError.Kind? { await error(of: request)?.kind }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Answers with what it was asked.
func echo(_ request: HTTPServerRequest) async -> HTTPServerResponse {
    var text = "\(request.method) \(request.path)"
    for (name, value) in request.query { text += "\n?\(name)=\(value)" }
    for (name, value) in request.headers.fields where !["Host", "User-Agent", "Accept"].contains(name) { text += "\n\(name): \(value)" }
    return HTTPServerResponse(text: text + "\n\n" + String(decoding: request.body, as: UTF8.self))
}
