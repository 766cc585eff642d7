import Glibc
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import TestSupport
import Testing

@testable import LibvirtProvider

/// A real libvirtd with QEMU, where there is one to be had: MARTLET_TEST_LIBVIRT_URI, and an image that a server has (MARTLET_TEST_IMAGE_URL,
/// MARTLET_TEST_IMAGE_SHA256), and the folder of its pool "small" (MARTLET_TEST_SMALL_FOLDER). Tests/EndToEnd/test_libvirt_provider.py brings them.
enum LiveHypervisor {
    static let uri = environment("MARTLET_TEST_LIBVIRT_URI")
    static let imageURL = environment("MARTLET_TEST_IMAGE_URL") ?? ""
    static let imageSHA256 = environment("MARTLET_TEST_IMAGE_SHA256") ?? ""
    static let smallFolder = environment("MARTLET_TEST_SMALL_FOLDER")

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// A provider with a journal of its own.
    static func provider(_ folder: ScratchFolder, configure: (inout LibvirtProviderSettings) -> Void = { _ in }) async throws
        -> LibvirtProvider
    {
        var settings = LibvirtProviderSettings(uri: uri ?? "")
        // /dev/kvm may be there and yet not work.
        settings.domainType = "qemu"
        configure(&settings)
        return try await LibvirtProvider(settings, journal: TaskJournal(folder.path + "/tasks.db"))
    }
}

extension Trait where Self == ConditionTrait {
    /// Only with a real hypervisor.
    static var live: Self { .enabled(if: LiveHypervisor.uri != nil, "MARTLET_TEST_LIBVIRT_URI names no libvirtd") }
}

extension LibvirtProvider {
    static let call = RPCCall(path: "/provider.v1.Provider/Test")

    static func call(key: String) -> RPCCall {
        RPCCall(path: call.path, metadata: RPCMetadata([(IdempotencyKey.metadataName, key)]))
    }

    /// Waits for a task to end well; nil is one that has.
    func finish(_ task: TaskRef?, seconds: Double = 240) async throws {
        guard let task else { return }
        let end = try #require(await tasks.end(of: task.id, by: .after(seconds: seconds)), "task \(task.id) is not over")
        #expect(end.state == .succeeded, "\(end.kind): \(end.code.name): \(end.message)")
        guard end.state == .succeeded else { throw RPCError(end.code, end.message) }
    }

    /// How a task failed.
    func failure(_ task: TaskRef?, seconds: Double = 240) async throws -> RPCError? {
        guard let task else { return nil }
        let end = try #require(await tasks.end(of: task.id, by: .after(seconds: seconds)), "task \(task.id) is not over")
        return end.state == .failed ? RPCError(end.code, end.message) : nil
    }

    func describe(_ id: String) async throws -> DescribeResponse { try await describe(DescribeRequest(id: id), Self.call) }
}

/// The error of a call; nil when it went well.
func refusal<Value>(_ body: () async throws(RPCError) -> Value) async -> RPCError? {
    do throws(RPCError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}
