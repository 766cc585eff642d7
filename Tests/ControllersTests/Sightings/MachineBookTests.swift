import ProviderRPC
import Testing

@testable import Controllers

/// What is known of machines when lists, which know less, come between answers of Describe.
struct MachineBookTests {
    private let book = MachineBook()
    private let began = ContinuousClock.now

    private func at(_ second: Int) -> ContinuousClock.Instant { began.advanced(by: .seconds(second)) }

    private func info(cpu: Int32, memoryMiB: Int64) -> VMInfo {
        VMInfo(id: "1", name: "web1", powerState: "On", cpu: cpu, memoryMiB: memoryMiB)
    }

    private func describe(_ raw: String, at second: Int) -> MachineSighting? {
        book.note("1", DescribeResponse(exists: true, powerState: "On", providerRawJSON: raw), askedAt: at(second)).sighting
    }

    @Test func `memory that a guest has not given back yet is no other memory than is wanted`() throws {
        let seen = try #require(describe(#"{"vcpus":1,"memory_kib":393216,"memory_target_kib":98304}"#, at: 0))
        #expect(seen.memoryMiB == 96 && seen.isDescribed)
    }

    @Test func `what Describe said holds until lists say another thing than they did`() throws {
        _ = describe(#"{"vcpus":1,"memory_kib":98304,"pending_restart":{"vcpus":2,"memory_kib":163840}}"#, at: 0)
        // The first list says what the machine has while it runs, which is asked about once.
        #expect(book.note([info(cpu: 1, memoryMiB: 96)], askedAt: at(1)) == ["1"])
        #expect(book["1"]?.sighting?.isDescribed == false)
        _ = describe(#"{"vcpus":1,"memory_kib":98304,"pending_restart":{"vcpus":2,"memory_kib":163840}}"#, at: 2)
        for second in 3...5 {
            #expect(book.note([info(cpu: 1, memoryMiB: 96)], askedAt: at(second)).isEmpty)
            let seen = try #require(book["1"]?.sighting)
            #expect(seen.waitsForRestart && seen.isDescribed && seen.size == .init(cpu: 2, memoryMiB: 160))
        }
        // Somebody has started it anew.
        #expect(book.note([info(cpu: 2, memoryMiB: 160)], askedAt: at(6)) == ["1"])
        let seen = try #require(book["1"]?.sighting)
        #expect(!seen.waitsForRestart && seen.size == .init(cpu: 2, memoryMiB: 160))
    }

    @Test func `a machine of which there are lists only is told of when it changes`() {
        #expect(book.note([info(cpu: 1, memoryMiB: 96)], askedAt: at(0)) == ["1"])
        #expect(book.note([info(cpu: 1, memoryMiB: 96)], askedAt: at(1)).isEmpty)
        #expect(book.note([info(cpu: 2, memoryMiB: 96)], askedAt: at(2)) == ["1"])
        #expect(book.note([], askedAt: at(3)) == ["1"])
    }

    @Test func `how many machines there are is not said when lists that were due have not come`() {
        #expect(book.count(every: 15, now: at(0)) == nil)
        #expect(book.note([info(cpu: 1, memoryMiB: 96)], askedAt: at(0), heardAt: at(0)) == ["1"])
        #expect(book.count(every: 15, now: at(45)) == 1)
        #expect(book.count(every: 15, now: at(46)) == nil)
        // One that takes long is not late for that.
        #expect(book.note([info(cpu: 1, memoryMiB: 96)], askedAt: at(50), heardAt: at(70)).isEmpty)
        #expect(book.count(every: 15, now: at(170)) == 1)
        #expect(book.count(every: 15, now: at(176)) == nil)
    }
}
