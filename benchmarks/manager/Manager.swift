import Controllers
import EmbeddedObjectStore
import Metrics
import ObjectStore
import Objects
import Primitives
import Reconciling
import Synchronization

/// What `martlet-manager serve` runs when it leads, without its ports and with a hypervisor of this process.
final class Manager: Sendable {
    let store: EmbeddedObjectStore
    let context: ControllerContext
    let keeper: JournalKeeper
    private let all: ControllerSet
    private let machines: Controller
    private let work: Task<Void, Never>
    /// When machines were first told to be ready, by name.
    private let ready = Mutex<[String: ContinuousClock.Instant]>([:])

    /// Opens the store and begins to work.
    init(_ folder: String, _ hypervisor: Hypervisor) async throws {
        store = try await EmbeddedObjectStore("\(folder)/objects.db")
        let journal = OperationJournal(store)
        try await journal.load()
        context = ControllerContext(journal: journal, links: ProviderLinks(hypervisor), informers: Informers(store))
        let controllers = AllControllers.make(context)
        guard let machines = controllers.first(where: { $0.kind == VirtualMachine.kind.kind }) else {
            throw Failure(.environment, "no controller")
        }
        self.machines = machines
        let set = ControllerSet(controllers, informers: context.informers.all)
        all = set
        let keeper = JournalKeeper(journal)
        self.keeper = keeper
        work = Task {
            async let rounds: Void = keeper.run()
            await set.run()
            await rounds
        }
        context.informers.machines.onChange { [weak self] old, new in
            guard let self, let new, old?.status.conditions.isTrue(ConditionType.ready) != true,
                new.status.conditions.isTrue(ConditionType.ready)
            else { return }
            ready.withLock { if $0[new.metadata.name] == nil { $0[new.metadata.name] = .now } }
        }
    }

    /// As the program's `/ready` says it.
    var isReady: Bool { all.hasSynced }

    /// Looks at machines that are over.
    var looks: Int { machines.queue.facts.workDurations.count }

    var isAtRest: Bool {
        all.controllers.allSatisfy { controller in
            let facts = controller.queue.facts
            return facts.depth == 0 && facts.working == 0
        }
    }

    var readyCount: Int { ready.withLock { $0.count } }

    func readyAt(_ name: String) -> ContinuousClock.Instant? { ready.withLock { $0[name] } }

    /// Changes of objects so far.
    func changes() async throws -> Int { Int(try await store.list(.vmImage).resourceVersion) ?? 0 }

    /// Looks at each of them once more, all at once.
    func look(at names: [ObjectName]) { for name in names { machines.queue.add(name) } }

    func wait(seconds: Double = 300, until condition: () async throws -> Bool) async throws {
        let deadline = Deadline.after(seconds: seconds)
        while try await !condition() {
            if deadline.hasPassed { throw Failure(.timeout, "after \(seconds) s \(readyCount) machines are ready, at rest: \(isAtRest)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// A provider, a class and an image.
    func furnish() async throws {
        try await make(
            .provider, "lab",
            [
                "type": "simulated", "endpoint": "unix:///run/martlet/lab.sock",
                "rateLimit": ["qps": .whole(Int64(Bench.callsPerSecond)), "burst": .whole(2 * Int64(Bench.callsPerSecond))],
            ])
        try await make(.vmClass, "small", ["cpu": 2, "memory": "4Gi", "diskDefaults": ["type": "thin", "size": "40Gi"]])
        try await make(.vmImage, "debian", ["source": ["http": ["url": "https://example.org/debian.qcow2"]]])
        try await wait(seconds: 30) { self.context.informers.providers.get("default", "lab")?.status.isHealthy == true }
        // The image is brought for the first machine that wants it.
        try await makeMachine("first")
        try await wait(seconds: 30) { self.readyAt("first") != nil && self.isAtRest }
    }

    func makeMachine(_ name: String) async throws {
        try await make(
            .virtualMachine, name,
            [
                "providerRef": ["name": "lab"], "classRef": ["name": "small"], "imageRef": ["name": "debian"], "powerState": "On",
                "networks": [["name": "lan"]], "tags": ["web", "front"],
                "userData": ["cloudInit": ["inline": .text("#cloud-config\nhostname: \(name)\npackages: [qemu-guest-agent, nginx]\n")]],
            ])
    }

    private func make(_ kind: ResourceKind, _ name: String, _ spec: ObjectValue) async throws {
        var metadata = ObjectMetadata(name: name, namespace: "default")
        metadata.labels = ["app": "web", "tier": "front"]
        _ = try await store.create(APIObject(kind, metadata, ["spec": spec]))
    }

    func removeMachine(_ name: String) async throws { _ = try await store.delete(ObjectKey(.virtualMachine, "default", name)) }
}
