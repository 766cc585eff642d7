import LibvirtAPI
package import ProviderRPC
import ProviderTasks
package import RPC
import Synchronization

/// Making machines, switching them, removing them.
extension LibvirtProvider {
    package func create(_ request: CreateRequest, _ call: RPCCall) async throws(RPCError) -> CreateResponse {
        let machine = try MachineRequest(request, hypervisor.settings)
        let existing = Mutex<String?>(nil)
        let operation: Operation
        do throws(RPCError) {
            operation = try await accept(.create, request, call, owner: machine.owner?.uid) { (operation) throws(RPCError) in
                try await isThere(operation.resultID)
            } prepare: { _ throws(RPCError) in
                try await prepare(machine, existing)
            }
        } catch {
            // One that this owner was given before, by a journal that is lost.
            guard let id = existing.withLock({ $0 }) else { throw error }
            return CreateResponse(id: id)
        }
        return CreateResponse(id: operation.resultID, task: TaskRef(id: operation.id))
    }

    /// Looks whether the machine can be made, as far as that can be seen at once.
    private func prepare(_ machine: MachineRequest, _ existing: borrowing Mutex<String?>) async throws(RPCError) -> OperationDraft {
        let uuid = Names.uuid()
        let name = machine.name
        let found: (uuid: String, owner: String?)? = try await hypervisor.look("look for machine \(name)") {
            connection throws(LibvirtError) in
            guard let domain = try Hypervisor.domainIfThere(connection, name) else { return nil }
            return (domain.uuid, try Hypervisor.view(domain).mark?.owner?.uid)
        }
        if let found {
            if let owner = machine.owner?.uid, !owner.isEmpty, found.owner == owner { existing.withLock { $0 = found.uuid } }
            throw CreateWork.taken(name, found.uuid)
        }
        let pool = machine.pool
        try await hypervisor.look("look for pool \(pool)") { connection throws(LibvirtError) in _ = try Storage.filePool(connection, pool) }
        try await hypervisor.checkNetworks(hypervisor.cards(machine.networks, uuid: uuid))
        if let image = machine.image, image.url == nil { _ = try await images.find(image, pool: hypervisor.settings.pool) }
        var notes = try CreateWork.Made(machine, uuid: uuid, hypervisor.settings).notes
        notes[LibvirtProviderSettings.note] = hypervisor.settings.noted
        return OperationDraft(target: name, locks: ["vm:\(uuid)"], claims: ["name:\(name)"], resultID: uuid, notes: notes)
    }

    func isThere(_ id: String) async throws(RPCError) -> Bool {
        try await hypervisor.look("look for machine \(id)") { connection throws(LibvirtError) in
            try Hypervisor.domainIfThere(connection, id) != nil
        }
    }

    package func power(_ request: PowerRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        guard 0...PowerWork.mostGracefulSeconds ~= Int(request.gracefulTimeoutSeconds) else {
            throw RPCError(
                .invalidArgument,
                "graceful_timeout_seconds: \(request.gracefulTimeoutSeconds) is not from 0 to \(PowerWork.mostGracefulSeconds); ask again when that time is over"
            )
        }
        let operation = try await accept(.power, request, call) { _ throws(RPCError) in
            let known = try await known(request.id)
            let action = try PowerWork.Action(request.op)
            if let machine = known.machine { try action.check(machine) }
            // Who waits for a guest to do something must not keep others from switching it off. What is being made is waited for first.
            let isWaiting = action.isGuests && known.machine != nil
            return OperationDraft(
                target: known.uuid, variant: action.rawValue, locks: ["\(isWaiting ? action.rawValue : "vm"):\(known.uuid)"])
        }
        return TaskResponse(task: TaskRef(id: operation.id))
    }

    package func delete(_ request: DeleteRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        let operation = try await accept(.delete, request, call) { _ throws(RPCError) in
            let known = try await known(request.id)
            return OperationDraft(target: known.uuid, locks: ["vm:\(known.uuid)"])
        }
        return TaskResponse(task: TaskRef(id: operation.id))
    }
}
