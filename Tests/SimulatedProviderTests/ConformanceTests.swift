import ProviderConformance
import Testing

@testable import SimulatedProvider

@Suite struct ConformanceTests {
    private static func conform(
        _ kind: SimulatedSettings.Kind, _ bed: @escaping @Sendable (SimulatedSettings.Kind) async throws -> any ProviderBed
    ) async {
        await Check.each { check in
            let suite = ProviderConformance(limits: .init(callSeconds: 3)) { try await bed(kind) }
            for violation in await suite.violations([check]) { Issue.record("\(kind), \(check): \(violation)") }
        }
    }

    @Test(arguments: SimulatedSettings.Kind.allCases) func `a simulated provider conforms`(kind: SimulatedSettings.Kind) async {
        await Self.conform(kind) { try await SimulatedBed($0) }
    }

    @Test(arguments: SimulatedSettings.Kind.allCases) func `a simulated provider conforms over gRPC`(kind: SimulatedSettings.Kind) async {
        await Self.conform(kind) { try await GRPCBed($0) }
    }
}

extension Check {
    /// All of them, each with a provider of its own: they wait for most of their time, and so some do it beside each other.
    static func each(_ body: @escaping @Sendable (Check) async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            for (number, check) in allCases.enumerated() {
                if number >= 8 { await group.next() }
                group.addTask { await body(check) }
            }
        }
    }
}
