import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import XML

/// Keeps a machine's state, within its qcow2 disks: with its memory when it runs.
struct SnapshotCreateWork: OperationWork {
    let hypervisor: Hypervisor

    func run(_ operation: OperationContext) async throws(RPCError) {
        let request = try operation.read(SnapshotCreateRequest.self)
        let (uuid, name) = (operation.target, operation.resultID)
        operation.show("snapshot")
        var writer = XMLWriter()
        writer.element("domainsnapshot") { snapshot in
            snapshot.element("name", text: name)
            if !request.description.isEmpty { snapshot.element("description", text: request.description) }
        }
        let xml = writer.text
        try Self.check(try await hypervisor.machine(uuid))
        do throws(RPCError) {
            try await hypervisor.haul("keep machine \(uuid) as snapshot \(name)") { connection throws(LibvirtError) in
                let domain = try connection.domain(uuid: uuid)
                guard try !domain.hasSnapshot(name) else { return }
                _ = try domain.createSnapshot(xml)
            }
        } catch  where error.code == .aborted {
            // A life before this one has begun it, and the daemon is at it still.
            throw RPCError(.unavailable, error.message)
        }
    }

    func undo(_ operation: OperationContext) async throws(RPCError) {
        let (uuid, name) = (operation.target, operation.resultID)
        try await hypervisor.haul("take back snapshot \(name) of machine \(uuid)") { connection throws(LibvirtError) in
            guard let domain = try Hypervisor.domainIfThere(connection, uuid), try domain.hasSnapshot(name) else { return }
            try domain.snapshot(named: name).delete()
        }
    }

    /// Refuses what libvirt cannot keep. Errors: `failedPrecondition`.
    static func check(_ machine: Hypervisor.Machine) throws(RPCError) {
        if machine.next.hasFlashFirmware {
            throw RPCError(
                .failedPrecondition,
                "machine \(machine.name) has UEFI firmware, whose variables libvirt keeps in no snapshot; clone it while it is off instead")
        }
        if let disk = machine.now.disks.first(where: { $0.device == "disk" && !$0.isReadOnly && $0.format != "qcow2" }) {
            throw RPCError(
                .failedPrecondition,
                "disk \(disk.target) of machine \(machine.name) is \(disk.format ?? "of an unknown format"); only qcow2 keeps snapshots")
        }
        guard machine.now.disks.contains(where: { $0.device == "disk" && !$0.isReadOnly }) else {
            throw RPCError(.failedPrecondition, "machine \(machine.name) has no disk that could keep a snapshot")
        }
    }
}

/// Removes a snapshot; the machine stays as it is.
struct SnapshotDeleteWork: OperationWork {
    let hypervisor: Hypervisor

    func run(_ operation: OperationContext) async throws(RPCError) {
        let (uuid, name) = (operation.target, try operation.read(SnapshotDeleteRequest.self).snapshotID)
        operation.show("snapshot")
        try await hypervisor.haul("remove snapshot \(name) of machine \(uuid)") { connection throws(LibvirtError) in
            do throws(LibvirtError) {
                try connection.domain(uuid: uuid).snapshot(named: name).delete()
            } catch  where error.kind == .noSnapshot || error.kind == .noDomain {
                // A life before this one has removed it.
            }
        }
    }
}

/// Makes a machine what it was at a snapshot.
struct SnapshotRevertWork: OperationWork {
    let hypervisor: Hypervisor

    private static let volumesNote = "mark"

    func run(_ operation: OperationContext) async throws(RPCError) {
        let (uuid, name) = (operation.target, try operation.read(SnapshotRevertRequest.self).snapshotID)
        // The description of then comes back too, and knows nothing of volumes that were made since.
        try await operation.step("look") { () throws(RPCError) in
            let mark = try await hypervisor.machine(uuid).next.mark
            if let mark { try await operation.note(Self.volumesNote, mark.xml) }
        }
        try await operation.step("revert") { () throws(RPCError) in
            try await hypervisor.haul("make machine \(uuid) what it was at snapshot \(name)") { connection throws(LibvirtError) in
                try connection.domain(uuid: uuid).snapshot(named: name).revert()
            }
        }
        guard let text = operation.note(Self.volumesNote), let element = try? XMLReader.read(text, source: "mark"),
            let before = MachineMark(element)
        else { return }
        try await hypervisor.act("write down whose the volumes of machine \(uuid) are") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: uuid)
            guard var mark = try Hypervisor.view(domain, .inactive).mark else { return }
            let lost = before.volumes.filter { !mark.volumes.contains($0) }
            guard !lost.isEmpty else { return }
            mark.volumes += lost
            try domain.setMark(mark)
        }
    }
}

extension LibvirtDomain {
    func hasSnapshot(_ name: String) throws(LibvirtError) -> Bool {
        do throws(LibvirtError) {
            _ = try snapshot(named: name)
            return true
        } catch  where error.kind == .noSnapshot {
            return false
        }
    }
}
