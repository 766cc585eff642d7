import Testing

@testable import LibvirtCollector

@Suite struct ShardPlanTests {
    private let thread: ThreadLedger.Ticket

    init() throws {
        var ledger = ThreadLedger(limit: 64)
        let ticket = ledger.begin(.statistics)
        thread = try #require(ticket)
    }

    private static let twenty = (0..<20).map { "d\($0)" }

    private static func occupied(_ uuid: String, _ seconds: Double) -> [String: DomainControl] {
        [uuid: DomainControl(state: .occupied, seconds: seconds)]
    }

    @Test(arguments: [(0, 4), (1, 4), (3, 4), (20, 4), (20, 1), (1000, 4), (7, 0)])
    func `each domain is in one share`(_ count: Int, _ connections: Int) {
        let domains = (0..<count).map(String.init)
        var plan = ShardPlan(domains, connections: connections)
        #expect(plan.waiting == count)
        var seen: [String] = []
        var shares = 0
        while let shard = plan.next() {
            seen += shard.domains
            shares += 1
            #expect(!shard.isRetry && (1...ShardPlan.largestShard).contains(shard.domains.count))
        }
        #expect(seen == domains && (count > 256 || shares <= max(1, connections)))
    }

    @Test func `who owes an answer is named, and the others are asked at once`() throws {
        var plan = ShardPlan(Self.twenty, connections: 4)
        let next = plan.next()
        let shard = try #require(next)
        let step = CallStep(call: "virDomainListGetStats", domains: shard.domains)
        let named = plan.hung(shard, at: step, thread: thread, controls: Self.occupied("d2", 4.9), patienceSeconds: 5)
        #expect(named == ["d2"])
        #expect(plan.next() == ShardPlan.Shard(domains: ["d0", "d1", "d3", "d4"], isRetry: true))
        #expect(plan.waiting == 15)
    }

    @Test func `who owes an answer for a moment only is not the one`() throws {
        var plan = ShardPlan(Self.twenty, connections: 4)
        let next = plan.next()
        let shard = try #require(next)
        let step = CallStep(call: "virDomainListGetStats", domains: shard.domains)
        #expect(plan.hung(shard, at: step, thread: thread, controls: Self.occupied("d2", 0.1), patienceSeconds: 5).isEmpty)
        #expect(plan.next()?.domains == ["d2", "d3", "d4"] || plan.waiting == 18)
    }

    /// Where libvirt says nothing of monitors: halves, down to the one.
    @Test(arguments: 0..<20)
    func `halving finds exactly the one that hangs`(_ culprit: Int) {
        var plan = ShardPlan(Self.twenty, connections: 1)
        var (named, answered): ([String], Set<String>) = ([], [])
        var hung = 0
        while let shard = plan.next() {
            if shard.domains.contains("d\(culprit)") {
                hung += 1
                named += plan.hung(
                    shard, at: CallStep(call: "c", domains: shard.domains), thread: thread, controls: [:], patienceSeconds: 5)
            } else {
                answered.formUnion(shard.domains)
                #expect(plan.answered(shard, partial: []).isEmpty)
            }
        }
        #expect(named == ["d\(culprit)"] && answered == Set(Self.twenty).subtracting(named) && hung <= 6)
    }

    /// QEMU's driver passes by a domain that the call which hangs holds, so asking the halves costs no thread.
    @Test func `who is passed by when asked again is the one`() throws {
        var plan = ShardPlan(Self.twenty, connections: 1)
        let next = plan.next()
        let shard = try #require(next)
        #expect(plan.answered(shard, partial: ["d3"]).isEmpty)
        #expect(
            plan.hung(shard, at: CallStep(call: "c", domains: shard.domains), thread: thread, controls: [:], patienceSeconds: 5).isEmpty)
        var named: [String] = []
        while let half = plan.next() { named += plan.answered(half, partial: ["d3"]) }
        #expect(named == ["d3"] && plan.threads(hangingIn: "d3") == [thread])
    }

    @Test func `a call about one domain names it`() throws {
        var plan = ShardPlan(Self.twenty, connections: 4)
        let next = plan.next()
        let shard = try #require(next)
        let step = CallStep(call: "virDomainGetDiskErrors", domains: ["d1"], isFirst: false)
        #expect(plan.hung(shard, at: step, thread: thread, controls: [:], patienceSeconds: 5) == ["d1"])
        // Their statistics have been told.
        #expect(plan.waiting == 15)
    }

    @Test func `what could not be begun waits`() throws {
        var plan = ShardPlan(Self.twenty, connections: 4)
        let next = plan.next()
        let shard = try #require(next)
        plan.giveBack(shard)
        #expect(plan.waiting == 20 && plan.next() == shard)
    }
}
