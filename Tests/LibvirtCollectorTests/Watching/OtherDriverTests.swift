import LibvirtAPI
import Primitives
import Testing

@testable import LibvirtCollector

/// Hypervisors whose driver has fewer calls than QEMU's.
@Suite struct OtherDriverTests {
    @Test func `a driver that tells no statistics is no trouble, and it is known that it tells none`() async {
        let stand = Stand(Stand.twenty { $0.errors = [ShardReading.call: SourceError(.unsupported, "not by this driver")] })
        #expect(stand.view.tellsStatistics == nil)
        #expect(await stand.watch.round())
        #expect(stand.view.tellsStatistics == false && stand.told == 0 && stand.suspects.isEmpty && stand.view.problems.isEmpty)
        // What fails says nothing of the driver.
        stand.hypervisor.set { $0.errors = [ShardReading.call: SourceError(.failed, "no")] }
        #expect(await stand.watch.round())
        #expect(stand.view.tellsStatistics == false)
        stand.hypervisor.set { $0.errors = [:] }
        #expect(await stand.watch.round())
        #expect(stand.view.tellsStatistics == true && stand.told == 20)
    }
}
