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
    /// Images that are hostile.
    static let madeFolder = environment("MARTLET_TEST_MADE_FOLDER") ?? ""
    static let password = environment("MARTLET_TEST_PASSWORD")

    /// Has something done to the hypervisor from outside: restart, crash, down, up, `pause NAME`, `resume NAME`.
    static func hand(_ wish: String) async throws {
        let folder = try #require(environment("MARTLET_TEST_HAND"))
        unlink(folder + "/done")
        let file = open(folder + "/do.new", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let bytes = Array(wish.utf8)
        #expect(write(file, bytes, bytes.count) == bytes.count)
        close(file)
        rename(folder + "/do.new", folder + "/do")
        let deadline = Deadline.after(seconds: 60)
        while access(folder + "/done", R_OK) != 0 {
            try #require(!deadline.hasPassed, "nobody did \(wish)")
            try await Task.sleep(for: .milliseconds(20))
        }
        let said = open(folder + "/done", O_RDONLY)
        defer { close(said) }
        var answer = [UInt8](repeating: 0, count: 4096)
        let count = read(said, &answer, answer.count)
        try #require(
            String(decoding: answer.prefix(max(0, count)), as: UTF8.self) == "ok",
            "\(wish): \(String(decoding: answer.prefix(max(0, count)), as: UTF8.self))")
    }

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// A provider with a journal of its own.
    static func provider(_ folder: ScratchFolder, configure: (inout LibvirtProviderSettings) -> Void = { _ in }) async throws
        -> LibvirtProvider
    {
        var settings = LibvirtProviderSettings(uri: uri ?? "")
        // /dev/kvm may be there and yet not work.
        settings.domainType = "qemu"
        settings.imageSources = ["127.0.0.0/8"]
        settings.lateSeconds = 1
        settings.imagePools = ["default"]
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
