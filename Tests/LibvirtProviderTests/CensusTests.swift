import LibvirtAPI
import Testing

@testable import LibvirtProvider

@Suite struct CensusTests {
    @Test func `Each state has its number, 0 where no domain is in it`() {
        let census = LibvirtProvider.Census(
            host: "h1", [(1, 1), (1, 2), (5, 1), (99, 0)].map { DomainState(state: $0.0, reason: $0.1) })
        var expected = ["nostate": 0, "running": 2, "blocked": 0, "paused": 0, "shutdown": 0, "shutoff": 1, "crashed": 0, "pmsuspended": 0]
        expected["99"] = 1
        #expect(census.domains == expected)
    }
}
