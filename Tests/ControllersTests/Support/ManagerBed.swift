import JSON
import ObjectStore
import Objects
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import SimulatedProvider
import Synchronization
import TestSupport

@testable import Controllers
@testable import Reconciling

/// A manager within the process: a store in memory, all controllers, and simulated providers behind `unix:///bed/NAME`.
final class ManagerBed: Sendable {
    let store: any ObjectStore
    let hypervisors = HypervisorBed()
    private let running = Mutex<Running?>(nil)

    private struct Running {
        let context: ControllerContext
        let controllers: [Controller]
        let task: Task<Void, Never>
    }

    /// The store as the manager has it, which may be another one than the test's.
    private let managerStore: any ObjectStore

    /// - Parameter manager: makes of the store what the manager has of it.
    init(_ store: any ObjectStore = MemoryObjectStore(), manager: (any ObjectStore)? = nil) {
        self.store = store
        managerStore = TruthfulStore(manager ?? store)
    }

    /// What a manager makes of itself when it begins to lead.
    func start(clock: WallClock = .system, workers: Int = 64) async throws {
        let informers = Informers(managerStore)
        let journal = OperationJournal(managerStore, clock: clock)
        try await journal.load()
        let context = ControllerContext(journal: journal, links: ProviderLinks(hypervisors), informers: informers, clock: clock)
        let controllers = AllControllers.make(context, workers: workers)
        let set = ControllerSet(controllers, informers: informers.all)
        let task = Task { await set.run() }
        running.withLock { $0 = Running(context: context, controllers: controllers, task: task) }
    }

    /// Of a manager that runs.
    var context: ControllerContext {
        guard let context = running.withLock({ $0?.context }) else { preconditionFailure("the manager does not run") }
        return context
    }

    /// Looks of a controller that ended so.
    func looks(_ controller: String, _ outcome: ReconcileResult.Outcome) -> Int {
        running.withLock { $0?.controllers.first { $0.name == controller }?.book.contents.outcomes[outcome] } ?? 0
    }

    /// Looks at objects, of all controllers.
    var reconciles: Int { running.withLock { $0?.controllers.reduce(0) { $0 + $1.book.contents.outcomes.values.reduce(0, +) } ?? 0 } }

    func stop() async {
        let running = running.withLock { running in
            defer { running = nil }
            return running
        }
        running?.task.cancel()
        await running?.task.value
        running?.context.links.removeAll()
    }

    func close() async {
        await stop()
        await hypervisors.close()
    }

    // MARK: objects

    /// - Parameter text: of a whole object in JSON, without apiVersion.
    @discardableResult
    func apply(_ kind: ResourceKind, _ text: String) async throws -> APIObject {
        var problems: [FieldProblem] = []
        var object = APIObject(kind, try ObjectValue(parsing: Array(text.utf8)), &problems)
        if kind.isNamespaced, object.metadata.namespace.isEmpty { object.metadata.namespace = "default" }
        while true {
            do throws(StoreError) {
                var kept = try await store.get(object.key)
                kept.spec = object.spec
                kept.metadata.labels = object.metadata.labels
                kept.metadata.annotations = object.metadata.annotations
                return try await store.update(kept)
            } catch {
                if error.reason == .notFound { return try await store.create(object) }
                guard error.reason == .conflict else { throw error }
            }
        }
    }

    func get<Kind: TypedKind>(_ type: Kind.Type, _ name: String, in namespace: String = "default") async throws -> Kind? {
        do throws(StoreError) {
            return Kind(try await store.get(ObjectKey(Kind.kind, namespace, name)))
        } catch {
            guard error.reason == .notFound else { throw error }
            return nil
        }
    }

    func delete(_ kind: ResourceKind, _ name: String, in namespace: String = "default") async throws {
        _ = try await store.delete(ObjectKey(kind, namespace, name))
    }

