import Primitives
import ProviderConformance
import ProviderRPC
import ProviderTasks
import RPC
import Synchronization
import TestSupport

@testable import SimulatedProvider

/// A simulated hypervisor with its provider, reached within the process.
final class SimulatedBed: ProviderBed {
    let settings: SimulatedSettings
    private let folder = ScratchFolder()
    private let running = Mutex<SimulatedProvider?>(nil)
    private let decorate: @Sendable (any RPCTransport) -> any RPCTransport
    private let distort: @Sendable (HypervisorView) -> HypervisorView

    /// - Parameter decorate: what stands between the suite and the provider.
    init(
        _ kind: SimulatedSettings.Kind, taskSeconds: Double = 0.08,
        decorate: @escaping @Sendable (any RPCTransport) -> any RPCTransport = { $0 },
        distort: @escaping @Sendable (HypervisorView) -> HypervisorView = { $0 }
    ) async throws {
        settings = SimulatedSettings(kind, folder: folder.path, taskSeconds: taskSeconds, pollSeconds: 0.01)
        self.decorate = decorate
        self.distort = distort
        try await start()
    }

    func start() async throws {
        let provider = try await SimulatedProvider(settings)
        running.withLock { $0 = provider }
    }

    var provider: SimulatedProvider {
        get throws(RPCError) {
            guard let provider = running.withLock({ $0 }) else { throw RPCError(.unavailable, "the provider does not run") }
            return provider
        }
    }

    var transport: any RPCTransport {
        get async throws {
            let provider = try provider
            return decorate(InProcessTransport([provider.rpcService(), provider.engine.taskService()]))
        }
    }

    func restart() async throws {
        try await provider.shutdown(by: .after(seconds: 10))
        try await start()
    }

    func kill() async throws {
        let old = try provider
        await old.engine.abandon()
        await old.hypervisor.close()
        try await start()
    }

    func close() async {
        let old = running.withLock { provider in
            defer { provider = nil }
            return provider
        }
        await old?.engine.abandon()
        await old?.hypervisor.close()
    }

    func view() async throws -> HypervisorView { distort(try await Self.view(try provider.hypervisor)) }

    static func view(_ hypervisor: SimulatedHypervisor) async throws -> HypervisorView {
        let inventory = try await hypervisor.inventory()
        let names = Dictionary(uniqueKeysWithValues: inventory.machines.map { ($0.row, $0.name) })
        var halfMade: [String] = []
        for machine in inventory.machines {
            if !machine.isComplete { halfMade.append("machine \(machine.name)") }
            if !machine.lock.isEmpty { halfMade.append("machine \(machine.name), locked for \(machine.lock)") }
        }
        for volume in inventory.volumes {
            if !volume.isComplete { halfMade.append("volume \(volume.path)") }
            if volume.use != .image, volume.machine == nil { halfMade.append("volume \(volume.path) of no machine") }
        }
        for snapshot in inventory.snapshots where !snapshot.isComplete { halfMade.append("snapshot \(snapshot.reference)") }
        return HypervisorView(
            machines: inventory.machines.map { machine in
                let id = hypervisor.settings.kind == .upid ? machine.number.map(String.init) ?? "" : machine.uuid
                return HypervisorView.Machine(id: id, name: machine.name, isOn: machine.isOn)
            }, disks: inventory.volumes.map(\.path), snapshots: inventory.snapshots.map { "\(names[$0.machine] ?? "?")/\($0.reference)" },
            halfMade: halfMade)
    }

    func setFault(_ fault: BedFault?) async throws -> Bool {
        var faults = Faults()
        switch fault {
        case nil: break
        case .unreachable: faults.unreachable = true
        case .wrongCredentials: faults.wrongCredentials = true
        case .poolFull: faults.poolFull = true
        case .workFails: faults.failsAt = 0.5
        case .slow(let factor): faults.slowness = factor
        case .refusesCancel: faults.refusesCancel = true
        case .losesAnswers:
            // What was begun still goes on when it is asked for again.
            faults.slowness = 25
            let calls = ["create", "clone", "delete", "power", "volume", "define", "undefine", "work", "clean", "status", "find", "look"]
            faults.losesAnswers = Dictionary(uniqueKeysWithValues: calls.map { ($0, $0 == "look" ? 0 : 1) })
        }
        try faults.write(to: settings.faultsFile)
        return true
    }

    func machine(_ name: String) -> CreateRequest {
        CreateRequest(
            name: name, userData: Array("#cloud-config".utf8), classJSON: VMClass(cpu: 1, memoryMiB: 512).json,
            networksJSON: NetworkAttachment.json([NetworkAttachment(name: "lan")]),
            disksJSON: DiskSpec.json([DiskSpec(name: "data", sizeGiB: 2)]))
    }

    func image(_ name: String) -> ImagePrepareRequest? {
        let url = "http://images.example/\(name).qcow2"
        let checksum = Checksum(.sha256, hex: SHA256.hex(url.utf8))
        return ImagePrepareRequest(imageJSON: VMImage(url: url, format: "qcow2", checksum: checksum).json, targetName: name)
    }
}
