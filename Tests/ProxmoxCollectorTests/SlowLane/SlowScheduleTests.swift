import ProxmoxAPI
import Testing

@testable import ProxmoxCollector

@Suite struct SlowScheduleTests {
    private static let pve1 = SlowSubject.node("pve1")

    private static func guest(_ vmid: Int, on node: String = "pve1") -> SlowSubject {
        SlowSubject(node: node, guest: .init(kind: .qemu, vmid: vmid))
    }

    /// A schedule that can be asked within an expectation.
    private final class Bench {
        private var schedule: SlowSchedule

        /// One source a period, each with its subjects.
        init(_ periods: [Double], _ subjects: [[SlowSubject]]) {
            schedule = SlowSchedule(periods: periods)
            schedule.replace(subjects, now: 0)
        }

        func replace(_ subjects: [[SlowSubject]], now: Double) { schedule.replace(subjects, now: now) }

        func idleLanes(now: Double) -> [String] { schedule.idleLanes(now: now) }

        func take(_ lane: String, now: Double) -> SlowSchedule.Job? { schedule.take(lane, now: now) }

        func finish(
            _ job: SlowSchedule.Job, _ outcome: SlowOutcome = .answered(nextAfterSeconds: nil), now: Double = 0, spread: Double = 1
        ) { schedule.finish(job, outcome, now: now, spread: spread) }

        func retryForbidden(now: Double) { schedule.retryForbidden(now: now) }

        var queued: Int { schedule.queued }
    }

    @Test func `guests that come and go do not fill the queues`() {
        let schedule = Bench([3600], [[]])
        for round in 0..<200 {
            schedule.replace([(0..<50).map { Self.guest(50 * round + $0) }], now: Double(round))
            while let job = schedule.take("pve1", now: Double(round)) { schedule.finish(job, now: Double(round)) }
        }
        #expect(schedule.queued <= 2 * 50 + 1024 + 50)
        #expect(schedule.take("pve1", now: 199 + 3600) == .init(source: 0, subject: Self.guest(50 * 199)))
    }

    // MARK: order

    @Test func `the node's own jobs go before those of its guests, each in its order`() {
        let schedule = Bench([60, 60, 60], [[Self.guest(2), Self.guest(1)], [Self.pve1], [Self.pve1, Self.guest(1)]])
        var order: [SlowSchedule.Job] = []
        while let job = schedule.take("pve1", now: 0) {
            order.append(job)
            schedule.finish(job)
        }
        #expect(order.map(\.source) == [1, 2, 0, 0, 2] && order.map { $0.subject.guest?.vmid } == [nil, nil, 2, 1, 1])
    }

    @Test func `a guest's job that is late waits for a node's that has just come due`() throws {
        let schedule = Bench([60, 10], [[Self.guest(1)], [Self.pve1]])
        let own = try #require(schedule.take("pve1", now: 0))
        schedule.finish(own)
        #expect(schedule.take("pve1", now: 10)?.source == 1)
    }

    @Test func `one job at a time in a lane, and lanes side by side`() throws {
        let schedule = Bench([60], [[Self.pve1, Self.guest(1), Self.guest(2, on: "pve2"), .cluster]])
        #expect(schedule.idleLanes(now: 0) == ["", "pve1", "pve2"])
        let job = try #require(schedule.take("pve1", now: 0))
        #expect(schedule.take("pve1", now: 0) == nil && schedule.idleLanes(now: 0) == ["", "pve2"])
        #expect(schedule.take("pve2", now: 0)?.subject.guest?.vmid == 2 && schedule.take("", now: 0)?.subject == .cluster)
        #expect(schedule.idleLanes(now: 0) == [])
        schedule.finish(job)
        #expect(schedule.idleLanes(now: 0) == ["pve1"] && schedule.take("pve1", now: 0)?.subject.guest?.vmid == 1)
        #expect(schedule.take("nowhere", now: 0) == nil)
    }

    // MARK: times

    @Test func `it is due again after its period, or after what its answer asked for`() throws {
        let schedule = Bench([60], [[Self.pve1]])
        let job = try #require(schedule.take("pve1", now: 0))
        schedule.finish(job, now: 5)
        #expect(schedule.take("pve1", now: 64.9) == nil && schedule.idleLanes(now: 64.9) == [])
        #expect(schedule.take("pve1", now: 65) == job)
        schedule.finish(job, .answered(nextAfterSeconds: 7), now: 65)
        #expect(schedule.take("pve1", now: 71.9) == nil && schedule.take("pve1", now: 72) == job)
    }

