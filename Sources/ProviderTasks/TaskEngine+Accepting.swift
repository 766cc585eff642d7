import Primitives
package import ProviderRPC
package import RPC
import Synchronization

extension TaskEngine {
    /// Accepts a request: when this comes back the operation is in the journal, and will be done.
    ///
    /// A request that comes again, by its token, gives the operation that there is. Errors: `invalidArgument` for a key that was given with another
    /// request; `alreadyExists` for a name that another operation is taking; `resourceExhausted` when there are too many; `unavailable` when the
    /// process is about to end, or nothing can be written; those of `prepare`.
    ///
    /// - Parameter request: the canonical bytes of it.
    /// - Parameter holds: for an owner's token, whether what the operation has made is still there; if not, it is made again.
    /// - Parameter prepare: looks whether the request can be done and says what it is; it is given the operation's id, and changes nothing.
    package func accept(
        _ method: ProviderMethod, request: [UInt8], token: OperationToken?,
        holds: (Operation) async throws(RPCError) -> Bool = { _ in true },
        prepare: (_ id: String) async throws(RPCError) -> OperationDraft
    ) async throws(RPCError) -> Operation {
        let digest = SHA256.hex(Array(method.rawValue.utf8) + [0] + request)
        let earlier = try known(token, digest)
        if let earlier, try await isToBeGiven(earlier, holds) { return try await given(earlier) }
        let id = OperationID.make(clock)
        let draft = try await prepare(id)
        switch try reserve(id, method, token, digest, draft, insteadOf: earlier?.id) {
        case .known(let again): return try await given(again)
        case .new(let operation, let replaced):
            do {
                try await journal.insert(operation, request: request, replacing: replaced)
            } catch {
                takeBack(operation)
                throw RPCError(
                    .unavailable, "the operation could not be written down, and nothing was done: \(error.message)", cause: error)
            }
            state.withLock { state in
                state.entries[id]?.written.open()
                state.waiting.append(id)
            }
            startWhatCan()
            return operation
        }
    }

    private enum Reservation {
        case known(Operation)
        case new(Operation, replaced: String?)
    }

    /// The operation of that token, if it still counts.
    private func known(_ token: OperationToken?, _ digest: String) throws(RPCError) -> Operation? {
        guard let token else { return nil }
        let found = state.withLock { state in state.tokens[token].flatMap { state.entries[$0]?.operation } }
        guard let found else { return nil }
        switch token {
        case .key:
            guard found.digest == digest else {
                throw RPCError(
                    .invalidArgument,
                    "the \(IdempotencyKey.metadataName) was given before with another request (\(found.kind) of \(found.target)): give each request its own"
                )
            }
            return found
        case .owner:
            return found
        }
    }

    private func isToBeGiven(_ operation: Operation, _ holds: (Operation) async throws(RPCError) -> Bool) async throws(RPCError) -> Bool {
        guard case .owner = operation.token else { return true }
        // One that came to nothing may be tried again; with a key the client says itself what is the same.
        if operation.state == .failed || operation.state == .cancelled { return false }
        return operation.state == .succeeded ? try await holds(operation) : true
    }

    /// The operation, once it is in the journal.
    private func given(_ operation: Operation) async throws(RPCError) -> Operation {
        let latch = state.withLock { $0.entries[operation.id]?.written }
        guard let latch, await latch.wait(by: .after(seconds: 60)), let now = self.operation(operation.id) else {
            throw RPCError(.unavailable, "the same request is being written down, which takes too long; ask again")
        }
        return now
    }

    /// Takes token, names and a place among the operations, all at once.
    private func reserve(
        _ id: String, _ method: ProviderMethod, _ token: OperationToken?, _ digest: String, _ draft: OperationDraft,
        insteadOf earlier: String?
    ) throws(RPCError) -> Reservation {
        let result: Result<Reservation, RPCError> = state.withLock { state in
            guard state.isOpen else { return .failure(RPCError(.unavailable, "this provider is about to end; ask again in a moment")) }
            var replaced: String?
            if let token, let other = state.tokens[token], let operation = state.entries[other]?.operation {
                switch token {
                case .key:
                    // It came in twice at the same time.
                    guard operation.digest == digest else {
                        return .failure(RPCError(.invalidArgument, "the \(IdempotencyKey.metadataName) was given with another request"))
                    }
                    return .success(.known(operation))
                case .owner:
                    guard other == earlier, operation.state.isEnd else { return .success(.known(operation)) }
                    replaced = other
                }
            }
            for claim in draft.claims {
                guard let other = state.claimedBy[claim].flatMap({ state.entries[$0]?.operation }) else { continue }
                return .failure(
                    RPCError(
                        .alreadyExists, "\(draft.target) is being made by operation \(other.id); choose another name or wait for that one"))
            }
            guard state.entries.count - state.ended.count < limits.live else {
                return .failure(RPCError(.resourceExhausted, "\(limits.live) operations wait or run already; ask again when some are over"))
            }
            state.lastSequence += 1
            let operation = Operation(
                id: id, sequence: state.lastSequence, kind: method.rawValue, variant: draft.variant, target: draft.target,
                locks: draft.locks,
                claims: draft.claims, token: token, digest: digest, resultID: draft.resultID, createdAt: clock.unixSeconds,
                notes: draft.notes)
            state.entries[id] = Entry(operation: operation)
            for claim in draft.claims { state.claimedBy[claim] = id }
            if let token { state.tokens[token] = id }
            return .success(.new(operation, replaced: replaced))
        }
        return try result.get()
    }

    private func takeBack(_ operation: Operation) {
        let entry = state.withLock { state in
            if let token = operation.token, state.tokens[token] == operation.id { state.tokens[token] = nil }
            for claim in operation.claims where state.claimedBy[claim] == operation.id { state.claimedBy[claim] = nil }
            return state.entries.removeValue(forKey: operation.id)
        }
        entry?.written.open()
        entry?.ended.open()
    }
}
