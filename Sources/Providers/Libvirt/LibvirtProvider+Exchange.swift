import LibvirtAPI
package import ProviderRPC
import ProviderTasks
package import RPC

/// Disks on their way out and in.
extension LibvirtProvider {
    package func exportDisk(_ request: ExportDiskRequest, _ call: RPCCall) async throws(RPCError) -> ExportDiskResponse {
        let exchange = try Exchange(hypervisor.settings, backend: request.backendType, mode: request.transferMode)
        let file = try exchange.file(request.destinationURL, field: "destination_url")
        _ = try Exchange.format(request.format)
        guard !request.compress else { throw RPCError(.unimplemented, "compress: nothing is compressed here; leave it out") }
        guard request.snapshotID.isEmpty else {
            throw RPCError(.unimplemented, "snapshot_id: a disk is brought out as it is now; revert a clone to the snapshot first")
        }
        let machine = try await hypervisor.machine(request.vmID, field: "vm_id")
        let disk = try Self.disk(machine, request.diskID)
        guard let path = disk.path else {
            throw RPCError(.failedPrecondition, "disk \(disk.target) of machine \(machine.name) is neither file nor device")
        }
        let operation = try await accept(.exportDisk, request, call) { _ throws(RPCError) in
            try ExportDiskWork.check(machine)
            return OperationDraft(
                target: machine.uuid, locks: ["vm:\(machine.uuid)"], claims: ["file:\(file)"],
                notes: [ExportDiskWork.pathNote: path, LibvirtProviderSettings.note: hypervisor.settings.noted])
        }
        let size = try await hypervisor.look("look at \(path)") { connection throws(LibvirtError) in
            try connection.volume(path: path).info().allocationBytes
        }
        // The checksum is known when the task is over: it stands beside the file, and here when the same call is made again.
        return ExportDiskResponse(
            exportID: operation.id, task: TaskRef(id: operation.id), estimatedSizeBytes: Int64(clamping: size),
            checksum: operation.notes[ExportDiskWork.checksumNote] ?? "")
    }

    package func importDisk(_ request: ImportDiskRequest, _ call: RPCCall) async throws(RPCError) -> ImportDiskResponse {
        let (wanted, pool, name) = try ImportDiskWork.read(request, hypervisor.settings)
        let path = try await hypervisor.look("look for pool \(pool)") { connection throws(LibvirtError) in
            try Storage.folder(Storage.filePool(connection, pool)) + "/" + name
        }
        let operation = try await accept(.importDisk, request, call) { _ throws(RPCError) in
            OperationDraft(
                target: "\(pool)/\(name)", claims: ["image:\(pool)/\(name)"], resultID: name,
                notes: [LibvirtProviderSettings.note: hypervisor.settings.noted])
        }
        return ImportDiskResponse(diskID: name, path: path, task: TaskRef(id: operation.id), checksum: wanted.checksum?.hex ?? "")
    }
}
