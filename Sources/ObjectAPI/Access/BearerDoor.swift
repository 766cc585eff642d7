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
        if Self.openPaths.contains(request.path), request.method == "GET" || request.method == "HEAD" { return await handler(request) }
        let fields = request.headers.values(of: "Authorization")
        guard fields.count == 1, let token = Self.token(fields[0]), accepts(token) else {
            return .failure(
                StoreError(.unauthorized, "Unauthorized: the request brings no bearer token, or not the one in the manager's kubeconfig"))
        }
        return await handler(request)
    }

    package static let openPaths: Set<String> = ["/healthz", "/livez", "/readyz"]

    private static func token(_ field: String) -> String? {
        let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1].trimmed)
    }
}
