import ObjectStoreConformance
import Testing

@testable import ObjectStore

@Suite struct ConformanceTests {
    @Test(arguments: Check.allCases)
    func `the store in memory keeps every promise`(check: Check) async {
        let suite = ObjectStoreConformance(limits: .init(bookmarkSeconds: 0.05)) {
            MemoryBed(bookmarkSeconds: check == .bookmarks ? 0.05 : 60)
        }
        for violation in await suite.violations([check]) { Issue.record("\(violation)") }
    }

    @Test(arguments: UInt64(2)..<12)
    func `random requests do what a simple model does`(seed: UInt64) async {
        let suite = ObjectStoreConformance(limits: .init(requests: 400, seed: seed)) { MemoryBed() }
        for violation in await suite.violations([.model]) { Issue.record("\(violation)") }
    }
}
