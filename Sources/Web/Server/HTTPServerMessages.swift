/// A request as a handler sees it.
package struct HTTPServerRequest: Sendable {
    package let method: String
    /// Percent-decoded, without the query.
    package let path: String
    /// Whether a slash of the path came as `%2F`: part of a name, where decoded it looks like the end of one.
    package let hasEscapedSlash: Bool
    package let query: [(name: String, value: String)]
    package let headers: HTTPHeaders
    package let body: [UInt8]
    /// When the headers had arrived; a deadline counts from here.
    package let arrival: ContinuousClock.Instant
    /// Who can reach the listener that it came through.
    package let reach: Listener.Reach
    /// Which of the server's listeners that is: by the socket, whatever the request says of a host.
    package let listener: Int
    /// Who sent it, as far as fairness goes.
    package let client: ClientAddress
    /// Who the doors found it to be; nil where they ask nobody for a password.
    package let user: String?
    /// Whether whoever sent it has gone, so that what is long to make need not be made. It looks at the connection: not for a loop's every turn.
    package let isAbandoned: @Sendable () -> Bool

    package init(
        method: String, path: String, hasEscapedSlash: Bool = false, query: [(name: String, value: String)] = [],
        headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [], arrival: ContinuousClock.Instant = .now, reach: Listener.Reach = .network,
        listener: Int = 0, client: ClientAddress = .local, user: String? = nil, isAbandoned: @escaping @Sendable () -> Bool = { false }
    ) {
        self.method = method
        self.path = path
        self.hasEscapedSlash = hasEscapedSlash
        self.query = query
        self.headers = headers
        self.body = body
        self.arrival = arrival
        self.reach = reach
        self.listener = listener
        self.client = client
        self.user = user
        self.isAbandoned = isAbandoned
    }

    /// The same request of somebody whom the doors know.
    func of(user: String) -> HTTPServerRequest {
        HTTPServerRequest(
            method: method, path: path, hasEscapedSlash: hasEscapedSlash, query: query, headers: headers, body: body, arrival: arrival,
            reach: reach, listener: listener, client: client, user: user, isAbandoned: isAbandoned)
    }

    /// The first value of a query parameter.
    package func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// An answer. A handler makes it and gives it away.
package struct HTTPServerResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        case heap(HeapBytes)
        /// Made while it is sent.
        case pieces(BodyPieces)
        /// Made over time.
        case stream(BodyStream)
    }

    package var status: Int
    package var headers: HTTPHeaders
    package var body: Body
    /// Closes the connection without an answer, as a machine does that just died; for simulations.
    package var isDropped = false

    package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package init(status: Int = 200, contentType: String = "text/plain; charset=utf-8", text: String) {
        self.init(status: status, headers: HTTPHeaders([("Content-Type", contentType)]), body: .bytes(Array(text.utf8)))
    }

    package init(status: Int = 200, json: [UInt8]) {
        self.init(status: status, headers: HTTPHeaders([("Content-Type", "application/json")]), body: .bytes(json))
    }

    package static var dropped: HTTPServerResponse {
        var response = HTTPServerResponse(status: 500)
        response.isDropped = true
        return response
    }
}

/// Answers a request. It never fails: what goes wrong is a response.
package typealias HTTPHandler = @Sendable (HTTPServerRequest) async -> HTTPServerResponse

/// Judges a request by its head, before a byte of its body is taken: an answer turns it away. It runs on the loop of all connections, so it must be quick.
package typealias HTTPRefusal = @Sendable (HTTPServerRequest) -> HTTPServerResponse?
