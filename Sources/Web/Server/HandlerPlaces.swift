import Synchronization

/// How many requests handlers work at: so many, and the next is told to come later. The last quarter of the places is for clients that have
/// none, so that nobody keeps all others out.
final class HandlerPlaces: Sendable {
    private struct Account {
        var taken = 0
        /// Of each client that has any.
        var ofClient: [ClientAddress: Int] = [:]

        mutating func take(_ client: ClientAddress) {
            taken += 1
            ofClient[client, default: 0] += 1
        }

        mutating func giveBack(_ client: ClientAddress) {
            taken -= 1
            let left = ofClient[client, default: 1] - 1
            ofClient[client] = left > 0 ? left : nil
        }
    }

    private struct State {
        /// By path for those with a limit of their own; the others are counted under the empty path.
        var accounts: [String: Account] = [:]
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
        let share = limit - limit / 4
        // Who may always come takes no place from the others either.
        let isCounted = !unlimitedPaths.contains(request.path)
        let reached: Int? = state.withLock { state in
            if isCounted {
                let now = state.accounts[account, default: Account()]
                let open = now.ofClient[request.client] == nil ? limit : share
                guard now.taken < open else {
                    state.refused += 1
                    return open
                }
                state.accounts[account, default: Account()].take(request.client)
            }
            state.inFlight += 1
            return nil
        }
        if let reached {
            let others = reached < limit ? "; the last \(limit - share) are for other addresses" : ""
            return HTTPServerResponse(status: 503, text: "Limit of \(reached) requests in flight reached\(others).\n")
        }
        // Given back before the answer leaves: who has it and asks again must not find himself in flight.
        defer {
            state.withLock { state in
                state.inFlight -= 1
                if isCounted { state.accounts[account]?.giveBack(request.client) }
            }
        }
        return await handler(request)
    }
}
