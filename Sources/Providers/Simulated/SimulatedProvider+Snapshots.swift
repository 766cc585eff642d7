import Primitives
import Protobuf
package import ProviderRPC
import ProviderTasks
package import RPC

extension SimulatedProvider {
    package func snapshotCreate(_ request: SnapshotCreateRequest, _ call: RPCCall) async throws(RPCError) -> SnapshotCreateResponse {
        guard request.nameHint.utf8.count <= 512, request.description.utf8.count <= 8192 else {
            throw RPCError(.invalidArgument, "name_hint and description: may have 512 and 8192 bytes")
        }
        let operation = try await engine.accept(.snapshotCreate, request: request.protobuf, token: try token(call)) { id throws(RPCError) in
            let uuid = try await uuid(request.vmID, "vm_id")
            try await look { (world) throws(Failure) in
                guard let machine = try world.machine(uuid: uuid), request.includeMemory, !machine.isOn else { return }
                throw world.refused(
                    .state, "machine \(machine.name) is off and has nothing in memory; take the snapshot without, or switch it on")
            }
            return OperationDraft(
                target: request.vmID, variant: "create", locks: ["vm:" + uuid], resultID: Identity.snapshot(id), notes: ["uuid": uuid])
        }
        return SnapshotCreateResponse(snapshotID: operation.resultID, task: TaskRef(id: operation.id))
    }

    package func snapshotDelete(_ request: SnapshotDeleteRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        try await change(.snapshotDelete, request.vmID, "vm_id", request.protobuf, call, variant: "delete") { uuid throws(RPCError) in
            try await checkSnapshot(request.snapshotID, uuid)
        }
    }

    package func snapshotRevert(_ request: SnapshotRevertRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        try await change(.snapshotRevert, request.vmID, "vm_id", request.protobuf, call, variant: "revert") { uuid throws(RPCError) in
            try await checkSnapshot(request.snapshotID, uuid)
            try await look { (world) throws(Failure) in
                if let machine = try world.machine(uuid: uuid) { try world.refuseBases(of: machine.row) }
            }
        }
    }

    /// Errors: `notFound`, unless it is being made.
    private func checkSnapshot(_ reference: String, _ uuid: String) async throws(RPCError) {
        guard !reference.isEmpty else { throw RPCError(.invalidArgument, "snapshot_id: is empty; say which snapshot is meant") }
        let isMade = engine.liveOperations.contains {
            $0.kind == ProviderMethod.snapshotCreate.rawValue && $0.resultID == reference && $0.notes["uuid"] == uuid
        }
        guard !isMade else { return }
        try await look { (world) throws(Failure) in
            guard let machine = try world.machine(uuid: uuid), try world.snapshot(of: machine.row, reference)?.isComplete == true else {
                throw world.refused(.missing, "there is no snapshot \(reference) of that machine")
            }
        }
    }
}
