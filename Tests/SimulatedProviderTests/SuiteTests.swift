import Primitives
import ProviderConformance
import ProviderRPC
import RPC
import Testing

@testable import SimulatedProvider

/// The suite finds what it is there to find.
@Suite struct SuiteTests {
    @Test func `a defect is found by its check`() async {
        await Check.each { check in
            let suite = ProviderConformance(limits: .init(callSeconds: 0.3)) { try await Self.defective(check) }
            let found = await suite.violations([check])
            #expect(!found.isEmpty, "\(check)")
            #expect(found.allSatisfy { $0.check == check && !$0.detail.isEmpty }, "\(check): \(found)")
        }
    }

    /// A provider that does not do what the check is about.
    private static func defective(_ check: Check) async throws -> any ProviderBed {
        switch check {
        case .kill, .restart: try await ForgetfulBed(.local)
        case .lostAnswers:
            // As if it had made what it made before once more.
            try await SimulatedBed(
                .upid,
                distort: { view in
                    HypervisorView(machines: view.machines + view.machines, disks: view.disks, snapshots: view.snapshots, halfMade: [])
                })
        default: try await SimulatedBed(.local, decorate: { DefectiveTransport(defect: check, inner: $0) })
        }
    }

    @Test(arguments: [Check.lifeCycle, .runningDelete, .clones, .failures, .cancel, .kill])
    func `what is left behind is found`(check: Check) async {
        let suite = ProviderConformance(limits: .init(callSeconds: 3)) {
            try await SimulatedBed(
                .moref,
                distort: { view in
                    guard view.machines.isEmpty else { return view }
                    return HypervisorView(machines: [], disks: view.disks, snapshots: [], halfMade: ["volume /pools/default/left"])
                })
        }
        #expect(await !suite.violations([check]).isEmpty)
    }
}

/// Its provider forgets its journal whenever it ends.
final class ForgetfulBed: ProviderBed {
    private let bed: SimulatedBed

    init(_ kind: SimulatedSettings.Kind) async throws { bed = try await SimulatedBed(kind) }

    private func forget() async throws {
        await bed.close()
        for suffix in ["", "-wal", "-shm"] { Files.remove(bed.settings.journalFile + suffix) }
        try await bed.start()
    }

    var transport: any RPCTransport { get async throws { try await bed.transport } }
    func restart() async throws { try await forget() }
    func kill() async throws { try await forget() }
    func view() async throws -> HypervisorView { try await bed.view() }
    func setFault(_ fault: BedFault?) async throws -> Bool { try await bed.setFault(fault) }
    func machine(_ name: String) -> CreateRequest { bed.machine(name) }
    func image(_ name: String) -> ImagePrepareRequest? { bed.image(name) }
    func close() async { await bed.close() }
}
