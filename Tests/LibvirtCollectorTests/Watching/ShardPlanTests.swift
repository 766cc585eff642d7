import Testing

@testable import LibvirtCollector

@Suite struct ShardPlanTests {
    private static let twenty = (0..<20).map { "d\($0)" }

    @Test(arguments: [(0, 4), (1, 4), (3, 4), (20, 4), (20, 1), (1000, 4), (7, 0)])
    func `each domain is in one share`(_ count: Int, _ connections: Int) {
        let domains = (0..<count).map(String.init)
        var plan = ShardPlan(domains, connections: connections)
        #expect(plan.waiting == count)
        var seen: [String] = []
        var shares = 0
        while let shard = plan.next() {
            seen += shard
            shares += 1
            #expect((1...ShardPlan.largestShard).contains(shard.count))
        }
        #expect(seen == domains && (count > 256 || shares <= max(1, connections)))
    }

    @Test func `where it is known who hangs the others are asked at once`() throws {
        var plan = ShardPlan(Self.twenty, connections: 4)
        let next = plan.next()
        let shard = try #require(next)
        plan.hung(shard, known: ["d2"])
        #expect(plan.next() == ["d0", "d1", "d3", "d4"] && plan.waiting == 15)
    }

    @Test func `where nobody knows halves are asked, and one alone is not asked again`() {
        var plan = ShardPlan(["a", "b", "c"], connections: 1)
        plan.hung(plan.next() ?? [], known: [])
        #expect(plan.next() == ["b", "c"] && plan.next() == ["a"] && plan.next() == nil)
        plan.hung(["a"], known: [])
        plan.hung(["a"], known: ["a"])
        #expect(plan.next() == nil && plan.waiting == 0)
    }

    @Test func `what could not be begun waits`() throws {
        var plan = ShardPlan(Self.twenty, connections: 4)
        let next = plan.next()
        let shard = try #require(next)
        plan.giveBack(shard)
        #expect(plan.waiting == 20 && plan.next() == shard)
    }
}
