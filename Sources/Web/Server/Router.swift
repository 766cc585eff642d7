/// Chooses a handler by path and method: 404 for unknown paths, 405 with `Allow` for other methods.
package struct Router: Sendable {
    private var routes: [String: [String: HTTPHandler]] = [:]
    private var fallback: HTTPHandler?

    package init() {}

    /// Serves GET, and HEAD with it.
    package mutating func get(_ path: String, _ handler: @escaping HTTPHandler) { add("GET", path, handler) }

    package mutating func add(_ method: String, _ path: String, _ handler: @escaping HTTPHandler) {
        routes[path, default: [:]][method] = handler
    }

    /// Serves all paths that have no route.
    package mutating func otherwise(_ handler: @escaping HTTPHandler) { fallback = handler }

    package func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        guard let methods = routes[request.path] else {
            if let fallback { return await fallback(request) }
            return HTTPServerResponse(status: 404, text: "Not found.\n")
        }
        // libmicrohttpd sends a HEAD answer without its body.
        guard let handler = methods[request.method == "HEAD" ? "GET" : request.method] else {
            var allowed = methods.keys.sorted()
            if methods["GET"] != nil { allowed.append("HEAD") }
            var response = HTTPServerResponse(status: 405, text: "Method not allowed.\n")
            response.headers.add("Allow", allowed.joined(separator: ", "))
            return response
        }
        return await handler(request)
    }
}
