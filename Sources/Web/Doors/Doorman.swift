import Primitives

/// A handler behind doors: whoever comes is counted, asked whom he wants and who he is, and only then answered.
package struct Doorman: Sendable {
    private let doors: @Sendable () -> Doors
    private let hosts: HostCheck?
    private let handler: HTTPHandler
    private let onDenial: @Sendable (Denial) -> Void

    /// Why somebody was not let in.
    package enum Denial: String, Sendable, CaseIterable {
        case rateLimit = "rate_limit"
        /// Under a name that is not one of the service's.
        case host
        case password
        /// Too many passwords waited to be checked.
        case busy
    }

    /// - Parameter doors: the doors of this moment, asked once for each request.
    /// - Parameter hosts: by what names it is called; nil for any.
    package init(
        doors: @escaping @Sendable () -> Doors, hosts: HostCheck? = nil, onDenial: @escaping @Sendable (Denial) -> Void = { _ in },
        handler: @escaping HTTPHandler
    ) {
        self.doors = doors
        self.hosts = hosts
        self.onDenial = onDenial
        self.handler = handler
    }

    package func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let doors = doors()
        return doors.dressed(await answer(request, doors))
    }

    private func answer(_ request: HTTPServerRequest, _ doors: Doors) async -> HTTPServerResponse {
        if let waitSeconds = doors.limiter?.take() {
            return denial(.rateLimit, 429, "Too many requests.\n", ("Retry-After", Self.wholeSeconds(waitSeconds)))
        }
        if let hosts, case .refused(let status, let text) = hosts.judge(hosts: request.headers.values(of: "Host")) {
            return denial(.host, status, text)
        }
        var request = request
        if let authentication = doors.authentication, !doors.settings.openPaths.contains(request.path) {
            switch await authentication.verify(authorizationHeader: request.headers["Authorization"], from: request.client) {
            case .granted(let user): request = request.of(user: user)
            case .denied: return denial(.password, 401, "Unauthorized.\n", ("WWW-Authenticate", #"Basic realm="martlet", charset="UTF-8""#))
            case .busy: return denial(.busy, 503, "Too many passwords wait to be checked.\n", ("Retry-After", "1"))
            }
        }
        return await handler(request)
    }

    private func denial(
        _ denial: Denial, _ status: Int, _ text: String, _ header: (name: String, value: String)? = nil
    ) -> HTTPServerResponse {
        onDenial(denial)
        var response = HTTPServerResponse(status: status, text: text)
        if let header { response.headers.add(header.name, header.value) }
        return response
    }

    private static func wholeSeconds(_ seconds: Double) -> String {
        String(Int(seconds.rounded(.up).clamped(to: 1...86_400)))
    }
}