    @Test(
        arguments: [
            (SlowOutcome.absent, 60.0, 3600.0), (.absent, 7200, 7200), (.forbidden, 60, 600), (.forbidden, 7200, 7200), (.failed, 60, 20),
            (.failed, 3600, 20), (.answered(nextAfterSeconds: nil), 60, 60),
        ] as [(SlowOutcome, Double, Double)])
    func `how long after each outcome`(outcome: SlowOutcome, period: Double, delay: Double) throws {
        for spread in [0.9, 1, 1.1] {
            let schedule = Bench([period], [[Self.pve1]])
            let job = try #require(schedule.take("pve1", now: 0))
            schedule.finish(job, outcome, now: 100, spread: spread)
            #expect(schedule.take("pve1", now: 100 + delay * spread - 0.001) == nil)
            #expect(schedule.take("pve1", now: 100 + delay * spread + 0.001) == job)
        }
    }

    @Test(
        arguments: [
            (30.0, [20.0, 40, 60, 60]), (60, [20, 40, 60]), (300, [20, 40, 80, 160, 300, 300]),
            (86_400, [20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 20_480, 40_960, 81_920, 86_400, 86_400, 86_400, 86_400]),
        ] as [(Double, [Double])])
    func `what fails is asked ever more rarely, up to its period, and after an answer anew`(period: Double, delays: [Double]) throws {
        let schedule = Bench([period], [[Self.pve1]])
        var now = 0.0
        for _ in 0..<2 {
            for delay in delays {
                let job = try #require(schedule.take("pve1", now: now))
                schedule.finish(job, .failed, now: now)
                #expect(schedule.take("pve1", now: now + delay - 0.001) == nil)
                now += delay
            }
            let job = try #require(schedule.take("pve1", now: now))
            schedule.finish(job, now: now)
            now += period
        }
    }

    @Test func `a hundred failures are no overflow`() throws {
        let schedule = Bench([1e9], [[Self.pve1]])
        for turn in 0..<100 {
            let job = try #require(schedule.take("pve1", now: Double(turn) * 1e9))
            schedule.finish(job, .failed, now: Double(turn) * 1e9)
        }
    }

    // MARK: who comes and goes

    @Test func `whoever is new is due at once, and whoever stays keeps its time`() throws {
        let schedule = Bench([60], [[Self.guest(1)]])
        let first = try #require(schedule.take("pve1", now: 0))
        schedule.finish(first)
        for _ in 0..<100 { schedule.replace([[Self.guest(1), Self.guest(2), Self.guest(2)]], now: 30) }
        let second = try #require(schedule.take("pve1", now: 30))
        #expect(second.subject.guest?.vmid == 2)
        schedule.finish(second, now: 30)
        #expect(schedule.take("pve1", now: 59) == nil && schedule.take("pve1", now: 60) == first)
    }

    @Test func `whoever is gone is not asked about, and is new when it comes back`() throws {
        let schedule = Bench([60], [[Self.guest(1), Self.guest(2)]])
        for _ in 0..<2 {
            let job = try #require(schedule.take("pve1", now: 0))
            schedule.finish(job)
        }
        schedule.replace([[Self.guest(2)]], now: 1)
        #expect(schedule.take("pve1", now: 60)?.subject.guest?.vmid == 2)
        schedule.replace([[Self.guest(1), Self.guest(2)]], now: 61)
        #expect(schedule.take("pve1", now: 61) == nil)
        schedule.replace([[]], now: 62)
        #expect(schedule.idleLanes(now: 1e9) == [] || schedule.take("pve1", now: 1e9) == nil)
    }

    @Test func `a guest moves while it is asked about`() throws {
        let schedule = Bench([60], [[Self.guest(1), Self.guest(2)]])
        let asked = try #require(schedule.take("pve1", now: 0))
        schedule.replace([[Self.guest(1, on: "pve2"), Self.guest(2)]], now: 1)
        // Where it is now it is new, and its old lane is busy until it is told.
        #expect(schedule.take("pve2", now: 1)?.subject == Self.guest(1, on: "pve2"))
        #expect(schedule.take("pve1", now: 1) == nil)
        schedule.finish(asked, now: 2)
        #expect(schedule.take("pve1", now: 2)?.subject == Self.guest(2))
        #expect(schedule.take("pve1", now: 1e9) == nil)
    }

