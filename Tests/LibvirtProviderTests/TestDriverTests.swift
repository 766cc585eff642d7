import LibvirtAPI
import Primitives
import ProviderConformance
import ProviderRPC
import ProviderTasks
import RPC
import Synchronization
import TestSupport
import Testing

@testable import LibvirtProvider

/// On libvirt's test driver, whose world all connections of the process share: one test at a time.
@Suite(.serialized, .enabled(if: (try? LibvirtLibrary.load()) != nil, "libvirt.so.0 is not installed"))
enum TestDriverTests {}

/// That world with a provider on it, and a way past the provider.
final class TestDriverWorld: Sendable {
    static let pool = "default-pool"

    let provider: LibvirtProvider
    let connection: LibvirtConnection
    private let folder = ScratchFolder()

    static let settings: LibvirtProviderSettings = {
        var settings = LibvirtProviderSettings(uri: "test:///default")
        settings.pool = pool
        settings.lateSeconds = 0
        settings.imagePools = [pool]
        return settings
    }()

    init() async throws {
        connection = try LibvirtConnection.open(Self.settings.uri, library: LibvirtLibrary.load())
        provider = try await LibvirtProvider(Self.settings, journal: TaskJournal(folder.path + "/tasks.db"))
    }

    /// The next test finds the world as this one has found it.
    func close() async {
        await provider.tasks.abandon()
        for domain in (try? connection.domains()) ?? [] where domain.name != "test" {
            for snapshot in ((try? domain.snapshots()) ?? []).reversed() { try? snapshot.delete() }
            try? Removal.remove(domain)
        }
        for pool in (try? connection.pools()) ?? [] { for volume in (try? pool.volumes()) ?? [] { try? volume.delete() } }
    }

    /// A machine that runs, with a first disk and those named.
    func make(_ name: String, disks: [DiskSpec] = [], format: String? = nil) async throws -> String {
        let vmClass = VMClass(cpu: 1, memoryMiB: 256, diskDefaults: VMClass.DiskDefaults(type: format, sizeGiB: 1))
        let made = try await provider.create(
            CreateRequest(name: name, classJSON: vmClass.json, disksJSON: disks.isEmpty ? "" : DiskSpec.json(disks)), LibvirtProvider.call)
        try await provider.finish(made.task, seconds: 20)
        return made.id
    }

    func power(_ id: String, _ op: PowerOp) async throws {
        try await provider.finish(try await provider.power(PowerRequest(id: id, op: op), LibvirtProvider.call).task, seconds: 20)
    }

    func volumes() throws -> Set<String> { Set(try connection.pool(named: Self.pool).volumes().map(\.name)) }

    /// One more pool, which is active.
    func pool(_ name: String) throws -> LibvirtPool {
        let pool = try connection.definePool("<pool type='dir'><name>\(name)</name><target><path>/\(name)-pool</path></target></pool>")
        try pool.start()
        return pool
    }

    /// Runs work of an operation that the test makes up, in the provider's place.
    func run(
        _ method: ProviderMethod, _ request: [UInt8], draft: OperationDraft, seconds: Double = 20, work: any OperationWork
    ) async throws -> Operation {
        let folder = ScratchFolder()
        let kind = OperationKind(method.rawValue, retrySeconds: 5, undoSeconds: 2, work: work).accounted
        let engine = try await TaskEngine(TaskJournal(folder.path + "/tasks.db"), kinds: [kind])
        let operation = try await engine.accept(method, request: request, from: LibvirtProvider.call, token: nil) { _ throws(RPCError) in
            draft
        }
        let end = try #require(await engine.end(of: operation.id, by: .after(seconds: seconds)))
        await engine.shutdown(by: .after(seconds: 5))
        return end
    }
}

/// Work that a test makes of what it likes.
struct MadeUpWork: OperationWork {
    var run: @Sendable (OperationContext) async throws(RPCError) -> Void
    var undo: @Sendable (OperationContext) async throws(RPCError) -> Void = { _ in }

    func run(_ operation: OperationContext) async throws(RPCError) { try await run(operation) }
    func undo(_ operation: OperationContext) async throws(RPCError) { try await undo(operation) }
}

/// What such work has to tell the test.
final class Sayings: Sendable {
    private let said = Mutex<[String]>([])
    var all: [String] { said.withLock { $0 } }
    func add(_ words: String) { said.withLock { $0.append(words) } }
}
