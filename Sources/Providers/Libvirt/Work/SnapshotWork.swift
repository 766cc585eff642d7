import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import XML

/// Keeps a machine's state, within its qcow2 disks: with its memory when it runs.
///
/// The snapshot's description ends with the operation's identifier, by which it is told from one of the same name that somebody else made meanwhile.
struct SnapshotCreateWork: OperationWork {
    let hypervisor: Hypervisor

    func run(_ operation: OperationContext) async throws(RPCError) {
        let request = try operation.read(SnapshotCreateRequest.self)
        let (uuid, name, id) = (operation.target, operation.resultID, operation.id)
        operation.show("snapshot")
        var writer = XMLWriter()
        writer.element("domainsnapshot") { snapshot in
            snapshot.element("name", text: name)
            snapshot.element("description", text: SnapshotMark.text(request.description, id))
        }
        let xml = writer.text
        try Self.check(try await hypervisor.machine(uuid))
        let isStrangers: Bool
        do throws(RPCError) {
            isStrangers = try await hypervisor.haul("keep machine \(uuid) as snapshot \(name)") { connection throws(LibvirtError) in
                let domain = try connection.domain(uuid: uuid)
                if let there = try domain.snapshotIfThere(name) { return try !SnapshotMark.isOf(id, there) }
                _ = try domain.createSnapshot(xml)
                return false
            }
        } catch  where error.code == .aborted {
            // A life before this one has begun it, and the daemon is at it still.
            throw RPCError(.unavailable, error.message)
        }
        if isStrangers {
            throw RPCError(
                .alreadyExists, "machine \(uuid) has a snapshot \(name) already, which is not of this request; choose another name")
        }
    }

    func undo(_ operation: OperationContext) async throws(RPCError) {
        let (uuid, name, id) = (operation.target, operation.resultID, operation.id)
        try await hypervisor.haul("take back snapshot \(name) of machine \(uuid)") { connection throws(LibvirtError) in
            guard let snapshot = try Hypervisor.domainIfThere(connection, uuid)?.snapshotIfThere(name),
                try SnapshotMark.isOf(id, snapshot)
            else { return }
            try snapshot.delete()
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

/// Whose a snapshot is: the last line of its description.
enum SnapshotMark {
    private static let prefix = "martlet operation "

    /// - Parameter description: of the request, for a person.
    static func text(_ description: String, _ operation: String) -> String {
        description.isEmpty ? prefix + operation : "\(description)\n\(prefix)\(operation)"
    }

    static func isOf(_ operation: String, _ snapshot: LibvirtSnapshot) throws(LibvirtError) -> Bool {
        let text = try snapshot.xml()
        guard let tree = try? XMLReader.read(text, source: "snapshot") else {
            throw LibvirtError(.failed, "the description of snapshot \(snapshot.name) cannot be read")
        }
        return tree.text(at: "description")?.split(separator: "\n").last.map { String($0) } == prefix + operation
    }
}

extension LibvirtDomain {
    /// nil when there is none.
    func snapshotIfThere(_ name: String) throws(LibvirtError) -> LibvirtSnapshot? {
        do throws(LibvirtError) {
            return try snapshot(named: name)
        } catch  where error.kind == .noSnapshot {
            return nil
        }
    }

    func hasSnapshot(_ name: String) throws(LibvirtError) -> Bool { try snapshotIfThere(name) != nil }
}
