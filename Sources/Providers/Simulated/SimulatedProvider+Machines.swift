import Primitives
import Protobuf
package import ProviderRPC
import ProviderTasks
package import RPC

extension SimulatedProvider {
    package func create(_ request: CreateRequest, _ call: RPCCall) async throws(RPCError) -> CreateResponse {
        let token = try token(call, owner: request.owner)
        if let there = try await ownedMachine(request, token) { return CreateResponse(id: there) }
        let operation = try await engine.accept(
            .create, request: request.protobuf, from: call, token: token,
            holds: { made throws(RPCError) in
                let uuid = Identity.uuid(made.id)
                return try await look { (world) throws(Failure) in try world.machine(uuid: uuid) != nil }
            },
            prepare: { id throws(RPCError) in
                let read = try MachineRequest(request, kind)
                let (machine, number) = try await newIdentity(id)
                // Everything that can be refused is refused before anything is promised.
                _ = try await look { (world) throws(Failure) in try world.plan(read, mark: id, number: number) }
                return OperationDraft(
                    target: request.name, locks: ["vm:" + Identity.uuid(id)],
                    claims: ["name:" + request.name] + (number.map { ["number:\($0)"] } ?? []), resultID: machine,
                    notes: number.map { ["number": String($0)] } ?? [:])
            })
        guard operation.target == request.name else {
            throw RPCError(
                .invalidArgument,
                "owner.uid: stands for machine \(operation.target), not for \(request.name); give each machine its own owner or a key")
        }
        return CreateResponse(id: operation.resultID, task: TaskRef(id: operation.id))
    }

    /// The machine of that name, when it is already whose the request is and no operation is known that made it.
    private func ownedMachine(_ request: CreateRequest, _ token: OperationToken?) async throws(RPCError) -> String? {
        guard let uid = request.owner?.uid, !uid.isEmpty, let token else { return nil }
        if let known = engine.operation(of: token), known.state != .failed, known.state != .cancelled { return nil }
        let (name, kind) = (request.name, kind)
        return try await look { (world) throws(Failure) in
            guard let machine = try world.machine(named: name), machine.isComplete, machine.owner == uid else { return nil }
            return kind == .upid ? machine.number.map(String.init) : machine.uuid
        }
    }

    package func clone(_ request: CloneRequest, _ call: RPCCall) async throws(RPCError) -> CloneResponse {
        let operation = try await engine.accept(.clone, request: request.protobuf, from: call, token: try token(call)) {
            id throws(RPCError) in
            let read = try CloneSpecification(request, kind)
            let source = try await uuid(request.sourceVMID, "source_vm_id")
            let (machine, number) = try await newIdentity(id)
            _ = try await look { (world) throws(Failure) in
                // One that is being made yet is looked at when its turn comes.
                guard let there = try world.machine(uuid: source), there.isComplete else { return }
                _ = try world.plan(cloneOf: there, read, mark: id, number: number)
            }
            var notes = ["source": source]
            if let number { notes["number"] = String(number) }
            return OperationDraft(
                target: request.targetName, variant: request.linked ? "linked" : "full",
                locks: ["vm:" + Identity.uuid(id), "vm:" + source],
                claims: ["name:" + request.targetName] + (number.map { ["number:\($0)"] } ?? []), resultID: machine, notes: notes)
        }
        return CloneResponse(targetVMID: operation.resultID, task: TaskRef(id: operation.id))
    }

    package func delete(_ request: DeleteRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        try await change(.delete, request.id, "id", request.protobuf, call) { uuid throws(RPCError) in
            try await look { (world) throws(Failure) in
                if let machine = try world.machine(uuid: uuid) { try world.refuseBases(of: machine.row) }
            }
        }
    }

    package func power(_ request: PowerRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        let change = try SimulatedWork.change(request)
        guard request.gracefulTimeoutSeconds >= 0 else { throw RPCError(.invalidArgument, "graceful_timeout_seconds: is less than 0") }
        return try await self.change(.power, request.id, "id", request.protobuf, call, variant: change.rawValue) { uuid throws(RPCError) in
            guard change == .reboot else { return }
            try await look { (world) throws(Failure) in
                guard let machine = try world.machine(uuid: uuid), !machine.isOn else { return }
                throw world.refused(.state, "machine \(machine.name) is off and cannot be started over; switch it on")
            }
        }
    }

    package func reconfigure(_ request: ReconfigureRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        let changes = try SimulatedWork.changes(request, "")
        return try await change(.reconfigure, request.id, "id", request.protobuf, call) { uuid throws(RPCError) in
            try await look { (world) throws(Failure) in
                guard let machine = try world.machine(uuid: uuid) else { return }
                let less = (changes.cpu ?? machine.cpu) < machine.cpu || (changes.memoryMiB ?? machine.memoryMiB) < machine.memoryMiB
                guard !machine.isOn || !less else {
                    throw world.refused(
                        .state,
                        "machine \(machine.name) runs and cannot get less processors or memory; switch it off before (spec.powerState: Off)"
                    )
                }
                for (label, bytes) in changes.disks {
                    guard let disk = try world.volumes(of: machine.row).first(where: { $0.label == label }), bytes < disk.capacityBytes
                    else { continue }
                    throw world.refused(
                        .state, "disk \(label) of \(machine.name) has \(disk.capacityBytes >> 30) GiB and cannot be made smaller")
                }
            }
        }
    }

    package func hardwareUpgrade(_ request: HardwareUpgradeRequest, _ call: RPCCall) async throws(RPCError) -> TaskResponse {
        guard kind == .moref else { throw RPCError(.unimplemented, "machines of this hypervisor have no version of their hardware") }
        guard (1...30).contains(request.targetVersion) else { throw RPCError(.invalidArgument, "target_version: must be from 1 to 30") }
        let version = Int(request.targetVersion)
        return try await change(.hardwareUpgrade, request.id, "id", request.protobuf, call) { uuid throws(RPCError) in
            try await look { (world) throws(Failure) in
                guard let machine = try world.machine(uuid: uuid) else { return }
                guard !machine.isOn, version >= machine.hardware else {
                    throw world.refused(
                        .state,
                        "machine \(machine.name) has hardware \(machine.hardware) and is \(machine.isOn ? "on" : "off"): it must be off, and get newer"
                    )
                }
            }
        }
    }
}
