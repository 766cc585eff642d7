import JSON
import Primitives
package import ProviderRPC
import ProviderTasks
package import RPC

extension SimulatedProvider {
    package func validate(_ request: ValidateRequest, _ call: RPCCall) async throws(RPCError) -> ValidateResponse {
        let count = try await look { (world) throws(Failure) in try world.machines().count }
        return ValidateResponse(ok: true, message: "a simulated hypervisor of kind \(kind.rawValue) with \(count) machines")
    }

    package func taskStatus(_ request: TaskStatusRequest, _ call: RPCCall) async throws(RPCError) -> TaskStatusResponse {
        try engine.status(request)
    }

    package func describe(_ request: DescribeRequest, _ call: RPCCall) async throws(RPCError) -> DescribeResponse {
        guard !request.id.isEmpty else { throw RPCError(.invalidArgument, "id: is empty; say which machine is meant") }
        let machine = try await look { (world) throws(Failure) in try world.machine(id: request.id) }
        guard let machine, machine.isComplete else { return DescribeResponse() }
        return DescribeResponse(
            exists: true, powerState: machine.isOn ? "On" : "Off", ips: addresses(machine), consoleURL: "vnc://simulated/\(machine.uuid)",
            providerRawJSON: raw(machine))
    }

    package func listVMs(_ request: ListVMsRequest, _ call: RPCCall) async throws(RPCError) -> ListVMsResponse {
        let seen = try await look { (world) throws(Failure) in
            try world.machines().filter(\.isComplete).map { (machine) throws(Failure) in
                Seen(machine: machine, disks: try world.volumes(of: machine.row).filter { $0.use == .disk })
            }
        }
        return ListVMsResponse(
            vms: seen.map { seen in
                let machine = seen.machine
                return VMInfo(
                    id: id(machine), name: machine.name, powerState: machine.isOn ? "On" : "Off", ips: addresses(machine),
                    cpu: Int32(clamping: machine.cpu), memoryMiB: Int64(machine.memoryMiB),
                    disks: seen.disks.map {
                        DiskInfo(id: $0.label, path: $0.path, sizeGiB: Int32(clamping: $0.capacityBytes >> 30), format: $0.format)
                    },
                    networks: machine.networks.map { NetworkInfo(name: $0.name, mac: $0.macAddress) },
                    providerRaw: machine.owner.isEmpty ? ["uuid": machine.uuid] : ["uuid": machine.uuid, "owner_uid": machine.owner])
            })
    }

    private struct Seen: Sendable {
        let machine: Machine
        let disks: [Volume]
    }

    package func getCapabilities(_ request: GetCapabilitiesRequest, _ call: RPCCall) async throws(RPCError) -> GetCapabilitiesResponse {
        GetCapabilitiesResponse(
            supportsReconfigureOnline: true, supportsDiskExpansionOnline: true, supportsSnapshots: true, supportsMemorySnapshots: true,
            supportsLinkedClones: true, supportsImageImport: true, supportedDiskTypes: ["qcow2"], supportedNetworkTypes: ["bridge", "nat"],
            supportsDiskExport: true, supportsDiskImport: true, supportedExportFormats: ["qcow2", "raw"],
            supportedImportFormats: ["qcow2", "raw"],
            supportedTransferModes: ["relay"])
    }

    func id(_ machine: Machine) -> String { kind == .upid ? machine.number.map(String.init) ?? "" : machine.uuid }

    /// Of machines that run: the last three bytes of each card's address, in a network of no one else's.
    private func addresses(_ machine: Machine) -> [String] {
        guard machine.isOn else { return [] }
        return machine.networks.map { card in
            "10." + card.macAddress.split(separator: ":").suffix(3).map { String(UInt8($0, radix: 16) ?? 0) }.joined(separator: ".")
        }
    }

    private func raw(_ machine: Machine) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("uuid", machine.uuid)
            if let number = machine.number { writer.member("vmid", number) }
            if kind == .moref { writer.member("moref", "vm-\(machine.row)") }
            writer.member("name", machine.name)
            writer.member("cpu", machine.cpu)
            writer.member("memoryMiB", machine.memoryMiB)
            writer.member("hardware", machine.hardware)
            writer.member("operation", machine.mark)
            if !machine.owner.isEmpty { writer.member("owner_uid", machine.owner) }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
