import LibvirtAPI
import Primitives
import ProviderConformance
import Testing

@testable import LibvirtProvider

/// The contract of providers.
extension TestDriverTests {
    @Suite struct ConformanceTests {
        /// The driver has no bytes in its volumes, so it takes no images.
        @Test(arguments: Check.allCases.filter { $0 != .images })
        func `the provider conforms on the test driver`(check: Check) async {
            let suite = ProviderConformance(limits: .init(callSeconds: 3)) { try await LibvirtBed.testDriver() }
            for violation in await suite.violations([check]) { Issue.record("\(violation)") }
        }
    }
}

/// The same on a real hypervisor.
@Suite(.serialized, .live) struct LiveConformanceTests {
    @Test(arguments: Check.allCases) func `the provider conforms on QEMU`(check: Check) async {
        let suite = ProviderConformance(limits: .init(callSeconds: 3, taskSeconds: 120, gracefulSeconds: 60)) {
            try await LibvirtBed.live()
        }
        for violation in await suite.violations([check]) { Issue.record("\(violation)") }
    }
}
