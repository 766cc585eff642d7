import TestSupport
import Testing

@testable import ProxmoxCollector

@Suite struct DueQueueTests {
    private static func job(_ number: Int) -> SlowSchedule.Job { SlowSchedule.Job(source: number, subject: .cluster) }

    @Test func `an empty queue has nothing`() {
        var queue = DueQueue()
        for _ in 0..<2 {
            let nothing = queue.pop(dueBy: .infinity)
            #expect(queue.first == nil && nothing == nil)
            queue.push(Self.job(1), due: 5)
            let early = queue.pop(dueBy: 4.9)
            #expect(early == nil && queue.first == 5)
            let late = queue.pop(dueBy: 5)
            #expect(late?.job.source == 1)
        }
    }

    @Test func `of equal times the one that was put in first`() {
        var queue = DueQueue()
        for number in 0..<100 { queue.push(Self.job(number), due: Double(number % 3)) }
        var order: [Int] = []
        while let next = queue.pop(dueBy: 10) { order.append(next.job.source) }
        #expect(order == (0..<100).sorted { ($0 % 3, $0) < ($1 % 3, $1) })
    }

    @Test(arguments: 0..<10) func `it is a sorted list, through random pushes and pops`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var queue = DueQueue()
        var list: [(due: Double, number: Int)] = []
        for number in 0..<1500 {
            if Int.random(in: 0..<5, using: &random) < 3 {
                let due = Double(Int.random(in: -50...50, using: &random))
                queue.push(Self.job(number), due: due)
                list.append((due, number))
            } else {
                let now = Double(Int.random(in: -50...50, using: &random))
                let least = list.indices.min { (list[$0].due, list[$0].number) < (list[$1].due, list[$1].number) }
                let expected = least.flatMap { list[$0].due <= now ? list.remove(at: $0) : nil }
                let popped = queue.pop(dueBy: now)
                #expect(popped?.job.source == expected?.number && popped?.due == expected?.due)
            }
            #expect(queue.first == list.map(\.due).min())
        }
    }
}
