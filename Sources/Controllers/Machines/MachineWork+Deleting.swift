import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Reconciling

/// How a machine goes.
///
/// The finalizer goes when the provider says that there is no such machine, and when there never was one. Nothing else takes it away but a person's word.
extension MachineWork {
    mutating func delete() async throws(ReconcileError) -> ReconcileResult {
        guard machine.metadata.finalizers.contains(VirtualMachine.finalizer) else { return .done }
        status.phase = .deleting
        // Nobody was ever asked for it.
        if status.id == nil, status.lastOperation == nil, journal.open(uid) == nil, journal.past(uid, .create) == nil {
            try await clearDoubt()
            return try await finish()
        }
        let asked = journal.open(uid)
        let made = journal.past(uid, .create).flatMap { $0.end.outcome == .success ? $0.provider : nil }
        let provider = asked?.provider ?? (status.id == nil ? made : status.placedOn) ?? machine.providerName
        guard let connection = context.links[provider] else {
            if isForced { return try await letGo("its provider was not asked: \(provider) is not there") }
            let message =
                "Provider \(provider) is not there or cannot be asked, so that nobody can delete the machine; \(ObjectAnnotation.forceDelete)=true lets the object go and leaves the machine"
            return try await holdOn("WaitingForDependencies", message, provider: provider)
        }
        for _ in 0..<4 {
            if let operation = journal.open(uid) {
                guard case .end(let result) = try await goOn(operation, connection) else { continue }
                // A machine that hangs may never let it begin, and goes all the same: nothing comes of it that does not go with the machine.
                if Self.mayBeLeft.contains(operation.method), let left = journal.open(uid), left.taskID == nil, driver.isUnanswered(left),
                    !connection.link.isOpen
                {
                    let message = "the machine is being deleted, and nobody has said whether it was begun"
                    _ = try await asking { () async throws(StoreError) in try await journal.end(left, .error, message: message) }
                    continue
                }
                if let why = await whyLeft(connection.link) { return try await letGo(why) }
                return result
            }
            if let past = journal.past(uid, .delete), past.end.outcome == .success { return try await finish() }
            let id: String
            switch try await identifier(connection) {
            case .none: return try await finish()
            case .known(let known): id = known
            case .unknown(let error):
                if isForced { return try await letGo("its provider was not asked: \(error.description)") }
                return try await holdOn("ProviderError", "before the machine is deleted it is looked at: \(error.description)", error)
            }
            mark(.deleting, .isTrue, "Deleting", "the machine is being deleted")
            if case .end(let result) = try await begin(.delete, ["id": .text(id)], connection) {
                if isForced { return try await letGo("its provider did not delete it: \(journal.past(uid, .delete)?.end.message ?? "")") }
                return result
            }
        }
        return .requeue
    }

    private static let mayBeLeft: Set<ProviderMethod> = [.power, .reconfigure, .snapshotRevert]

    private enum Found {
        /// There is no machine of this object's.
        case none
        case known(String)
        case unknown(LinkError)
    }

    /// What the provider calls the machine; looked at before it is deleted, as its identifier may be another machine's by now.
    private mutating func identifier(_ connection: ProviderConnection) async throws(ReconcileError) -> Found {
        let made = journal.past(uid, .create)
        guard let id = status.id ?? (made?.end.outcome == .success ? made?.resultID : nil) else { return await find(connection) }
        switch await describe(id, connection) {
        case .failure(let error): return .unknown(error)
        case .success(let entry):
            guard let seen = entry.sighting else { return .none }
            guard isForeign(seen) else { return .known(id) }
            context.logger.warn(
                "a machine's identifier is another machine's now, which is not touched",
                ["machine": "\(machine.name)", "id": id, "owner": seen.owner ?? ""])
            return .none
        }
    }

    /// A machine of this owner: an attempt to make it may have made it, whatever was answered to this one or another.
    private func find(_ connection: ProviderConnection) async -> Found {
        do throws(LinkError) {
            return try await connection.link.machine(ownedBy: uid).map { .known($0) } ?? .none
        } catch { return .unknown(error) }
    }

    private mutating func holdOn(
        _ reason: String, _ message: String, _ error: LinkError? = nil, provider: String? = nil
    ) async throws(ReconcileError) -> ReconcileResult {
        if case .notAsked(let seconds, _) = error, context.links[machine.providerName]?.link.isOpen != true {
            return .after(seconds: max(0.05, seconds))
        }
        status.message = message
        mark(.deleting, .isTrue, reason, message)
        mark(.ready, .isFalse, reason, message)
        try await write()
        switch error {
        case nil: return .after(seconds: waitSeconds(provider))
        case .notAsked(let seconds, _): return .after(seconds: max(1, seconds))
        case .failed: throw ReconcileError("\(machine.name): \(message)")
        }
    }

    /// Somebody who has the right has said that the object shall go, whatever becomes of the machine.
    private mutating func letGo(_ why: String) async throws(ReconcileError) -> ReconcileResult {
        context.logger.warn(
            "a machine's object was let go by force, and the machine may be left on the hypervisor",
            ["machine": "\(machine.name)", "id": status.id ?? "", "reason": why])
        try await abandon(why)
        return try await finish()
    }

    private mutating func finish() async throws(ReconcileError) -> ReconcileResult {
        try await release(VirtualMachine.finalizer)
        return .done
    }
}
