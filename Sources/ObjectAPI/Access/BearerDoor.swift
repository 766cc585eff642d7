import ObjectStore
package import Web

/// Lets in who brings the token; whether the API lives is told to everybody.
package struct BearerDoor: Sendable {
    private let accepts: @Sendable (_ token: String) -> Bool
    private let handler: HTTPHandler

    /// - Parameter accepts: whether a token is the right one, found out in a time that tells nothing of it.
    package init(_ accepts: @escaping @Sendable (String) -> Bool, handler: @escaping HTTPHandler) {
        self.accepts = accepts
        self.handler = handler
    }

    @Sendable package func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        if let refused = refusal(request) { return refused }
        return await handler(request)
    }

    /// The answer to who is not let in, by the head of his request alone: for `HTTPServer` to ask before it takes a body.
    @Sendable package func refusal(_ request: HTTPServerRequest) -> HTTPServerResponse? {
        if Self.openPaths.contains(request.path), request.method == "GET" || request.method == "HEAD" { return nil }
        let fields = request.headers.values(of: "Authorization")
        if fields.count == 1, let token = Self.token(fields[0]), accepts(token) { return nil }
        return .failure(
            StoreError(.unauthorized, "Unauthorized: the request brings no bearer token, or not the one in the manager's kubeconfig"))
    }

    package static let openPaths: Set<String> = ["/healthz", "/livez", "/readyz"]

    private static func token(_ field: String) -> String? {
        let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1].trimmed)
    }
}
