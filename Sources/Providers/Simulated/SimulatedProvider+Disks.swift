import Primitives
import Protobuf
package import ProviderRPC
import ProviderTasks
package import RPC

extension SimulatedProvider {
    package func imagePrepare(_ request: ImagePrepareRequest, _ call: RPCCall) async throws(RPCError) -> ImagePrepareResponse {
        let token = try token(call)
        let plan = try SimulatedWork.image(request, hypervisor.settings, mark: "")
        let path = "/pools/\(plan.pool)/\(plan.volume)"
        let isKnown = token.flatMap { engine.operation(of: $0) } != nil
        if !isKnown, !plan.isForced, try await isThere(plan) {
            return ImagePrepareResponse(preparedImageID: plan.name, preparedImagePath: path)
        }
        let operation = try await engine.accept(.imagePrepare, request: request.protobuf, token: token) { _ throws(RPCError) in
            try await look { (world) throws(Failure) in try world.checkRoom(plan.pool, bytes: World.imageBytes) }
            return OperationDraft(target: plan.name, claims: ["volume:\(plan.pool)/\(plan.volume)"], resultID: plan.name)
        }
        return ImagePrepareResponse(task: TaskRef(id: operation.id), preparedImageID: plan.name, preparedImagePath: path)
    }

    /// Errors: `failedPrecondition`, when another image has the name.
    private func isThere(_ plan: World.ImagePlan) async throws(RPCError) -> Bool {
        try await look { (world) throws(Failure) in
            guard let there = try world.volume(plan.pool, plan.volume), there.isComplete else { return false }
            guard there.content == plan.content else {
                throw world.refused(.state, "pool \(plan.pool) has another image \(plan.name); choose another name, or force it")
            }
            try world.completeImage(there, checksum: plan.checksum)
            return true
        }
    }

    package func importDisk(_ request: ImportDiskRequest, _ call: RPCCall) async throws(RPCError) -> ImportDiskResponse {
        let plan = try Exchange(hypervisor.settings).plan(request, mark: "")
        let operation = try await engine.accept(.importDisk, request: request.protobuf, token: try token(call)) { _ throws(RPCError) in
            try await look { (world) throws(Failure) in
                try world.checkRoom(plan.pool, bytes: World.imageBytes)
                guard try world.volume(plan.pool, plan.volume) == nil else {
                    throw world.refused(.state, "pool \(plan.pool) has a disk \(plan.volume) already; choose another name")
                }
            }
            return OperationDraft(target: plan.name, claims: ["volume:\(plan.pool)/\(plan.volume)"], resultID: plan.name)
        }
        return ImportDiskResponse(
            diskID: plan.name, path: "/pools/\(plan.pool)/\(plan.volume)", task: TaskRef(id: operation.id),
            actualSizeBytes: World.imageBytes,
            checksum: plan.content)
    }

    package func exportDisk(_ request: ExportDiskRequest, _ call: RPCCall) async throws(RPCError) -> ExportDiskResponse {
        _ = try Exchange(hypervisor.settings).file(request.destinationURL, "destination_url")
        guard !request.compress else { throw RPCError(.unimplemented, "compress: nothing is compressed here; leave it out") }
        guard ["", "qcow2", "raw"].contains(request.format) else {
            throw RPCError(.invalidArgument, "format: \"\(request.format)\" is none of qcow2, raw")
        }
        let uuid = try await uuid(request.vmID, "vm_id")
        let (disk, content) = try await disk(uuid, request.diskID, request.snapshotID)
        let operation = try await engine.accept(.exportDisk, request: request.protobuf, token: try token(call)) { _ throws(RPCError) in
            OperationDraft(
                target: request.vmID, locks: ["vm:" + uuid], claims: ["file:" + request.destinationURL],
                notes: ["uuid": uuid, "content": content])
        }
        return ExportDiskResponse(
            exportID: operation.id, task: TaskRef(id: operation.id), estimatedSizeBytes: disk.writtenBytes,
            checksum: operation.notes["content"] ?? content)
    }

    /// A disk of a machine, and what it holds now or at a snapshot. Errors: `notFound`.
    private func disk(_ uuid: String, _ label: String, _ snapshot: String) async throws(RPCError) -> (Volume, content: String) {
        let found = try await look { (world) throws(Failure) in
            guard let machine = try world.machine(uuid: uuid) else { throw world.refused(.missing, "the machine is being made yet") }
            let disk = try world.volumes(of: machine.row).first {
                $0.use == .disk && (label.isEmpty || $0.label == label || $0.name == label)
            }
            guard let disk else { throw world.refused(.missing, "machine \(machine.name) has no disk \(label)") }
            guard !snapshot.isEmpty else { return FoundDisk(disk: disk, content: disk.content) }
            guard let kept = try world.snapshot(of: machine.row, snapshot), let content = try world.content(of: disk, at: kept) else {
                throw world.refused(.missing, "machine \(machine.name) has no snapshot \(snapshot)")
            }
            return FoundDisk(disk: disk, content: content)
        }
        return (found.disk, found.content)
    }

    private struct FoundDisk: Sendable {
        let disk: Volume
        let content: String
    }

    package func getDiskInfo(_ request: GetDiskInfoRequest, _ call: RPCCall) async throws(RPCError) -> GetDiskInfoResponse {
        let uuid = try await uuid(request.vmID, "vm_id")
        let (disk, content) = try await disk(uuid, request.diskID, request.snapshotID)
        let (snapshots, backing) = try await look { (world) throws(Failure) in
            let backing = try disk.backing.flatMap { (row) throws(Failure) in try world.volume(row: row)?.path }
            return Around(
                snapshots: try world.snapshots(of: disk.machine ?? 0).filter(\.isComplete).map(\.reference), backing: backing ?? "")
        }.values
        return GetDiskInfoResponse(
            diskID: disk.label, format: disk.format, virtualSizeBytes: disk.capacityBytes, actualSizeBytes: disk.writtenBytes,
            path: disk.path,
            isBootable: disk.label == "root", snapshots: snapshots, backingFile: backing, metadata: ["sha256": content, "pool": disk.pool])
    }

    private struct Around: Sendable {
        let snapshots: [String]
        let backing: String
        var values: ([String], String) { (snapshots, backing) }
    }
}
