/// Settings at work, with what they need to remember: one snapshot for all servers of a service, replaced whole when the file is read again.
package struct Doors: Sendable {
    package let settings: DoorSettings
    let limiter: RateLimiter?
    /// Nil when anybody may come in.
    let authentication: BasicAuthentication?
    private let checker: PasswordChecker

    /// - Parameter checker: what checks passwords, and the clock of the rate limit, are given by tests.
    package init(
        _ settings: DoorSettings, checker: PasswordChecker = PasswordChecker(),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.init(settings, checker: checker, limiter: settings.rateLimit.map { RateLimiter($0, now: now) })
    }

    /// What follows when the file was read again. A limit that did not change goes on where it stands: else each reading would be a new
    /// burst.
    package func replaced(by settings: DoorSettings) -> Doors {
        let limiter = settings.rateLimit == limiter?.limit ? self.limiter : settings.rateLimit.map { RateLimiter($0) }
        return Doors(settings, checker: checker, limiter: limiter)
    }

    /// An answer with the headers that every answer gets. What it says of itself counts.
    func dressed(_ response: HTTPServerResponse) -> HTTPServerResponse {
        response.with(settings.headers)
    }

    private init(_ settings: DoorSettings, checker: PasswordChecker, limiter: RateLimiter?) {
        self.settings = settings
        self.checker = checker
        self.limiter = limiter
        authentication = settings.users.isEmpty ? nil : BasicAuthentication(users: settings.users, checker: checker)
    }
}

extension HTTPServerResponse {
    /// The same answer with these headers too, but for those that it has already.
    func with(_ headers: [DoorSettings.Header]) -> HTTPServerResponse {
        var response = self
        for header in headers where response.headers[header.name] == nil { response.headers.add(header.name, header.value) }
        return response
    }
}
