import Testing

@testable import LibvirtCollector

@Suite struct DomainStatisticsTests {
    @Test func `what QEMU told is read`() throws {
        let told = DomainStatistics(try Fixtures.statistics("web.txt"))
        #expect(!told.isPartial)
        #expect(told.currentVCPUs == 1 && told.maximumVCPUs == 2)
        #expect(
            told.vcpus.map(\.name) == ["0"] && told.vcpus[0].fields[.time] == 120_000_000 && told.vcpus[0].fields[.delay] == 153_703_131)
        #expect(told.blocks.map(\.name) == ["vda", "vdb", "hda"])
        #expect(told.blocks[0].fields[.readTimes] == 78577 && told.blocks[1].fields[.capacity] == 8_388_608)
        // An empty drive has no size.
        #expect(told.blocks[2].fields[.capacity] == nil && told.blocks[2].fields[.readBytes] == 0)
        #expect(told.interfaces.map(\.name) == ["vnet0"] && told.interfaces[0].fields[.receiveBytes] == 110)
        // A guest that has told nothing was updated at no time.
        #expect(told.memory[.lastUpdate] == nil && told.memory[.rss] == 42520 && told.memory[.usable] == nil)
    }

    @Test func `a domain that another command holds has told less`() throws {
        let held = DomainStatistics(try Fixtures.statistics("web-held.txt"))
        #expect(held.isPartial && held.vcpus[0].fields[.time] != nil && held.blocks[0].fields.isEmpty)
        #expect(held.devices == DomainStatistics(try Fixtures.statistics("web.txt")).devices)
    }

    @Test func `other drivers tell less and are not taken for held`() {
        #expect(!DomainStatistics([Statistic("state.state", 1), Statistic("state.reason", 1)]).isPartial)
    }

    @Test(arguments: [
        Statistic("block", 1), Statistic("block.", 1), Statistic("block.0", 1), Statistic("block..rd.reqs", 1),
        Statistic("block.-1.rd.reqs", 1),
        Statistic("block.99999999999999999999.rd.reqs", 1), Statistic("block.4096.rd.reqs", 1), Statistic("block.0.rd.reqs", -1),
        Statistic("block.0.rd.reqs", .nan), Statistic("block.0.rd.reqs", text: "many"), Statistic("block.0.name", 7),
        Statistic("block.0.rd.unheard", 1), Statistic("vcpu.x.time", 1), Statistic("balloon.current", -.infinity), Statistic("", 1),
        Statistic("....", 1),
    ])
    func `nonsense is left out`(_ statistic: Statistic) {
        let told = DomainStatistics([Statistic("block.0.name", text: "vda"), statistic])
        #expect(told.blocks == [.init(name: "vda")] && told.vcpus.isEmpty && told.memory.isEmpty)
    }

    @Test func `of two parts with one name the first counts, and none without`() {
        let told = DomainStatistics([
            Statistic("block.1.name", text: "vda"), Statistic("block.1.rd.reqs", 2), Statistic("block.0.name", text: "vda"),
            Statistic("block.0.rd.reqs", 1), Statistic("block.2.rd.reqs", 3),
        ])
        #expect(told.blocks == [.init(name: "vda", fields: [.readRequests: 1])])
    }

    @Test func `jobs are read`() {
        let job = DomainDetails.Job(
            type: 2,
            [
                Statistic("operation", 5), Statistic("time_elapsed", 1500), Statistic("memory_bps", 1024), Statistic("errmsg", text: "x"),
                Statistic("time_remaining", -1), Statistic("unheard", 1),
            ])
        #expect(job.operationWord == "migration_out" && job.fields == [.elapsed: 1500, .memoryPerSecond: 1024])
        #expect(DomainDetails.Job(type: 1, [Statistic("operation", 77)]).operationWord == "77")
        #expect(DomainDetails.BlockJob(disk: "vda", type: 2, position: 1, end: 4).ratio == 0.25)
        #expect(DomainDetails.BlockJob(disk: "vda", type: 9, position: 0, end: 0).ratio == nil)
    }
}
