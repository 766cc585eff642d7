import ObjectStore
import Objects
import ProviderRPC
import Synchronization
import Testing

@testable import Controllers

/// Namespaces that are being deleted take nothing new, as a kube-apiserver has it.
struct EndingNamespaceTests {
    private static let ready: @Sendable (VirtualMachine?) -> Bool = { $0?.status.conditions.isTrue("Ready") == true }

    private func bed(_ store: EndingStore) async throws -> ManagerBed {
        let bed = ManagerBed(store)
        try await bed.furnish("sim")
        try await bed.start()
        return bed
    }

    private func machine(_ bed: ManagerBed, in namespace: String) async throws {
        try await bed.apply(
            .virtualMachine,
            #"{"metadata":{"name":"web1","namespace":"\#(namespace)"},"spec":{"providerRef":{"name":"sim","namespace":"default"},"classRef":{"name":"small","namespace":"default"},"imageRef":{"name":"debian","namespace":"default"},"networks":[{"name":"lan"}]}}"#
        )
        try await bed.wait(VirtualMachine.self, "web1", in: namespace, until: Self.ready)
    }

    @Test func `a machine goes with its namespace, and its operation stands where its provider is`() async throws {
        let store = EndingStore()
        let bed = try await bed(store)
        try await machine(bed, in: "team")
        store.end(["team"])
        try await bed.delete(.virtualMachine, "web1", in: "team")
        try await bed.wait(VirtualMachine.self, "web1", in: "team") { $0 == nil }
        #expect(try await bed.hypervisors.machines("sim").isEmpty)
        let operation = try await bed.operations().first { $0.method == .delete }
        #expect(operation?.namespace == "default" && operation?.target.namespace == "team")
        await bed.close()
    }

    @Test(.timeLimit(.minutes(1))) func `the operation goes on over a restart, wherever it stands`() async throws {
        let store = EndingStore()
        let bed = try await bed(store)
        try await machine(bed, in: "team")
        store.end(["team"])
        bed.hypervisors.stub("sim", "TaskStatus") { .success([]) }
        try await bed.delete(.virtualMachine, "web1", in: "team")
        try await bed.eventually { try await bed.operations().contains { $0.method == .delete && $0.taskID != nil } }
        await bed.stop()
        bed.hypervisors.stub("sim", "TaskStatus", nil)
        try await bed.start()
        try await bed.wait(VirtualMachine.self, "web1", in: "team") { $0 == nil }
        #expect(try await bed.operations().count { $0.method == .delete } == 1)
        await bed.close()
    }

    @Test func `where the provider's namespace goes too, the manager's own has it`() async throws {
        let store = EndingStore()
        store.end(["team", "default"])
        let journal = OperationJournal(store, spareNamespace: "managers")
        let target = Controllers.Operation.Target(kind: "VirtualMachine", namespace: "team", name: "web", uid: "u")
        func draft(_ method: ProviderMethod) -> Controllers.Operation {
            Controllers.Operation(method, of: target, provider: "default/one", type: "libvirt")
        }
        #expect(try await journal.begin(draft(.delete)).namespace == "managers")
        // What would be made would have to go again.
        var other = draft(.create)
        other.target.uid = "v"
        await #expect(throws: (any Error).self) { try await journal.begin(other) }
    }
}

/// A store some of whose namespaces are being deleted.
private final class EndingStore: ObjectStore {
    private let base = MemoryObjectStore()
    private let ending = Mutex<Set<String>>([])

    func end(_ namespaces: Set<String>) { ending.withLock { $0 = namespaces } }

    func create(_ object: APIObject) async throws(StoreError) -> APIObject {
        let namespace = object.metadata.namespace
        guard !ending.withLock({ $0.contains(namespace) }) else {
            throw StoreError(
                .forbidden,
                "\(object.kind.plural) \"\(object.metadata.name)\" is forbidden: unable to create new content in namespace \(namespace) because it is being terminated"
            )
        }
        return try await base.create(object)
    }

    func get(_ key: ObjectKey) async throws(StoreError) -> APIObject { try await base.get(key) }

    func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        try await base.list(kind, in: namespace, selector)
    }

    func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject { try await base.update(object, part) }

    func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        try await base.delete(key, precondition)
    }

    func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try await base.watch(kind, in: namespace, from: version)
    }
}
