import Primitives
import Protobuf
import ProviderRPC
import ProviderTasks
import RPC

/// The folder that disks are brought out to and in from. A file there is one line: the hash of what the disk holds.
struct Exchange: Sendable {
    private let folder: String
    private let settings: SimulatedSettings

    init(_ settings: SimulatedSettings) {
        self.settings = settings
        folder = settings.exchangeFolder
    }

    /// The file that a URL means: `file:///…/exchange/NAME`, or `file:NAME`. Errors: `invalidArgument` for everything outside.
    func file(_ url: String, _ field: String) throws(RPCError) -> String {
        var name = Substring(url)
        for prefix in ["file://\(folder)/", "file:"] where name.hasPrefix(prefix) {
            name = name.dropFirst(prefix.count)
            try Names.disk(String(name), field)
            return "\(folder)/\(name)"
        }
        throw RPCError(.invalidArgument, "\(field): must be file://\(folder)/NAME; disks of a simulated hypervisor go nowhere else")
    }

    /// What the file says that the disk holds. Errors: `notFound`.
    func content(_ file: String) throws(RPCError) -> String {
        do throws(Failure) {
            return try Files.readLine(file)
        } catch {
            throw RPCError(.notFound, "there is no disk to bring in: \(error.message)", cause: error)
        }
    }

    func plan(_ request: ImportDiskRequest, mark: String) throws(RPCError) -> World.ImagePlan {
        try Names.disk(request.targetName, "target_name")
        let content = try content(try file(request.sourceURL, "source_url"))
        let said = try Checksum.read(request.expectedChecksum, field: "expected_checksum")
        let format = request.format.isEmpty ? "qcow2" : request.format
        try Names.disk(format, "format")
        let pool = request.storageHint.isEmpty ? settings.poolsGiB.keys.sorted().first ?? "default" : request.storageHint
        return World.ImagePlan(
            name: request.targetName, pool: pool, format: format, content: content, checksum: request.verifyChecksum ? said?.hex ?? "" : "",
            mark: mark)
    }
}

/// Brings a disk out: to a file beside, which gets its name when all of it is there.
struct ExportWork: OperationWork {
    let hypervisor: SimulatedHypervisor

    private func files(_ operation: OperationContext) throws(RPCError) -> (whole: String, part: String) {
        let request: ExportDiskRequest
        do {
            request = try ExportDiskRequest(protobuf: operation.request)
        } catch {
            throw RPCError(.internal, "the request in the journal cannot be read: \(error.message)", cause: error)
        }
        let whole = try Exchange(hypervisor.settings).file(request.destinationURL, "destination_url")
        return (whole, "\(whole).\(operation.id).part")
    }

    func run(_ operation: OperationContext) async throws(RPCError) {
        let (whole, part) = try files(operation)
        let content = operation.note("content") ?? ""
        let pieces = 5
        for piece in 1...pieces {
            let share = Double(piece) / Double(pieces)
            let seconds = try await hypervisor.call("work") { (world) throws(Failure) in
                if let end = world.faults.end(of: "export"), share >= end {
                    throw world.refused(.broken, "export failed at \(Int(end * 100)) %: the storage gave an error")
                }
                return world.workSeconds / Double(pieces)
            }
            await operation.report(share * 0.9)
            try await operation.sleep(seconds: seconds)
        }
        do throws(Failure) {
            try Files.makeDirectory(hypervisor.settings.exchangeFolder, mode: 0o700)
            try Files.write(Array("\(content)\n".utf8), to: part, mode: 0o600)
            try Files.write(Array("\(content)\n".utf8), to: whole, mode: 0o600)
        } catch {
            throw RPCError(.unavailable, "the disk could not be brought out: \(error.message)", cause: error)
        }
        Files.remove(part)
    }

    func undo(_ operation: OperationContext) async throws(RPCError) { Files.remove(try files(operation).part) }
}
