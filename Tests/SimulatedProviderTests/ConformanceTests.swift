import ProviderConformance
import Testing

@testable import SimulatedProvider

@Suite struct ConformanceTests {
    @Test func `a simulated provider conforms`() async {
        await Self.conform { try await SimulatedBed($0) }
    }

    @Test func `a simulated provider conforms over gRPC`() async {
        await Self.conform { try await GRPCBed($0) }
    }

    private static func conform(_ bed: @escaping @Sendable (SimulatedSettings.Kind) async throws -> any ProviderBed) async {
        await withTaskGroup(of: Void.self) { group in
            for kind in SimulatedSettings.Kind.allCases {
                group.addTask {
                    await Check.each { check in
                        let suite = ProviderConformance(limits: .init(callSeconds: 3)) { try await bed(kind) }
                        for violation in await suite.violations([check]) { Issue.record("\(kind), \(check): \(violation)") }
                    }
                }
            }
        }
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
