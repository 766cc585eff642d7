import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import XML

/// Makes a machine what it was at a snapshot: once, as what a guest does after that would be lost by the second time.
struct SnapshotRevertWork: OperationWork {
    let hypervisor: Hypervisor

    private static let volumesNote = "mark"
    private static let revertingNote = "reverting"

    func run(_ operation: OperationContext) async throws(RPCError) {
        let (uuid, name, id) = (operation.target, try operation.read(SnapshotRevertRequest.self).snapshotID, operation.id)
        // The description of then comes back too, and knows nothing of volumes that were made since.
        try await operation.step("look") { () throws(RPCError) in
            let mark = try await hypervisor.machine(uuid).mark
            if let mark { try await operation.note(Self.volumesNote, mark.xml) }
        }
        try await operation.step("revert") { () throws(RPCError) in
            if operation.note(Self.revertingNote) == nil {
                try await hypervisor.act("write down that machine \(uuid) is to be made what it was") { connection throws(LibvirtError) in
                    try RevertMark.write(id, connection.domain(uuid: uuid))
                }
                try await operation.note(Self.revertingNote, name)
            }
            try await hypervisor.haul("make machine \(uuid) what it was at snapshot \(name)") { connection throws(LibvirtError) in
                let domain = try connection.domain(uuid: uuid)
                // A life before this one has done it.
                if try RevertMark.isGone(id, domain), try domain.isCurrent(snapshot: name) { return }
                try domain.snapshot(named: name).revert()
            }
        }
        guard let text = operation.note(Self.volumesNote), let element = try? XMLReader.read(text, source: "mark"),
            let before = MachineMark(element)
        else { return }
        try await hypervisor.act("write down whose the volumes of machine \(uuid) are") { connection throws(LibvirtError) in
            let domain = try connection.domain(uuid: uuid)
            let machine = try Hypervisor.machine(domain)
            guard let own = machine.mark, let mark = MachineMark.together(own, before) else { return }
            if !machine.isMarked(mark) { try domain.setMark(mark) }
        }
    }

    func undo(_ operation: OperationContext) async throws(RPCError) {
        let (uuid, id) = (operation.target, operation.id)
        try await hypervisor.act("write down that machine \(uuid) stays what it is") { connection throws(LibvirtError) in
            guard let domain = try Hypervisor.domainIfThere(connection, uuid), try !RevertMark.isGone(id, domain) else { return }
            try RevertMark.write(nil, domain)
        }
    }
}

/// In a machine's description while it is about to be made what it was. The description of then has it not, so it goes by the very call that does it.
enum RevertMark {
    private static let namespace = "urn:martlet:provider:reverting:1"

    /// - Parameter operation: nil takes it away.
    static func write(_ operation: String?, _ domain: LibvirtDomain) throws(LibvirtError) {
        let xml = operation.map { operation in
            var writer = XMLWriter()
            writer.element("reverting", ["operation": operation])
            return writer.text
        }
        try domain.setMetadataWhole(xml, prefix: "martlet-reverting", namespace: namespace)
    }

    static func isGone(_ operation: String, _ domain: LibvirtDomain) throws(LibvirtError) -> Bool {
        let scope: ChangeScope = try domain.isPersistent() ? .config : .live
        do throws(LibvirtError) {
            let text = try domain.metadata(namespace: namespace, scope)
            return (try? XMLReader.read(text, source: "mark"))?["operation"] != operation
        } catch  where error.kind == .noMetadata {
            return true
        }
    }
}

extension LibvirtDomain {
    func isCurrent(snapshot name: String) throws(LibvirtError) -> Bool {
        do throws(LibvirtError) {
            return try currentSnapshot().name == name
        } catch  where error.kind == .noSnapshot {
            return false
        }
    }
}
