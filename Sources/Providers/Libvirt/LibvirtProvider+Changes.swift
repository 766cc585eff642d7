import LibvirtAPI
package import ProviderRPC
import ProviderTasks
package import RPC

/// Changing machines, keeping their states, and making them from each other.
extension LibvirtProvider {
    package func reconfigure(_ request: ReconfigureRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        let desired = try DesiredState.read(request.desiredJSON)
        let operation = try await accept(.reconfigure, request, call) { _ throws(RPCError) in
            let known = try await known(request.id)
            if let machine = known.machine { _ = try await ReconfigureWork(hypervisor: hypervisor).changes(desired, machine) }
            return OperationDraft(target: known.uuid, locks: ["vm:\(known.uuid)"])
        }
        return TaskResponse(task: TaskRef(id: operation.id))
    }

    package func snapshotCreate(_ request: SnapshotCreateRequest, _ call: RPCCall) async throws(RPCError) -> SnapshotCreateResponse {
        let operation = try await accept(.snapshotCreate, request, call) { id throws(RPCError) in
            let known = try await known(request.vmID, field: "vm_id")
            if let machine = known.machine { try SnapshotCreateWork.check(machine) }
            let name = try await snapshotName(request.nameHint, known, operation: id)
            return OperationDraft(
                target: known.uuid, variant: "create", locks: ["vm:\(known.uuid)"], claims: ["snapshot:\(known.uuid)/\(name)"],
                resultID: name)
        }
        return SnapshotCreateResponse(snapshotID: operation.resultID, task: TaskRef(id: operation.id))
    }

    /// The name that was wished for, unless there is one of it.
    private func snapshotName(_ hint: String, _ known: Known, operation: String) async throws(RPCError) -> String {
        let wished = hint.isEmpty ? "snapshot" : Names.file(hint)
        let uuid = known.uuid
        // One that is on its way has its name already.
        let isComing = tasks.operations.contains {
            $0.kind == ProviderMethod.snapshotCreate.rawValue && $0.target == uuid && $0.resultID == wished && !$0.state.isEnd
        }
        let isTaken = try await hypervisor.look("look at the snapshots of machine \(uuid)") { connection throws(LibvirtError) in
            try Hypervisor.domainIfThere(connection, uuid)?.hasSnapshot(wished) ?? false
        }
        return isTaken || isComing || hint.isEmpty ? "\(wished)-\(operation.suffix(8))" : wished
    }

    package func snapshotDelete(_ request: SnapshotDeleteRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        let operation = try await accept(.snapshotDelete, request, call) { _ throws(RPCError) in
            let machine = try await machine(request.vmID, withSnapshot: request.snapshotID)
            return OperationDraft(target: machine.uuid, variant: "delete", locks: ["vm:\(machine.uuid)"])
        }
        return TaskResponse(task: TaskRef(id: operation.id))
    }

    package func snapshotRevert(_ request: SnapshotRevertRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        let operation = try await accept(.snapshotRevert, request, call) { _ throws(RPCError) in
            let machine = try await machine(request.vmID, withSnapshot: request.snapshotID)
            return OperationDraft(target: machine.uuid, variant: "revert", locks: ["vm:\(machine.uuid)"])
        }
        return TaskResponse(task: TaskRef(id: operation.id))
    }

    private func machine(_ id: String, withSnapshot name: String) async throws(RPCError) -> Hypervisor.Machine {
        guard !name.isEmpty else { throw RPCError(.invalidArgument, "snapshot_id: is empty; say which snapshot is meant") }
        let machine = try await hypervisor.machine(id, field: "vm_id")
        let uuid = machine.uuid
        let isThere = try await hypervisor.look("look at the snapshots of machine \(machine.name)") { connection throws(LibvirtError) in
            try connection.domain(uuid: uuid).hasSnapshot(name)
        }
        guard isThere else { throw RPCError(.notFound, "machine \(machine.name) has no snapshot \(name)") }
        return machine
    }

    package func clone(_ request: CloneRequest, _ call: RPCCall) async throws(RPCError) -> CloneResponse {
        let plan = try ClonePlan(request)
        let operation = try await accept(.clone, request, call, owner: request.targetVM?.uid) { (operation) throws(RPCError) in
            try await isThere(operation.resultID)
        } prepare: { _ throws(RPCError) in
            let source = try await known(request.sourceVMID, field: "source_vm_id")
            if let machine = source.machine {
                try plan.check(machine)
                try await CloneDevices.check(machine.uuid, bridges: hypervisor.settings.bridges, hypervisor)
            }
            let name = plan.name
            let (uuid, sourceUUID) = (Names.uuid(), source.uuid)
            let taken = try await hypervisor.look("look for machine \(name)") { connection throws(LibvirtError) in
                if plan.isLinked, let domain = try Hypervisor.domainIfThere(connection, sourceUUID) { try CloneWork.checkSnapshots(domain) }
                return try Hypervisor.domainIfThere(connection, name)?.uuid
            }
            if let taken { throw CreateWork.taken(name, taken) }
            return OperationDraft(
                target: name, variant: plan.isLinked ? "linked" : "full", locks: ["vm:\(sourceUUID)", "vm:\(uuid)"],
                claims: ["name:\(name)"],
                resultID: uuid, notes: [CloneWork.sourceNote: sourceUUID, LibvirtProviderSettings.note: hypervisor.settings.noted])
        }
        return CloneResponse(targetVMID: operation.resultID, task: TaskRef(id: operation.id))
    }
}
