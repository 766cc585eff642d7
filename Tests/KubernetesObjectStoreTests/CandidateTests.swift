import ObjectStore
import Objects
import Primitives
import Testing

@testable import KubernetesObjectStore

@Suite struct CandidateTests {
    private let key = ObjectKey(.lease, "default", "manager")
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func lease(holder: String, renewed: String = "2026-11-23T01:00:00.000000Z", seconds: Int64 = 15, transitions: Int64 = 3)
        -> APIObject
    {
        var lease = APIObject(.lease, ObjectMetadata(name: "manager", namespace: "default"))
        lease.metadata.resourceVersion = "8"
        lease.spec = [
            "holderIdentity": .text(holder), "leaseDurationSeconds": .whole(seconds), "acquireTime": "2026-11-23T00:00:00.000000Z",
            "renewTime": .text(renewed), "leaseTransitions": .whole(transitions), "strategy": "kept",
        ]
        return lease
    }

    private func written(_ plan: Candidate.Plan) -> ObjectValue? {
        if case .write(let lease) = plan { lease.spec } else { nil }
    }

    @Test func `where there is no Lease one is made`() {
        var candidate = Candidate(identity: "a", times: .standard)
        guard case .write(let lease) = candidate.plan(nil, key: key, now: at(0), wallSeconds: 1_795_392_245.000_006) else {
            Issue.record("it waits")
            return
        }
        #expect(lease.metadata.resourceVersion.isEmpty && lease.metadata.name == "manager" && lease.metadata.namespace == "default")
        #expect(lease.spec["holderIdentity"]?.text == "a" && lease.spec["leaseDurationSeconds"]?.whole == 15)
        #expect(lease.spec["leaseTransitions"]?.whole == 0)
        #expect(
            lease.spec["renewTime"]?.text == "2026-11-23T00:04:05.000005Z" || lease.spec["renewTime"]?.text == "2026-11-23T00:04:05.000006Z"
        )
        #expect(lease.spec["acquireTime"] == lease.spec["renewTime"])
    }

    @Test func `another's Lease is left alone until it has not changed for as long as it lasts`() {
        var candidate = Candidate(identity: "a", times: .standard)
        // Its own times are a year old, which says nothing.
        let old = lease(holder: "b", renewed: "2025-11-23T01:00:00.000000Z")
        #expect(written(candidate.plan(old, key: key, now: at(0), wallSeconds: 0)) == nil)
        #expect(written(candidate.plan(old, key: key, now: at(14.9), wallSeconds: 0)) == nil)
        let renewed = lease(holder: "b", renewed: "2025-11-23T01:00:02.000000Z")
        #expect(written(candidate.plan(renewed, key: key, now: at(15), wallSeconds: 0)) == nil)
        #expect(written(candidate.plan(renewed, key: key, now: at(29.9), wallSeconds: 0)) == nil)
        let taken = written(candidate.plan(renewed, key: key, now: at(30), wallSeconds: 0))
        #expect(taken?["holderIdentity"]?.text == "a" && taken?["leaseTransitions"]?.whole == 4 && taken?["strategy"]?.text == "kept")
    }

    @Test(arguments: [(Int64(60), 60.0), (5, 5), (0, 15), (-1, 15), (.max, 86_400)])
    func `a Lease lasts as long as its holder says`(seconds: Int64, expected: Double) {
        var candidate = Candidate(identity: "a", times: .standard)
        let other = lease(holder: "b", seconds: seconds)
        #expect(written(candidate.plan(other, key: key, now: at(0), wallSeconds: 0)) == nil)
        #expect(written(candidate.plan(other, key: key, now: at(expected - 0.1), wallSeconds: 0)) == nil)
        #expect(written(candidate.plan(other, key: key, now: at(expected), wallSeconds: 0)) != nil)
    }

    @Test func `a Lease that was released is taken at once`() {
        var candidate = Candidate(identity: "a", times: .standard)
        #expect(written(candidate.plan(lease(holder: ""), key: key, now: at(0), wallSeconds: 0))?["leaseTransitions"]?.whole == 4)
    }

    @Test func `an own Lease is renewed, with a new time even where the clock stands still`() {
        var candidate = Candidate(identity: "a", times: .standard)
        let wall = 1_795_392_245.0
        var own = lease(holder: "a")
        var times: Set<String> = []
        for round in 0..<5 {
            guard case .write(let next) = candidate.plan(own, key: key, now: at(Double(round)), wallSeconds: wall) else {
                Issue.record("it waits")
                return
            }
            #expect(next.spec["leaseTransitions"]?.whole == 3 && next.spec["acquireTime"]?.text == "2026-11-23T00:00:00.000000Z")
            #expect(next.spec["renewTime"] != own.spec["renewTime"])
            times.insert(next.spec["renewTime"]?.text ?? "")
            own = next
        }
        #expect(times.count > 1)
    }

    @Test func `leadership counts from before the write was sent, and ends before another may begin`() {
        var candidate = Candidate(identity: "a", times: .standard)
        _ = candidate.plan(nil, key: key, now: at(1), wallSeconds: 0)
        candidate.wrote(sentAt: at(1))
        #expect(candidate.leadsUntil == at(11))
    }

    @Test func `only an own Lease is given back`() {
        var candidate = Candidate(identity: "a", times: .standard)
        #expect(candidate.released(lease(holder: "b"), wallSeconds: 0) == nil)
        let free = candidate.released(lease(holder: "a"), wallSeconds: 0)
        #expect(free?.spec["holderIdentity"]?.text == "" && free?.spec["leaseDurationSeconds"]?.whole == 1)
        #expect(free?.spec["leaseTransitions"]?.whole == 3 && free?.metadata.resourceVersion == "8")
    }

    @Test(arguments: [(0.5, 0.3, 0.1), (15, 15, 2), (15, 10, 0), (15, 2, 2), (2.5, 1, 0.1), (7200, 10, 2), (.nan, .nan, .nan)])
    func `times with which two could lead are refused`(lease: Double, renew: Double, retry: Double) {
        #expect((try? ElectionTimes(leaseSeconds: lease, renewSeconds: renew, retrySeconds: retry)) == nil)
    }
}
