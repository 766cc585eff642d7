import ObjectStore
import Objects
import Primitives
import ProviderRPC
import SimulatedProvider
import Synchronization

@testable import Controllers

/// A time of day that stands still until a test sets it.
final class DayClock: Sendable {
    private let time: Mutex<Double>

    init(_ text: String) { time = Mutex(Timestamp.unixSeconds(text) ?? 0) }

    var clock: WallClock { WallClock { self.time.withLock { $0 } } }

    func set(_ text: String) { time.withLock { $0 = Timestamp.unixSeconds(text) ?? 0 } }

    func advance(seconds: Double) { time.withLock { $0 += seconds } }
}

extension ManagerBed {
    /// One provider, and one machine that runs.
    static func withMachine(
        _ kind: SimulatedSettings.Kind = .local, taskSeconds: Double = 0.02, clock: WallClock = .system
    ) async throws -> ManagerBed {
        let bed = ManagerBed()
        try await bed.furnish("sim", kind)
        if taskSeconds != 0.02 {
            await bed.hypervisors.kill("sim")
            try await bed.hypervisors.start("sim", kind, taskSeconds: taskSeconds)
        }
        try await bed.start(clock: clock)
        try await bed.apply(.virtualMachine, machine("web1"))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions.isTrue("Ready") == true }
        return bed
    }

    /// - Parameter more: of the spec, with a comma before.
    func snapshot(_ name: String, _ more: String = "", of machine: String = "web1") async throws {
        try await apply(.vmSnapshot, #"{"metadata":{"name":"\#(name)"},"spec":{"vmRef":{"name":"\#(machine)"}\#(more)}}"#)
    }

    @discardableResult
    func waitSnapshot(_ name: String, until condition: (VMSnapshot?) -> Bool) async throws -> VMSnapshot? {
        try await wait(VMSnapshot.self, name, until: condition)
    }

    /// Has it looked at, as a clock in a test wakes nobody.
    func kick(_ name: String, _ annotations: [String: String] = [:]) async throws {
        while true {
            do throws(StoreError) {
                var object = try await store.get(ObjectKey(.vmSnapshot, "default", name))
                object.metadata.annotations["test/kick"] = String(UInt64.random(in: 0...UInt64.max))
                object.metadata.annotations.merge(annotations) { $1 }
                _ = try await store.update(object)
                return
            } catch {
                if error.reason == .notFound { return }
                guard error.reason == .conflict else { throw error }
            }
        }
    }

    func snapshots() async throws -> [VMSnapshot] { try await store.list(.vmSnapshot).items.map { VMSnapshot($0) } }

    /// Names of those that the hypervisor has.
    func hypervisorSnapshots() async throws -> [String] {
        try await hypervisors.provider("sim")?.hypervisor.inventory().snapshots.map(\.name).sorted() ?? []
    }

    func operations(_ method: ProviderMethod) async throws -> [Controllers.Operation] {
        try await operations().filter { $0.method == method }
    }
}

extension VMSnapshot? {
    var isReady: Bool { self?.status.phase == .ready && self?.status.conditions.isTrue("Ready") == true }

    var reason: String? { self?.status.conditions["Ready"]?.reason }
}