    @Test func `a guest goes and comes back while it is asked about`() throws {
        let schedule = Bench([60], [[Self.guest(1)]])
        let asked = try #require(schedule.take("pve1", now: 0))
        schedule.replace([[]], now: 1)
        schedule.replace([[Self.guest(1)]], now: 2)
        #expect(schedule.take("pve1", now: 2) == nil)
        schedule.finish(asked, now: 3)
        // What was answered counts for it; it is not asked twice.
        #expect(schedule.take("pve1", now: 62.9) == nil && schedule.take("pve1", now: 63) == asked)
        schedule.finish(asked, now: 63)
        #expect(schedule.take("pve1", now: 122.9) == nil && schedule.take("pve1", now: 123) == asked)
    }

    @Test func `a node goes while its lane is at work`() throws {
        let schedule = Bench([60], [[Self.pve1]])
        let asked = try #require(schedule.take("pve1", now: 0))
        schedule.replace([[.node("pve2")]], now: 1)
        schedule.finish(asked, now: 2)
        #expect(schedule.take("pve1", now: 1e9) == nil)
        schedule.replace([[Self.pve1, .node("pve2")]], now: 3)
        #expect(schedule.take("pve1", now: 3) == asked && schedule.take("pve2", now: 3)?.subject == .node("pve2"))
    }

    @Test func `no sources, no subjects, and a source that is none`() {
        let schedule = Bench([], [])
        #expect(schedule.idleLanes(now: 0) == [])
        schedule.replace([[.cluster]], now: 0)
        let job = schedule.take("", now: 0)
        #expect(job?.source == 0)
        if let job { schedule.finish(job) }
        #expect(schedule.take("", now: 3599) == nil && schedule.take("", now: 3600) == job)
    }

    // MARK: ten thousand guests

    @Test func `of ten thousand guests each is asked about once a period, however often they are seen`() {
        let guests = (0..<10_000).map { Self.guest($0, on: "pve\($0 % 10)") }
        let schedule = Bench([900, 3600], [guests, guests])
        var takes = 0
        func drain(at now: Double) -> Int {
            var count = 0
            for lane in schedule.idleLanes(now: now) {
                takes += 1
                while let job = schedule.take(lane, now: now) {
                    takes += 1
                    count += 1
                    schedule.finish(job, now: now)
                }
            }
            return count
        }
        for second in 0..<5 { schedule.replace([guests, guests], now: Double(second)) }
        #expect(drain(at: 5) == 20_000)
        for second in 6..<10 {
            schedule.replace([guests, guests], now: Double(second))
            #expect(drain(at: Double(second)) == 0)
        }
        #expect(drain(at: 904.9) == 0)
        #expect(drain(at: 905) == 10_000)
        // No more than the jobs, and one for each lane that runs dry.
        #expect(takes == 30_000 + 20)
    }

    @Test func `what was refused is due at once when rights have changed, and nothing else is`() throws {
        let schedule = Bench([60, 60], [[Self.pve1], [Self.pve1]])
        for outcome in [SlowOutcome.forbidden, .failed] { schedule.finish(try #require(schedule.take("pve1", now: 0)), outcome) }
        #expect(schedule.idleLanes(now: 1) == [])
        schedule.retryForbidden(now: 1)
        let again = try #require(schedule.take("pve1", now: 1))
        #expect(again.source == 0)
        schedule.finish(again, now: 1)
        #expect(schedule.take("pve1", now: 1) == nil)
        schedule.retryForbidden(now: 2)
        #expect(schedule.take("pve1", now: 2) == nil)
    }

    /// Who was asked with the old rights may be refused after the new ones were seen.
    @Test func `a refusal that comes after rights were given is not believed`() throws {
        let schedule = Bench([60, 60], [[Self.pve1], [Self.pve1]])
        let first = try #require(schedule.take("pve1", now: 0))
        schedule.retryForbidden(now: 1)
        schedule.finish(first, .forbidden, now: 2)
        schedule.finish(try #require(schedule.take("pve1", now: 2)), now: 2)
        #expect(schedule.take("pve1", now: 2) == first)
        // Once: the second was asked with the new ones.
        schedule.finish(first, .forbidden, now: 3)
        #expect(schedule.take("pve1", now: 3) == nil)
        #expect(schedule.take("pve1", now: 700) != nil)
    }

    @Test func `rights that are given while it is asked change nothing of an answer`() throws {
        let schedule = Bench([60], [[Self.pve1]])
        let job = try #require(schedule.take("pve1", now: 0))
        schedule.retryForbidden(now: 1)
        schedule.finish(job, now: 2)
        #expect(schedule.take("pve1", now: 2) == nil && schedule.take("pve1", now: 62) == job)
    }
}
