import Primitives
import ProviderRPC
import ProviderTasks
import RPC

/// Brings a disk in, from the folder of exchange or from a URL, as an image is brought: verified, and whole or not at all.
struct ImportDiskWork: OperationWork {
    let images: ImageStore
    let settings: LibvirtProviderSettings

    func run(_ operation: OperationContext) async throws(RPCError) {
        let (wanted, pool, name) = try Self.read(operation.read(), settings.with(operation.note(LibvirtProviderSettings.note)))
        operation.show("disk")
        _ = try await images.prepare(wanted, pool: pool, name: name, operation: operation.id, mayBeFile: true) { done, total in
            if let total, total > 0 { await operation.report(Double(done) / Double(total)) }
        }
    }

    func undo(_ operation: OperationContext) async throws(RPCError) {
        let (_, pool, name) = try Self.read(operation.read(), settings.with(operation.note(LibvirtProviderSettings.note)))
        try await images.remove(pool: pool, name: name, ofOperation: operation.id)
    }

    /// Errors: `invalidArgument`, `unimplemented`.
    static func read(_ request: ImportDiskRequest, _ settings: LibvirtProviderSettings) throws(RPCError) -> (
        VMImage, pool: String, name: String
    ) {
        try Names.check(request.targetName, of: "disk", field: "target_name")
        let checksum = try Checksum.read(request.expectedChecksum, field: "expected_checksum")
        guard !request.verifyChecksum || checksum != nil else {
            throw RPCError(.invalidArgument, "expected_checksum: is empty, and verify_checksum is said")
        }
        var url = request.sourceURL
        if !["http://", "https://"].contains(where: url.lowercased().hasPrefix) {
            let exchange = try Exchange(settings, backend: request.backendType, mode: request.transferMode)
            url = "file://" + (try exchange.file(url, field: "source_url"))
        } else {
            try ImageURL.check(url, "source_url")
        }
        var wanted = VMImage(url: url, format: request.format.isEmpty ? nil : try Exchange.format(request.format), checksum: checksum)
        wanted.validatesChecksum = request.verifyChecksum
        let pool = request.storageHint.isEmpty ? settings.pool : request.storageHint
        wanted.storage = pool
        return (wanted, pool, try ImageStore.name(wanted, targetName: request.targetName))
    }
}
