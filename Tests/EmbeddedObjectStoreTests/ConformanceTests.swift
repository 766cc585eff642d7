import ObjectStoreConformance
import Testing

@testable import EmbeddedObjectStore

@Suite struct ConformanceTests {
    @Test(arguments: Check.allCases)
    func `the store on disk keeps every promise`(check: Check) async {
        let suite = ObjectStoreConformance(limits: .init(bookmarkSeconds: 0.05, requests: 300)) {
            try await EmbeddedBed(bookmarkSeconds: check == .bookmarks ? 0.05 : 60)
        }
        for violation in await suite.violations([check]) { Issue.record("\(violation)") }
    }
}
