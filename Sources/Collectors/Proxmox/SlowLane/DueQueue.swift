/// Jobs by the time at which they are due; of equal times the one that was put in first.
struct DueQueue: Sendable {
    private struct Element: Sendable {
        let due: Double
        let number: Int
        let job: SlowSchedule.Job

        func isBefore(_ other: Element) -> Bool { (due, number) < (other.due, other.number) }
    }

    /// A binary heap.
    private var elements: [Element] = []
    private var count = 0

    /// When the first is due.
    var first: Double? { elements.first?.due }

    mutating func push(_ job: SlowSchedule.Job, due: Double) {
        count += 1
        elements.append(Element(due: due, number: count, job: job))
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child].isBefore(elements[parent]) else { return }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    var size: Int { elements.count }

    /// Throws away what is not wanted any more.
    mutating func removeAll(where isGone: (_ job: SlowSchedule.Job, _ due: Double) -> Bool) {
        elements.removeAll { isGone($0.job, $0.due) }
        // What is sorted is a heap.
        elements.sort { $0.isBefore($1) }
    }

    mutating func pop(dueBy now: Double) -> (job: SlowSchedule.Job, due: Double)? {
        guard let first = elements.first, first.due <= now else { return nil }
        elements[0] = elements[elements.count - 1]
        elements.removeLast()
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < elements.count else { break }
            let right = left + 1
            let least = right < elements.count && elements[right].isBefore(elements[left]) ? right : left
            guard elements[least].isBefore(elements[parent]) else { break }
            elements.swapAt(least, parent)
            parent = least
        }
        return (first.job, first.due)
    }
}
