import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Testing

@testable import Controllers

struct ScheduleTests {
    private static func schedule(_ more: String = "", cron: String = "0 * * * *") -> String {
        #","schedule":{"enabled":true,"cronSpec":"\#(cron)"\#(more)}"#
    }

    private static func number(_ text: String) -> String { String(Int(Timestamp.unixSeconds(text) ?? 0)) }

    /// Names of those that it has made, and that are not to go.
    private static func made(_ bed: ManagerBed) async throws -> [String] {
        try await bed.snapshots().filter { $0.scheduleReference != nil && !$0.metadata.isDeleting }.map(\.metadata.name).sorted()
    }

    private static func names(_ times: String...) -> [String] { times.map { "hourly-" + number("2026-11-23T\($0):00Z") } }

    private static func waitNext(_ bed: ManagerBed, _ time: String) async throws {
        try await bed.waitSnapshot("hourly") { $0?.status.nextScheduleTime == "2026-11-23T\(time):00Z" }
    }

    @Test func `snapshots are made on time, each once, also after a crash and a long sleep`() async throws {
        let time = DayClock("2026-11-23T12:10:00Z")
        let bed = try await ManagerBed.withMachine(clock: time.clock)
        try await bed.snapshot(
            "hourly",
            Self.schedule(#","timezone":"-00:30""#)
                + #","snapshotConfig":{"name":"auto","description":"by the hour"},"metadata":{"pinned":true,"application":"shop"}"#)
        try await Self.waitNext(bed, "12:30")
        #expect(try await Self.made(bed).isEmpty)
        time.set("2026-11-23T12:30:00Z")
        try await bed.kick("hourly")
        try await Self.waitNext(bed, "13:30")
        let name = try #require(Self.names("12:30").first)
        let child = try #require(try await bed.waitSnapshot(name) { $0.isReady })
        #expect(child.metadata.labels == ["virtrigaud.io/snapshot-schedule": "hourly"])
        #expect(child.metadata.annotations["virtrigaud.io/scheduled-at"] == "2026-11-23T12:30:00Z")
        #expect(child.scheduleReference?.name == "hourly" && !child.isMaker && !child.spec.isPinned)
        #expect(child.spec.description == "by the hour" && child.object.spec["metadata"]?["application"]?.text == "shop")
        #expect(try await bed.hypervisorSnapshots() == ["auto-" + Self.number("2026-11-23T12:30:00Z")])
        let maker = try await bed.waitSnapshot("hourly") { $0?.status.lastScheduleTime == "2026-11-23T12:30:00Z" }
        #expect(maker?.status.conditions.isTrue("Ready") == true && maker?.status.snapshotID == nil)
        // It died before it wrote that it had made it.
        await bed.stop()
        var before = try #require(try await bed.get(VMSnapshot.self, "hourly"))
        before.status.nextScheduleTime = "2026-11-23T12:30:00Z"
        before.status.lastScheduleTime = nil
        _ = try await bed.store.update(before.object, .status)
        try await bed.start(clock: time.clock)
        try await Self.waitNext(bed, "13:30")
        #expect(try await Self.made(bed) == [name])
        // It slept for three of them.
        await bed.stop()
        time.set("2026-11-23T15:40:00Z")
        try await bed.start(clock: time.clock)
        try await Self.waitNext(bed, "16:30")
        #expect(try await Self.made(bed) == Self.names("12:30", "15:30"))
        await bed.close()
    }

    @Test func `a schedule says when the next is`() async throws {
        let time = DayClock("2026-11-23T12:10:00Z")
        let bed = try await ManagerBed.withMachine(clock: time.clock)
        try await bed.snapshot("hourly", Self.schedule())
        try await Self.waitNext(bed, "13:00")
        let maker = try #require(try await bed.waitSnapshot("hourly") { $0?.status.conditions["Ready"] != nil })
        #expect(maker.object.status["phase"]?.text == "Scheduled")
        #expect(maker.status.conditions["Ready"]?.message.contains("2026-11-23T13:00:00Z") == true)
        await bed.close()
    }

    @Test func `one that rests makes none, and makes up for none`() async throws {
        let time = DayClock("2026-11-23T12:10:00Z")
        let bed = try await ManagerBed.withMachine(clock: time.clock)
        try await bed.snapshot("hourly", Self.schedule(#","suspend":true"#))
        try await bed.waitSnapshot("hourly") { $0.reason == "Suspended" }
        time.set("2026-11-23T14:10:00Z")
        try await bed.kick("hourly")
        try await bed.snapshot("hourly", Self.schedule())
        try await Self.waitNext(bed, "15:00")
        // Another schedule counts from now on.
        try await bed.snapshot("hourly", Self.schedule(cron: "*/20 * * * *"))
        try await Self.waitNext(bed, "14:20")
        #expect(try await Self.made(bed).isEmpty)
        await bed.close()
    }

    @Test(arguments: [
        (#","retentionPolicy":{"maxCount":2}"#, ["14:00", "15:00"]),
        (#","retentionPolicy":{"maxAge":"10h"}"#, ["12:00", "13:00", "14:00", "15:00"]),
        ("", ["13:00", "14:00", "15:00"]),
    ]) func `the oldest go when there are enough, but for those with a pin`(_ policy: String, _ left: [String]) async throws {
        let time = DayClock("2026-11-23T10:10:00Z")
        let bed = try await ManagerBed.withMachine(clock: time.clock)
        try await bed.snapshot("other")
        try await bed.waitSnapshot("other") { $0.isReady }
        try await bed.snapshot("hourly", Self.schedule() + policy)
        try await Self.waitNext(bed, "11:00")
        for hour in 11...15 {
            time.set("2026-11-23T\(hour):00:00Z")
            try await bed.kick("hourly")
            try await Self.waitNext(bed, "\(hour + 1):00")
            let name = "hourly-" + Self.number("2026-11-23T\(hour):00:00Z")
            try await bed.waitSnapshot(name) { $0.isReady }
            // Before the clock goes on, by which tasks are asked for less often.
            if hour - left.count > 11 {
                try await bed.waitSnapshot("hourly-" + Self.number("2026-11-23T\(hour - left.count):00:00Z")) { $0 == nil }
            }
            guard hour == 11 else { continue }
            try await bed.apply(
                .vmSnapshot,
                #"{"metadata":{"name":"\#(name)"},"spec":{"vmRef":{"name":"web1"},"metadata":{"pinned":true}\#(policy)}}"#)
        }
        let names = (["11:00"] + left).map { "hourly-" + Self.number("2026-11-23T\($0):00Z") }
        #expect(try await Self.made(bed) == names)
        #expect(try await bed.get(VMSnapshot.self, "other").isReady)
        await bed.close()
    }

    @Test(arguments: [("Forbid", ["13:00"]), ("Allow", ["13:00", "14:00"]), ("Replace", ["14:00"])])
    func `the one before is not ready yet`(_ policy: String, _ left: [String]) async throws {
        let time = DayClock("2026-11-23T12:10:00Z")
        let bed = try await ManagerBed.withMachine(clock: time.clock)
        try await bed.snapshot("hourly", Self.schedule(#","concurrencyPolicy":"\#(policy)""#))
        try await Self.waitNext(bed, "13:00")
        bed.hypervisors.breakCalls("sim", RPCError(.unavailable, "nobody answers"))
        time.set("2026-11-23T13:00:00Z")
        try await bed.kick("hourly")
        try await Self.waitNext(bed, "14:00")
        time.set("2026-11-23T14:00:00Z")
        try await bed.kick("hourly")
        try await Self.waitNext(bed, "15:00")
        #expect(try await Self.made(bed) == left.map { "hourly-" + Self.number("2026-11-23T\($0):00Z") })
        let maker = try await bed.get(VMSnapshot.self, "hourly")
        let last = policy == "Forbid" ? "13" : "14"
        #expect(maker?.status.lastScheduleTime == "2026-11-23T\(last):00:00Z")
        #expect(maker?.status.message?.contains("was not ready yet") == (policy == "Forbid" ? true : nil))
        await bed.close()
    }

    @Test(arguments: [true, false]) func `what was made goes with its schedule, unless it is to be left`(_ isLeft: Bool) async throws {
        let time = DayClock("2026-11-23T12:10:00Z")
        let bed = try await ManagerBed.withMachine(clock: time.clock)
        try await bed.snapshot("hourly", Self.schedule())
        try await Self.waitNext(bed, "13:00")
        time.set("2026-11-23T13:00:00Z")
        try await bed.kick("hourly")
        let name = Self.names("13:00")[0]
        try await bed.waitSnapshot(name) { $0.isReady }
        try await Self.waitNext(bed, "14:00")
        if isLeft {
            // As an API server does for --cascade=orphan.
            var object = try await bed.store.get(ObjectKey(.vmSnapshot, "default", "hourly"))
            object.metadata.finalizers.append("orphan")
            object.metadata.resourceVersion = ""
            _ = try await bed.store.update(object)
        }
        try await bed.delete(.vmSnapshot, "hourly")
        if isLeft {
            try await bed.waitSnapshot("hourly") { $0?.metadata.finalizers == ["orphan"] }
            #expect(try await bed.get(VMSnapshot.self, name).isReady)
        } else {
            try await bed.waitSnapshot("hourly") { $0 == nil }
            #expect(try await bed.snapshots().isEmpty)
            #expect(try await bed.hypervisorSnapshots().isEmpty)
        }
        await bed.close()
    }

    @Test(arguments: [
        (schedule(#","timezone":"Mars/Base""#), "spec.schedule.timezone: Mars/Base: "), (schedule(cron: "0 0 30 2 *"), "never falls due"),
    ]) func `a schedule that cannot be kept says why`(_ schedule: String, _ why: String) async throws {
        let bed = try await ManagerBed.withMachine()
        try await bed.snapshot("hourly", schedule)
        let refused = try await bed.waitSnapshot("hourly") { $0.reason == "ValidationError" }
        #expect(refused?.status.message?.contains(why) == true)
        await bed.close()
    }
}