    /// Waits until an object is so; nil when it is not there.
    @discardableResult
    func wait<Kind: TypedKind>(
        _ type: Kind.Type, _ name: String, in namespace: String = "default", seconds: Double = 60, until condition: (Kind?) -> Bool
    ) async throws -> Kind? {
        let deadline = Deadline.after(seconds: seconds)
        while true {
            let object = try await get(type, name, in: namespace)
            if condition(object) { return object }
            if deadline.hasPassed {
                throw Failure(.timeout, "\(name) is not so: \(object.map { String(decoding: $0.object.json, as: UTF8.self) } ?? "gone")")
            }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Changes a spec past what the schema allows.
    func applyAnyhow(_ kind: ResourceKind, _ name: String, _ change: (ObjectValue) -> ObjectValue) async throws {
        while true {
            var object = try await store.get(ObjectKey(kind, "default", name))
            object.spec = change(object.spec)
            do throws(StoreError) {
                _ = try await store.update(object)
                return
            } catch { guard error.reason == .conflict else { throw error } }
        }
    }

    func annotate(_ kind: ResourceKind, _ name: String, _ annotations: [String: String]) async throws {
        while true {
            do throws(StoreError) {
                var object = try await store.get(ObjectKey(kind, "default", name))
                object.metadata.annotations.merge(annotations) { $1 }
                _ = try await store.update(object)
                return
            } catch { guard error.reason == .conflict else { throw error } }
        }
    }

    /// As when somebody removes a machine on the hypervisor, past the manager.
    func takeAway(_ id: String?, from name: String = "sim") async throws {
        guard let id, let provider = hypervisors.provider(name) else { throw Failure(.unavailable, "there is none") }
        let client = ProviderClient(InProcessTransport([provider.rpcService(), provider.engine.taskService()]))
        _ = try await client.delete(DeleteRequest(id: id), RPCOptions(deadline: .after(seconds: 30)))
        try await eventually { try await !client.describe(DescribeRequest(id: id), RPCOptions(deadline: .after(seconds: 30))).exists }
        context.links["default/\(name)"]?.machines.forget(id)
    }

    func eventually(seconds: Double = 60, _ condition: () async throws -> Bool) async throws {
        let deadline = Deadline.after(seconds: seconds)
        while try await !condition() {
            if deadline.hasPassed { throw Failure(.timeout, "it is not so") }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Providers that the manager's metrics speak of.
    var providersWithSeries: Set<String> { Set(context.journal.sums.keys).union(context.links.all.map(\.link.name)) }

    /// A provider, a class and an image to make machines of.
    func furnish(_ provider: String = "sim", _ kind: SimulatedSettings.Kind = .local) async throws {
        try await hypervisors.start(provider, kind)
        try await apply(
            .provider,
            #"{"metadata":{"name":"\#(provider)"},"spec":{"type":"simulated","endpoint":"unix:///bed/\#(provider)","rateLimit":{"qps":1000,"burst":2000},"healthCheck":{"interval":"1s"}}}"#
        )
        try await apply(
            .vmClass, #"{"metadata":{"name":"small"},"spec":{"cpu":1,"memory":"1Gi","diskDefaults":{"type":"thin","size":"4Gi"}}}"#)
        try await apply(.vmImage, #"{"metadata":{"name":"debian"},"spec":{"source":{"http":{"url":"https://example.org/debian.qcow2"}}}}"#)
    }

    static func machine(_ name: String, provider: String = "sim", _ more: String = "") -> String {
        #"{"metadata":{"name":"\#(name)"},"spec":{"providerRef":{"name":"\#(provider)"},"classRef":{"name":"small"},"imageRef":{"name":"debian"},"networks":[{"name":"lan"}]\#(more)}}"#
    }

    /// Ends of operations, as they stand in the store.
    func operations() async throws -> [Controllers.Operation] {
        try await store.list(.vmOperation).items.compactMap { Controllers.Operation($0) }
    }
}

/// Simulated hypervisors with their providers, by name.
final class HypervisorBed: ProviderDialer {
    private let folder = ScratchFolder()
    private let providers = Mutex<[String: SimulatedProvider]>([:])
    /// Codes that every call of a provider gets in place of an answer.
    private let broken = Mutex<[String: RPCError]>([:])
    private let held = Mutex<[String: HangingCalls]>([:])
    private let garbled = Mutex<[String: RPCError]>([:])
    /// Answers of a provider's methods that stand in for its own.
    private let stubs = Mutex<[String: @Sendable () async -> Result<[UInt8], RPCError>]>([:])
    /// Told of every call.
    let heard = Mutex<[(provider: String, path: String)]>([])

    func start(_ name: String, _ kind: SimulatedSettings.Kind = .local, taskSeconds: Double = 0.02) async throws {
        let settings = SimulatedSettings(kind, folder: "\(folder.path)/\(name)", taskSeconds: taskSeconds, pollSeconds: 0.01)
        let provider = try await SimulatedProvider(settings)
        providers.withLock { $0[name] = provider }
    }

    func provider(_ name: String) -> SimulatedProvider? { providers.withLock { $0[name] } }

    /// What goes wrong on a hypervisor from now on.
    func faults(_ name: String, _ change: (inout Faults) -> Void) throws {
        var faults = Faults()
        change(&faults)
        try faults.write(to: "\(folder.path)/\(name)/faults.json")
    }

    /// As when its process is killed.
    func kill(_ name: String) async {
        let provider = providers.withLock { $0.removeValue(forKey: name) }
        await provider?.engine.abandon()
        await provider?.hypervisor.close()
    }

    func close() async { for name in providers.withLock({ Array($0.keys) }) { await kill(name) } }

    /// Of the hypervisor itself, from now on.
    func spoil(_ name: String, _ faults: Faults) throws { try faults.write(to: "\(folder.path)/\(name)/faults.json") }

    func breakCalls(_ name: String, _ error: RPCError?) { broken.withLock { $0[name] = error } }

    /// - Parameter method: `Validate`; empty for all that have none of their own.
    func stub(_ name: String, _ method: String, _ answer: (@Sendable () async -> Result<[UInt8], RPCError>)?) {
        stubs.withLock { $0["\(name) \(method)"] = answer }
    }

    /// A call waits, and is made then.
    func hold(_ name: String, _ method: String, _ calls: HangingCalls) { held.withLock { $0["\(name) \(method)"] = calls } }

    private func held(_ name: String, _ path: String) -> HangingCalls? {
        held.withLock { $0["\(name) \(path.split(separator: "/").last ?? "")"] }
    }

    /// Does what it is asked for, and answers with an error.
    func garble(_ name: String, _ method: String, _ error: RPCError) { garbled.withLock { $0["\(name) \(method)"] = error } }

    private func garbled(_ name: String, _ path: String) -> RPCError? {
        garbled.withLock { $0["\(name) \(path.split(separator: "/").last ?? "")"] }
    }

    private func stub(_ name: String, _ path: String) -> (@Sendable () async -> Result<[UInt8], RPCError>)? {
        let method = path.split(separator: "/").last.map(String.init) ?? ""
        return stubs.withLock { $0["\(name) \(method)"] ?? $0["\(name) "] }
    }

    /// How often a method of a provider was called.
    func count(_ name: String, _ method: String) -> Int {
        heard.withLock { $0.count { $0.provider == name && $0.path.hasSuffix("/" + method) } }
    }

    func dial(_ recipe: ProviderRecipe) throws(Failure) -> (transport: any RPCTransport, close: @Sendable () -> Void) {
        // `unix:///bed/NAME`, or with certificates `grpc://NAME:1`.
        let place = recipe.endpoint.split(separator: "/").last.map(String.init) ?? ""
        return (BedTransport(bed: self, name: place.hasSuffix(":1") ? String(place.dropLast(2)) : place), {})
    }

    /// Names of machines that there are.
    func machines(_ name: String) async throws -> [String] {
        try await provider(name)?.hypervisor.inventory().machines.map(\.name).sorted() ?? []
    }

    private struct BedTransport: RPCTransport {
        let bed: HypervisorBed
        let name: String

        func call(_ path: String, _ message: [UInt8], by deadline: Deadline, metadata: RPCMetadata) async throws(RPCError) -> [UInt8] {
            bed.heard.withLock { $0.append((name, path)) }
            if let calls = bed.held(name, path) { _ = await calls.wait() }
            if let stub = bed.stub(name, path) { return try await stub().get() }
            if let error = bed.broken.withLock({ $0[name] }) { throw error }
            guard let provider = bed.provider(name) else { throw RPCError(.unavailable, "nobody answers at \(name)") }
            let answer = try await InProcessTransport([provider.rpcService(), provider.engine.taskService()])
                .call(path, message, by: deadline, metadata: metadata)
            if let error = bed.garbled(name, path) { throw error }
            return answer
        }
    }
}
