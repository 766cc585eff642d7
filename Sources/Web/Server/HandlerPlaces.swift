import Synchronization

/// How many requests handlers work at: so many, and the next is told to come later. The last quarter of the places is for clients that have
/// none, so that nobody keeps all others out.
final class HandlerPlaces: Sendable {
    private struct State {
        /// By path for those with a limit of their own; the others are counted under the empty path.
        var taken: [String: Int] = [:]
        /// Of each client that has any of the common places.
        var ofClient: [ClientAddress: Int] = [:]
        var inFlight = 0
        var refused = 0
    }

    private let limit: Int
    private let ownLimits: [String: Int]
    private let unlimitedPaths: Set<String>
    private let state = Mutex(State())

    init(_ limits: HTTPServer.Limits) {
        limit = limits.requestsInFlight
        ownLimits = limits.ownLimits
        unlimitedPaths = limits.unlimitedPaths
    }

    var counts: (inFlight: Int, refused: Int) { state.withLock { ($0.inFlight, $0.refused) } }

    func handle(_ request: HTTPServerRequest, _ handler: HTTPHandler) async -> HTTPServerResponse {
        let ownLimit = ownLimits[request.path]
        let (limit, account) = (ownLimit ?? limit, ownLimit == nil ? "" : request.path)
        // Who may always come takes no place from the others either.
        let isCounted = !unlimitedPaths.contains(request.path)
        let hasPlace = state.withLock { state in
            let isNewcomer = state.ofClient[request.client] == nil
            let open = isNewcomer || ownLimit != nil ? limit : limit - limit / 4
            guard !isCounted || state.taken[account, default: 0] < open else {
                state.refused += 1
                return false
            }
            state.inFlight += 1
            if isCounted {
                state.taken[account, default: 0] += 1
                if ownLimit == nil { state.ofClient[request.client, default: 0] += 1 }
            }
            return true
        }
        guard hasPlace else { return HTTPServerResponse(status: 503, text: "Limit of \(limit) requests in flight reached.\n") }
        // Given back before the answer leaves: who has it and asks again must not find himself in flight.
        defer {
            state.withLock { state in
                state.inFlight -= 1
                if isCounted {
                    state.taken[account, default: 0] -= 1
                    if ownLimit == nil {
                        let left = state.ofClient[request.client, default: 1] - 1
                        state.ofClient[request.client] = left > 0 ? left : nil
                    }
                }
            }
        }
        return await handler(request)
    }
}
