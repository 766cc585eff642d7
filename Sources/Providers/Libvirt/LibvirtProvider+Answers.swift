import JSON
import LibvirtAPI
import Primitives
package import ProviderRPC
import ProviderTasks
package import RPC

/// What changes nothing.
extension LibvirtProvider {
    package func validate(_ request: ValidateRequest, _ call: RPCCall) async throws(RPCError) -> ValidateResponse {
        let host = try await hypervisor.host()
        let (name, pool) = (hypervisor.settings.pool, hypervisor.settings.pool)
        let found: (problem: String?, version: UInt, host: String) = try await hypervisor.look("look at the hypervisor") {
            connection throws(LibvirtError) in
            let version = try connection.daemonVersion()
            let hostName = try connection.hostName()
            do throws(LibvirtError) {
                _ = try Storage.filePool(connection, pool)
                return (nil, version, hostName)
            } catch  where error.kind == .noStoragePool || error.kind == .invalidState {
                return (error.message, version, hostName)
            }
        }
        if let problem = found.problem { return ValidateResponse(ok: false, message: "pool \(name): \(problem)") }
        let version = "\(found.version / 1_000_000).\(found.version / 1000 % 1000).\(found.version % 1000)"
        return ValidateResponse(
            ok: true, message: "libvirt \(version) on \(found.host): \(host.domainType) on \(host.architecture), pool \(pool)")
    }

    package func getCapabilities(_ request: GetCapabilitiesRequest, _ call: RPCCall) async throws(RPCError) -> GetCapabilitiesResponse {
        let formats = hypervisor.settings.exchangeFolder == nil ? [] : ["qcow2", "raw"]
        return GetCapabilitiesResponse(
            supportsReconfigureOnline: true, supportsDiskExpansionOnline: true, supportsSnapshots: true, supportsMemorySnapshots: true,
            supportsLinkedClones: true, supportsImageImport: true, supportedDiskTypes: ["thin", "qcow2", "copy", "raw"],
            supportedNetworkTypes: ["network", "bridge"], supportsDiskExport: !formats.isEmpty, supportsDiskImport: !formats.isEmpty,
            supportedExportFormats: formats, supportedImportFormats: formats, supportedExportBackends: formats.isEmpty ? [] : ["pvc"],
            supportedImportBackends: formats.isEmpty ? [] : ["pvc"], supportedTransferModes: formats.isEmpty ? [] : ["relay"])
    }

    package func describe(_ request: DescribeRequest, _ call: RPCCall) async throws(RPCError) -> DescribeResponse {
        let machine: Hypervisor.Machine
        do throws(RPCError) {
            machine = try await hypervisor.machine(request.id)
        } catch {
            guard error.code == .notFound else { throw error }
            return DescribeResponse()
        }
        let addresses = await addresses.addresses(of: machine)
        return DescribeResponse(
            exists: true, powerState: machine.state.powerName, ips: addresses, consoleURL: hypervisor.consoleURL(machine) ?? "",
            providerRawJSON: MachineRaw.json(machine))
    }

    package func listVMs(_ request: ListVMsRequest, _ call: RPCCall) async throws(RPCError) -> ListVMsResponse {
        let machines = try await hypervisor.look("list machines", seconds: 60) { connection throws(LibvirtError) in
            try MachineList.read(connection)
        }
        return ListVMsResponse(vms: machines)
    }

