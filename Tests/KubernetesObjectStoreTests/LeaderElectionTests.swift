import KubernetesObjectStore
import ObjectStore
import Objects
import Primitives
import Synchronization
import Testing

/// A Lease in memory that a test can make slow, deaf or another's.
private final class LeaseStore: ObjectStore {
    enum Mood: Sendable {
        case well
        case failing
        /// Answers nothing until the caller is cancelled.
        case hanging
    }

    private struct State {
        var lease: APIObject?
        var version = 0
        var mood = Mood.well
    }

    private let state = Mutex(State())

    var lease: APIObject? { state.withLock { $0.lease } }
    var holder: String? { lease?.spec["holderIdentity"]?.text }

    func set(_ mood: Mood) { state.withLock { $0.mood = mood } }

    func seize(_ holder: String) {
        state.withLock { state in
            state.version += 1
            state.lease?.spec = ["holderIdentity": .text(holder), "leaseDurationSeconds": 15, "renewTime": .text("\(state.version)")]
            state.lease?.metadata.resourceVersion = String(state.version)
        }
    }

    private func check() async throws(StoreError) {
        switch state.withLock({ $0.mood }) {
        case .well: return
        case .failing: break
        case .hanging: while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }
        throw StoreError(.unavailable, "not now")
    }

    func get(_ key: ObjectKey) async throws(StoreError) -> APIObject {
        try await check()
        guard let lease else { throw StoreError.notFound(key) }
        return lease
    }

    func create(_ object: APIObject) async throws(StoreError) -> APIObject {
        try await check()
        return try write(object) { $0 == nil }
    }

    func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        try await check()
        return try write(object) { $0?.metadata.resourceVersion == object.metadata.resourceVersion }
    }

    private func write(_ object: APIObject, _ isAllowed: (APIObject?) -> Bool) throws(StoreError) -> APIObject {
        let written: APIObject? = state.withLock { state in
            guard isAllowed(state.lease) else { return nil }
            state.version += 1
            state.lease = object
            state.lease?.metadata.resourceVersion = String(state.version)
            return state.lease
        }
        guard let written else { throw StoreError.conflict(object.key, "it was changed") }
        return written
    }

    func list(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        throw StoreError(.methodNotAllowed, "no")
    }

    func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        throw StoreError(.methodNotAllowed, "no")
    }

    func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        throw StoreError(.methodNotAllowed, "no")
    }
}

/// A monotonic clock that runs so many times as fast as the real one, and can leap as that of a machine that slept.
private final class FastClock: Sendable {
    private let start = ContinuousClock.now
    private let speed: Double
    private let leapt = Mutex(0.0)

    init(speed: Double) { self.speed = speed }

    func leap(_ seconds: Double) { leapt.withLock { $0 += seconds } }

    var now: ContinuousClock.Instant {
        start.advanced(by: .seconds((ContinuousClock.now - start).seconds * speed + leapt.withLock { $0 }))
    }

    /// - Parameter wall: seconds since 1970.
    func election(wall: @escaping @Sendable () -> Double = { 1.8e9 }) -> ElectionClock {
        ElectionClock(
            now: { self.now }, wall: WallClock(wall),
            sleep: { await self.sleep(until: $0) })
    }

    func sleep(until instant: ContinuousClock.Instant) async {
        // By steps, as the clock may leap meanwhile.
        while !Task.isCancelled, now < instant {
            try? await Task.sleep(for: .seconds(((instant - now).seconds / speed).clamped(to: 0.0005...0.005)))
        }
    }
}

/// What happened, in order; and a wait for something to have happened.
private final class Diary: Sendable {
    private struct State {
        var lines: [String] = []
        var waiters: [(line: String, answer: OneAnswer<Bool>)] = []
    }

    private let state = Mutex(State())

    var lines: [String] { state.withLock { $0.lines } }

    func note(_ line: String) {
        let due = state.withLock { state in
            state.lines.append(line)
            let due = state.waiters.filter { $0.line == line }
            state.waiters.removeAll { $0.line == line }
            return due
        }
        for waiter in due { waiter.answer.give(true) }
    }

    /// False when it does not come to that within half a minute.
    func comes(_ line: String) async -> Bool {
        let answer = OneAnswer<Bool>()
        let isThere = state.withLock { state in
            if !state.lines.contains(line) { state.waiters.append((line, answer)) }
            return state.lines.contains(line)
        }
        return isThere ? true : await answer.value(by: .after(seconds: 30), late: false)
    }
}

@Suite struct LeaderElectionTests {
    private let store = LeaseStore()
    private let diary = Diary()

    private func election(_ name: String, _ clock: FastClock) -> LeaderElection {
        let diary = diary
        return LeaderElection(
            store, namespace: "default", name: "manager", identity: name, clock: clock.election(),
            report: { event in
                switch event {
                case .waiting(let holder): diary.note("\(name) waits for \(holder)")
                case .failed: diary.note("\(name) fails")
                case .released: diary.note("\(name) releases")
                case .leading, .lost: break
                }
            }, onOverrun: { diary.note("\(name) overruns") })
    }

