import ProviderConformance
import Testing

@testable import SimulatedProvider

@Suite struct ConformanceTests {
    @Test(arguments: SimulatedSettings.Kind.allCases, Check.allCases)
    func `a simulated provider conforms`(kind: SimulatedSettings.Kind, check: Check) async {
        let suite = ProviderConformance(limits: .init(callSeconds: 3)) { try await SimulatedBed(kind) }
        for violation in await suite.violations([check]) { Issue.record("\(violation)") }
    }

    @Test(arguments: SimulatedSettings.Kind.allCases, Check.allCases)
    func `a simulated provider conforms over gRPC`(kind: SimulatedSettings.Kind, check: Check) async {
        let suite = ProviderConformance(limits: .init(callSeconds: 3)) { try await GRPCBed(kind) }
        for violation in await suite.violations([check]) { Issue.record("\(violation)") }
    }
}
