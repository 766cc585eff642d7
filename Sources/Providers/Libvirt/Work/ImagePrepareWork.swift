import Primitives
import ProviderRPC
import ProviderTasks
import RPC

/// Brings an image into a pool, or verifies one that is there.
struct ImagePrepareWork: OperationWork {
    let hypervisor: Hypervisor
    let images: ImageStore

    func run(_ operation: OperationContext) async throws(RPCError) {
        let (wanted, pool, name) = try Self.read(operation.read(), hypervisor.settings.with(operation.note(LibvirtProviderSettings.note)))
        operation.show("image")
        guard wanted.url != nil else {
            // It is there: only its bytes are read.
            _ = try await images.findVerified(wanted, pool: pool) { done, total in
                if let total, total > 0 { await operation.report(Double(done) / Double(total)) }
            }
            return
        }
        _ = try await images.prepare(wanted, pool: pool, name: name, operation: operation.id) { done, total in
            if let total, total > 0 { await operation.report(Double(done) / Double(total)) }
        }
    }

    func undo(_ operation: OperationContext) async throws(RPCError) {
        let (wanted, pool, name) = try Self.read(operation.read(), hypervisor.settings.with(operation.note(LibvirtProviderSettings.note)))
        guard wanted.url != nil else { return }
        try await images.remove(pool: wanted.storage ?? pool, name: name, ofOperation: operation.id)
    }

    /// Errors: `invalidArgument`, `unimplemented`.
    static func read(_ request: ImagePrepareRequest, _ settings: LibvirtProviderSettings) throws(RPCError) -> (
        VMImage, pool: String, name: String
    ) {
        guard let wanted = try VMImage.read(request.imageJSON), !wanted.isEmpty else {
            throw RPCError(.invalidArgument, "image_json: says no source; give a path, a volume's name or a URL")
        }
        try ImageStore.check(wanted)
        let pool = request.storageHint.isEmpty ? wanted.storage ?? settings.pool : request.storageHint
        var placed = wanted
        placed.storage = pool
        return (placed, pool, try ImageStore.name(wanted, targetName: request.targetName))
    }
}
