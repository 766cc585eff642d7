import Web

/// What goes wrong with pushes, as `PUT /api/v1/scenario` sets it.
enum LokiFault: String, CaseIterable, Sendable {
    case normal
    /// 429 with Retry-After.
    case limited = "429"
    /// 500, and nothing is stored.
    case failing = "500"
    /// 400, and nothing is stored.
    case refusing = "400"
    /// No answer for a minute; what was pushed is stored all the same.
    case timeout
    /// 401.
    case unauthorized = "401"
    /// 413.
    case tooLarge = "413"
    /// 260, as one answers whose ingestion is switched off.
    case blocked = "260"

    static let path = "/api/v1/scenario"
    static let hangSeconds = 60.0
    static let retrySeconds = 2

    /// The answer to a push; nil for that which it deserves.
    var response: HTTPServerResponse? {
        func answer(_ status: Int, _ text: String) -> HTTPServerResponse { HTTPServerResponse(status: status, text: text + "\n") }
        switch self {
        case .normal, .timeout: return nil
        case .limited:
            var response = answer(429, "Ingestion rate limit exceeded for user fake (limit: 0 bytes/sec), simulated")
            response.headers.add("Retry-After", String(Self.retrySeconds))
            return response
        case .failing: return answer(500, "at least 1 live replicas required, could only find 0, simulated")
        case .refusing: return answer(400, "entry for stream '{}' has timestamp too old, simulated")
        case .unauthorized: return answer(401, "no org id")
        case .tooLarge: return answer(413, "request body too large, simulated")
        case .blocked: return answer(260, "ingestion blocked for user fake, simulated")
        }
    }
}
