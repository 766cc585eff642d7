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
    static let forceAnnotation = "virtrigaud.io/force-delete"

    mutating func delete() async throws(ReconcileError) -> ReconcileResult {
        guard machine.metadata.finalizers.contains(VirtualMachine.finalizer) else { return .done }
        status.phase = .deleting
        let isForced = machine.metadata.annotations[Self.forceAnnotation] == "true"
        guard let connection = context.links[machine.providerName] else {
            if isForced { return try await letGo("its provider was not asked: \(machine.providerName) is not there") }
            return try await holdOn(
                "WaitingForDependencies", "Provider \(machine.providerName) is not there, so that nobody can delete the machine")
        }
        for _ in 0..<4 {
            if let operation = journal.open(uid) {
                guard case .end(let result) = try await goOn(operation, connection) else { continue }
                if isForced, connection.link.isOpen { return try await letGo("its provider does not answer") }
                return result
            }
            if let past = journal.past(uid, .delete), past.end.outcome == .success { return try await finish() }
            guard let id = try await identifier(connection) else { return try await finish() }
            status.set(.deleting, .isTrue, "Deleting", "the machine is being deleted", self)
            if case .end(let result) = try await begin(.delete, ["id": .text(id)], connection) {
                if isForced { return try await letGo("its provider did not delete it: \(journal.past(uid, .delete)?.end.message ?? "")") }
                return result
            }
        }
        return .requeue
    }

    /// What the provider calls the machine; nil when there is none.
    private mutating func identifier(_ connection: ProviderConnection) async throws(ReconcileError) -> String? {
        if let id = status.id { return id }
        guard let made = journal.past(uid, .create) else { return nil }
        switch made.end.outcome {
        case .success: return made.resultID
        // The provider has said so, and has taken back what it had begun.
        case .failure: return nil
        case .error: return try await find(connection)
        }
    }

    /// A machine of this owner, of whose making nobody knows the end.
    private mutating func find(_ connection: ProviderConnection) async throws(ReconcileError) -> String? {
        do throws(LinkError) {
            let list = try await connection.link.call(.listVMs) { client, options throws(RPCError) in
                try await client.listVMs(ListVMsRequest(), options)
            }
            return list.vms.first { $0.providerRaw["owner_uid"] == uid }?.id
        } catch {
            _ = try await holdOn("ProviderError", "ListVMs: \(error.description)")
            throw ReconcileError("\(machine.name): ListVMs: \(error.description)")
        }
    }

    private mutating func holdOn(_ reason: String, _ message: String) async throws(ReconcileError) -> ReconcileResult {
        status.message = message
        status.set(.deleting, .isTrue, reason, message, self)
        status.set(.ready, .isFalse, reason, message, self)
        try await write()
        return .after(seconds: 30)
    }

    /// Somebody who has the right has said that the object shall go, whatever becomes of the machine.
    private mutating func letGo(_ why: String) async throws(ReconcileError) -> ReconcileResult {
        context.logger.warn(
            "a machine's object was let go by force, and the machine may be left on the hypervisor",
            ["machine": "\(machine.name)", "id": status.id ?? "", "reason": why])
        while let operation = journal.open(uid) {
            _ = try await asking { () async throws(StoreError) in
                try await journal.end(operation, .error, message: "the object was let go by force: \(why)")
            }
        }
        return try await finish()
    }

    private mutating func finish() async throws(ReconcileError) -> ReconcileResult {
        var object = machine.object
        object.metadata.finalizers.removeAll { $0 == VirtualMachine.finalizer }
        do throws(StoreError) {
            _ = try await context.informers.machines.update(object)
        } catch {
            guard error.reason == .notFound else { throw ReconcileError(error) }
        }
        return .done
    }
}
