import Synchronization
import Testing

@testable import Primitives

@Suite("Alarm")
struct AlarmTests {
    private final class Bells: Sendable {
        private let rung = Mutex<[Int]>([])
        var all: [Int] { rung.withLock { $0 } }
        func ring(_ number: Int) { rung.withLock { $0.append(number) } }
    }

    private func wait(seconds: Double = 10, until isTrue: () -> Bool) async {
        let end = Deadline.after(seconds: seconds)
        while !isTrue(), !end.hasPassed { try? await Task.sleep(for: .milliseconds(2)) }
    }

    @Test("Alarms ring in the order of their deadlines, each once, and none before its time")
    func order() async {
        let bells = Bells()
        let begin = ContinuousClock.now
        // The later ones are set first: the thread sleeps too long, and must be told.
        let order = [7, 3, 9, 1, 8, 2, 6, 0, 5, 4]
        for number in order {
            let deadline = Deadline(begin.advanced(by: .milliseconds(30 + 20 * number)))
            _ = Alarm(at: deadline) {
                #expect(deadline.hasPassed)
                bells.ring(number)
            }
        }
        await wait { bells.all.count == 10 }
        #expect(bells.all == Array(0..<10))
        #expect((ContinuousClock.now - begin).seconds < 5)
    }

    @Test("One that was stopped does not ring; one whose time is over rings at once")
    func stopping() async {
        let bells = Bells()
        let stopped = Alarm(at: .after(seconds: 0.05)) { bells.ring(1) }
        stopped.stop()
        stopped.stop()
        _ = Alarm(at: .after(seconds: -5)) { bells.ring(2) }
        await wait { bells.all == [2] }
        _ = Alarm(at: .after(seconds: 0.2)) { bells.ring(3) }
        await wait { bells.all.count > 1 }
        #expect(bells.all == [2, 3])
    }

    @Test("Nothing is kept of thousands that were stopped long before their time")
    func memory() {
        for _ in 0..<20_000 { Alarm(at: .after(seconds: 3600)) {}.stop() }
        let counts = AlarmClock.shared.counts
        #expect(counts.kept < 1000 + 4 * counts.set)
    }

    @Test("Many tasks set and stop alarms at the same time")
    func crowd() async {
        let bells = Bells()
        await withTaskGroup { group in
            for number in 0..<2_000 {
                group.addTask {
                    let alarm = Alarm(at: .after(seconds: Double(number % 50) / 1000)) { bells.ring(number) }
                    if number % 2 == 0 { alarm.stop() }
                    await Task.yield()
                }
            }
        }
        await wait { Set(bells.all).isSuperset(of: stride(from: 1, to: 2_000, by: 2)) }
        #expect(Set(bells.all).count == bells.all.count)
        #expect(Set(bells.all).isSuperset(of: stride(from: 1, to: 2_000, by: 2)))
    }

    @Test("A value that comes too late is not waited for")
    func lateness() async {
        #expect(await OneAnswer<Int>().value(by: .after(seconds: 0.02), late: 7) == 7)
        let given = OneAnswer<Int>()
        given.give(3)
        #expect(await given.value(by: .after(seconds: 60), late: 7) == 3)
        let task = Task { await OneAnswer<Int>().value(by: .after(seconds: 60), late: 7) }
        task.cancel()
        #expect(await task.value == 7)
    }
}
