import Testing

@testable import ProxmoxCollector

@Suite struct ClusterNamesTests {
    @Test func `of two that have one name from the beginning the first of the settings has it`() {
        let names = ClusterNames([])
        #expect(names.claim("lab", by: 1) == 1)
        #expect(names.claim("lab", by: 0) == 0)
        #expect(names.claim("lab", by: 1) == 0)
        #expect(names.claim("lab", by: 2) == 0)
    }

    @Test func `one that takes another name takes it away from nobody`() {
        let names = ClusterNames([])
        #expect(names.claim("mine", by: 0) == 0)
        #expect(names.claim("prod", by: 1) == 1)
        for _ in 0..<3 {
            #expect(names.claim("prod", by: 0) == 1)
            #expect(names.claim("prod", by: 1) == 1)
        }
    }

    @Test func `a name is free again when its owner has another`() {
        let names = ClusterNames([])
        #expect(names.claim("lab", by: 0) == 0)
        #expect(names.claim("lab", by: 1) == 0)
        #expect(names.claim("other", by: 0) == 0)
        #expect(names.claim("lab", by: 1) == 1)
        #expect(names.claim("lab", by: 0) == 1)
    }
}