    package func getDiskInfo(_ request: GetDiskInfoRequest, _ call: RPCCall) async throws(RPCError) -> GetDiskInfoResponse {
        let machine = try await hypervisor.machine(request.vmID, field: "vm_id")
        let disk = try Self.disk(machine, request.diskID)
        guard let path = disk.path else {
            throw RPCError(.failedPrecondition, "disk \(disk.target) of machine \(machine.name) is neither file nor device")
        }
        let (uuid, isActive) = (machine.uuid, machine.isActive)
        let found: (volume: VolumeView, snapshots: [String], capacity: UInt64, taken: UInt64) = try await hypervisor.look(
            "look at disk \(disk.target)"
        ) {
            connection throws(LibvirtError) in
            let volume = try VolumeView(connection.volume(path: path))
            let domain = try connection.domain(uuid: uuid)
            let names = try domain.snapshots().map(\.name)
            // Of a running machine QEMU knows better than the pool.
            if isActive, let info = try? domain.blockInfo(disk.target) { return (volume, names, info.capacityBytes, info.allocationBytes) }
            return (volume, names, volume.capacityBytes, volume.allocationBytes)
        }
        guard request.snapshotID.isEmpty || found.snapshots.contains(request.snapshotID) else {
            throw RPCError(.notFound, "machine \(machine.name) has no snapshot \(request.snapshotID)")
        }
        return GetDiskInfoResponse(
            diskID: disk.target, format: disk.format ?? found.volume.format ?? "", virtualSizeBytes: Int64(clamping: found.capacity),
            actualSizeBytes: Int64(clamping: found.taken), path: path,
            isBootable: disk == machine.next.rootDisk || disk == machine.now.rootDisk,
            snapshots: found.snapshots, backingFile: found.volume.backingPath ?? "")
    }

    /// The disk that a request means: its target (`vda`), its name in the request that made it, its path; the first when it says none.
    static func disk(_ machine: Hypervisor.Machine, _ id: String) throws(RPCError) -> MachineView.Disk {
        let disks = machine.now.disks
        if id.isEmpty, let root = machine.now.rootDisk { return root }
        if let disk = disks.first(where: { $0.target == id || $0.path == id }) { return disk }
        if let volume = machine.mark?.volumes.first(where: { $0.disk == id || $0.name == id }),
            let disk = disks.first(where: { $0.path?.hasSuffix("/" + volume.name) == true })
        {
            return disk
        }
        throw RPCError(.notFound, "machine \(machine.name) has no disk \(id); it has \(disks.map(\.target).joined(separator: ", "))")
    }

    package func imagePrepare(_ request: ImagePrepareRequest, _ call: RPCCall) async throws(RPCError) -> ImagePrepareResponse {
        let (wanted, pool, name) = try ImagePrepareWork.read(request, hypervisor.settings)
        guard wanted.url != nil else {
            return try await verify(wanted, pool, request, call)
        }
        let isKnown = try OperationToken(call).map { tasks.operation(of: $0) != nil } ?? false
        if !isKnown, let image = try await images.ready(wanted, pool: pool, name: name) {
            return ImagePrepareResponse(preparedImageID: image.name, preparedImagePath: image.path)
        }
        let path = try await hypervisor.look("look for pool \(pool)") { connection throws(LibvirtError) in
            try Storage.folder(Storage.filePool(connection, pool)) + "/" + name
        }
        let operation = try await accept(.imagePrepare, request, call) { _ throws(RPCError) in
            OperationDraft(
                target: "\(pool)/\(name)", locks: ["image:\(pool)/\(name)"], resultID: name,
                notes: [LibvirtProviderSettings.note: hypervisor.settings.noted])
        }
        return ImagePrepareResponse(task: TaskRef(id: operation.id), preparedImageID: name, preparedImagePath: path)
    }

    /// Of an image that is there already, or nowhere. To read its bytes takes as long as to bring them, and is an operation as that is.
    private func verify(
        _ wanted: VMImage, _ pool: String, _ request: ImagePrepareRequest, _ call: RPCCall
    ) async throws(RPCError) -> ImagePrepareResponse {
        let image = try await images.find(wanted, pool: pool)
        var response = ImagePrepareResponse(preparedImageID: image.name, preparedImagePath: image.path)
        guard let checksum = wanted.checksum, wanted.validatesChecksum, try await !images.isVerified(image, checksum) else {
            return response
        }
        let operation = try await accept(.imagePrepare, request, call) { _ throws(RPCError) in
            OperationDraft(
                target: "\(image.pool)/\(image.name)", locks: ["image:\(image.pool)/\(image.name)"], resultID: image.name,
                notes: [LibvirtProviderSettings.note: hypervisor.settings.noted])
        }
        response.task = TaskRef(id: operation.id)
        return response
    }
}