    /// Works until it is cancelled.
    private func turn(_ election: LeaderElection, _ name: String) -> Task<LeaderElection.End, Never> {
        let diary = diary
        return Task {
            await election.run { leadership in
                diary.note("\(name) begins")
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
                diary.note("\(name) ends\(leadership.holds ? "" : ", late")")
            }
        }
    }

    @Test func `one leads, and the next when it ends in good order`() async {
        let clock = FastClock(speed: 10)
        let first = turn(election("a", clock), "a")
        #expect(await diary.comes("a begins"))
        let second = turn(election("b", clock), "b")
        #expect(await diary.comes("b waits for a"))
        first.cancel()
        #expect(await first.value == .finished)
        #expect(await diary.comes("b begins"))
        #expect(store.lease?.spec["leaseTransitions"]?.whole == 1)
        second.cancel()
        #expect(await second.value == .finished)
        #expect(store.holder == "")
        let order = diary.lines.filter { $0.hasSuffix("begins") || $0.hasSuffix("ends") }
        #expect(order == ["a begins", "a ends", "b begins", "b ends"])
    }

    @Test(arguments: [false, true]) func `a leader that cannot renew stops`(hangs: Bool) async {
        let leader = turn(election("a", FastClock(speed: 10)), "a")
        #expect(await diary.comes("a begins"))
        store.set(hangs ? .hanging : .failing)
        guard case .lost = await leader.value else {
            Issue.record("it was not lost")
            return
        }
        #expect(diary.lines.contains("a ends, late") && !diary.lines.contains("a releases") && !diary.lines.contains("a overruns"))
    }

    @Test func `a leader that is no longer one stops at the next look`() async {
        let leader = turn(election("a", FastClock(speed: 10)), "a")
        #expect(await diary.comes("a begins"))
        store.seize("b")
        #expect(await leader.value == .lost(#"leases.coordination.k8s.io "default/manager" is held by b"#))
        #expect(store.holder == "b")
    }

    @Test func `a machine that slept knows at once that it leads no more`() async {
        let clock = FastClock(speed: 1)
        let holds = OneAnswer<[Bool]>()
        let lead = election("a", clock)
        let turn = Task {
            await lead.run { leadership in
                let before = leadership.holds
                clock.leap(3600)
                holds.give([before, leadership.holds])
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
            }
        }
        #expect(await holds.value == [true, false])
        guard case .lost = await turn.value else {
            Issue.record("it was not lost")
            return
        }
    }

    @Test func `work that sees by itself that it leads no more has lost`() async {
        let clock = FastClock(speed: 1)
        let end = await election("a", clock).run { leadership in
            clock.leap(3600)
            if leadership.holds { diary.note("holds") }
        }
        guard case .lost = end else {
            Issue.record("it was not lost")
            return
        }
        #expect(diary.lines.isEmpty)
    }

    @Test func `work that does not end is told of before another may begin`() async {
        let clock = FastClock(speed: 10)
        let lead = election("a", clock)
        let (diary, store) = (diary, store)
        let turn = Task {
            await lead.run { _ in
                store.set(.failing)
                let failedAt = clock.now
                _ = await Task.detached { await diary.comes("a overruns") }.value
                diary.note((clock.now - failedAt).seconds < 15 ? "in time" : "too late")
            }
        }
        guard case .lost = await turn.value else {
            Issue.record("it was not lost")
            return
        }
        #expect(diary.lines.suffix(2) == ["a overruns", "in time"])
    }

    @Test func `work that is cancelled leads until it has ended`() async {
        let clock = FastClock(speed: 10)
        let (lead, diary) = (election("a", clock), diary)
        let turn = Task {
            await lead.run { leadership in
                diary.note("a begins")
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
                // Longer than a Lease lasts without being renewed.
                let end = clock.now.advanced(by: .seconds(20))
                await Task.detached { await clock.sleep(until: end) }.value
                diary.note(leadership.holds ? "still leads" : "leads no more")
            }
        }
        #expect(await diary.comes("a begins"))
        let second = self.turn(election("b", clock), "b")
        #expect(await diary.comes("b waits for a"))
        turn.cancel()
        #expect(await turn.value == .finished)
        #expect(diary.lines.contains("still leads"))
        #expect(await diary.comes("b begins"))
        second.cancel()
        _ = await second.value
    }

    @Test func `who waits and is cancelled does not work`() async {
        store.set(.failing)
        let turn = turn(election("a", FastClock(speed: 10)), "a")
        #expect(await diary.comes("a fails"))
        turn.cancel()
        #expect(await turn.value == .finished)
        #expect(!diary.lines.contains("a begins"))
    }
}
