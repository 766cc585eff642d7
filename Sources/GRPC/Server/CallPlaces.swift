import Synchronization

/// How many calls are in work, all in all and of each client.
final class CallPlaces: Sendable {
    enum Refusal { case all, client }

    let limit: Int
    let clientLimit: Int
    private let taken = Mutex((all: 0, byClient: [String: Int]()))

    init(limit: Int, clientLimit: Int? = nil) {
        self.limit = limit
        self.clientLimit = clientLimit ?? (limit < 4 ? limit : limit - max(1, limit / 8))
    }

    /// Takes a place; why there is none, or nil.
    func take(_ client: String) -> Refusal? {
        taken.withLock { taken in
            guard taken.all < limit else { return .all }
            let own = taken.byClient[client, default: 0]
            guard own < clientLimit else { return .client }
            taken.byClient[client] = own + 1
            taken.all += 1
            return nil
        }
    }

    func giveBack(_ client: String) {
        taken.withLock { taken in
            taken.all -= 1
            let left = taken.byClient[client, default: 1] - 1
            taken.byClient[client] = left == 0 ? nil : left
        }
    }
}
