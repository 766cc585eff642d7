import ObjectStoreConformance
import Testing

@testable import ObjectStore

/// The suite finds what it is there to find.
@Suite struct SuiteTests {
    @Test(arguments: Check.allCases)
    func `a defect is found by its check`(check: Check) async {
        let suite = ObjectStoreConformance(limits: .init(watchSeconds: 0.5, bookmarkSeconds: 0.05)) {
            MemoryBed(bookmarkSeconds: check == .bookmarks ? 0.05 : 60) { DefectiveStore(check, $0) }
        }
        let found = await suite.violations([check])
        #expect(!found.isEmpty, "\(check)")
        #expect(found.allSatisfy { $0.check == check && !$0.detail.isEmpty }, "\(check): \(found)")
    }
}
