import Glibc
import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import Web

/// Brings a disk out: whole, standing upon nothing, into a file that gets its name when all of it is there, with its SHA-256 beside it.
struct ExportDiskWork: OperationWork {
    let hypervisor: Hypervisor

    static let pathNote = "path"
    static let checksumNote = "sha256"

    func run(_ operation: OperationContext) async throws(RPCError) {
        let request = try operation.read(ExportDiskRequest.self)
        let (file, part, format) = try Self.files(
            request, operation, hypervisor.settings.with(operation.note(LibvirtProviderSettings.note)))
        guard let path = operation.note(Self.pathNote) else { throw RPCError(.internal, "the operation has lost its disk") }
        let machine = try await hypervisor.machine(operation.target)
        try Self.check(machine)
        let copy = Self.copy(operation, format)
        let driver = machine.next.disks.first { $0.path == path }?.format
        // A life before this one may have left half of either.
        try await operation.step("copy", at: 0) { () throws(RPCError) in
            try await hypervisor.haul("copy \(path) to be brought out") { connection throws(LibvirtError) in
                let source = try connection.volume(path: path)
                let plan = Storage.VolumePlan(name: copy, capacityBytes: try VolumeView(source).capacityBytes, format: format)
                _ = try Storage.copy(connection, source, to: plan, pool: source.pool().name) { view throws(LibvirtError) in
                    try DiskTrust.check(view, ofMachine: driver)
                }
            }
        }
        try await operation.step("file", at: 0.5) { () throws(RPCError) in
            let digest = try await bring(copy, path, part, operation)
            try await operation.note(Self.checksumNote, digest)
            try Self.conclude(part, file, digest)
        }
        try await remove(copy, path)
    }

    func undo(_ operation: OperationContext) async throws(RPCError) {
        let (_, part, format) = try Self.files(
            operation.read(), operation, hypervisor.settings.with(operation.note(LibvirtProviderSettings.note)))
        unlink(part)
        if let path = operation.note(Self.pathNote) { try await remove(Self.copy(operation, format), path) }
    }

    /// Errors: `failedPrecondition`.
    static func check(_ machine: Hypervisor.Machine) throws(RPCError) {
        guard !machine.isActive else {
            throw RPCError(
                .failedPrecondition,
                "machine \(machine.name) is \(machine.state.name), and its disk changes while it would be copied; switch it off first (spec.powerState: Off)"
            )
        }
    }

    static func files(
        _ request: ExportDiskRequest, _ operation: OperationContext, _ settings: LibvirtProviderSettings
    ) throws(RPCError) -> (file: String, part: String, format: String) {
        let exchange = try Exchange(settings, backend: request.backendType, mode: request.transferMode)
        let file = try exchange.file(request.destinationURL, field: "destination_url")
        return (file, "\(file).\(operation.id).part", try Exchange.format(request.format))
    }

    private static func copy(_ operation: OperationContext, _ format: String) -> String { stem(operation.id) + format }

    /// How the name of the volume begins that an operation copies the disk to.
    static func stem(_ operation: String) -> String { "export-\(operation)." }

    private func remove(_ copy: String, _ path: String) async throws(RPCError) {
        try await hypervisor.act("remove the copy \(copy)") { connection throws(LibvirtError) in
            _ = try Storage.remove(connection, pool: connection.volume(path: path).pool().name, volume: copy)
        }
    }

    /// The bytes' SHA-256.
    private func bring(_ copy: String, _ path: String, _ part: String, _ operation: OperationContext) async throws(RPCError) -> String {
        let lane = hypervisor.lane("libvirt-export")
        do throws(LibvirtError) {
            return try await lane.run(by: .after(seconds: 12 * 3600)) { connection throws(LibvirtError) in
                let volume = try connection.volume(path: path).pool().volume(named: copy)
                let file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
                guard file >= 0 else { throw LibvirtError(.failed, "cannot make \(part): \(systemMessage(errno))") }
                defer { close(file) }
                var digests = Digests([])
                let stream = try volume.download()
                while true {
                    let piece = try stream.receive()
                    if piece.isEmpty { break }
                    digests.add(piece)
                    guard Files.writeAll(piece, to: file) else {
                        throw LibvirtError(errno == ENOSPC ? .noSpace : .failed, "cannot write \(part): \(systemMessage(errno))")
                    }
                }
                try stream.finish()
                guard fsync(file) == 0, let hex = digests.hex()["sha256"] else { throw LibvirtError(.failed, "cannot keep \(part)") }
                return hex
            }
        } catch {
            throw RPCError(error, doing: "bring the disk of machine \(operation.target) out")
        }
    }

    private static func conclude(_ part: String, _ file: String, _ digest: String) throws(RPCError) {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        do throws(Failure) {
            guard rename(part, file) == 0 else { throw Failure(.environment, "cannot name \(file): \(systemMessage(errno))") }
            // As sha256sum writes and checks it.
            try Files.writeDurably(Array("\(digest)  \(name)\n".utf8), to: file + ".sha256")
        } catch {
            throw RPCError(.failedPrecondition, error.message)
        }
    }
}
