import Glibc
import Synchronization

/// Calls somebody when a deadline comes, unless it is stopped before.
///
/// One thread waits for all of them. A task that sleeps and is cancelled would keep its timer, a kilobyte, until the end of its sleep, and whoever asks
/// often has thousands of them.
package struct Alarm: Sendable {
    private let number: Int

    /// - Parameter ring: called once at most, on a thread that others wait for: it resumes somebody and does no work. At once when the deadline has
    ///   passed.
    package init(at deadline: Deadline, _ ring: @escaping @Sendable () -> Void) { number = AlarmClock.shared.add(deadline.instant, ring) }

    /// It may be ringing already.
    package func stop() { AlarmClock.shared.remove(number) }
}

/// All alarms that are set, and the thread that waits for the first of them.
final class AlarmClock: Sendable {
    static let shared = AlarmClock()

    private struct Entry {
        let instant: ContinuousClock.Instant
        let number: Int
    }

    private struct State {
        /// A heap, the first at the top; also of those that were stopped, until they are the first or most of it.
        var heap: [Entry] = []
        var rings: [Int: @Sendable () -> Void] = [:]
        var next = 0
        var bell: Pipe?
        /// Until when the thread sleeps; nil while it looks at the heap.
        var wakesAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Alarms set, and places that they and stopped ones take.
    var counts: (set: Int, kept: Int) { state.withLock { ($0.rings.count, $0.heap.count) } }

    func add(_ instant: ContinuousClock.Instant, _ ring: @escaping @Sendable () -> Void) -> Int {
        let (number, isRunning) = state.withLock { state in
            state.next += 1
            state.rings[state.next] = ring
            Self.push(Entry(instant: instant, number: state.next), &state.heap)
            if let wakesAt = state.wakesAt, instant < wakesAt, let bell = state.bell {
                // It looks at the heap next, and need not be told again.
                state.wakesAt = nil
                var byte: UInt8 = 1
                _ = write(bell.writing, &byte, 1)
            }
            return (state.next, state.bell != nil || Self.start(&state))
        }
        // Without a thread for it, as none may be started any more, a task will do.
        if !isRunning {
            Task.detached { [self] in
                try? await Task.sleep(until: instant, clock: .continuous)
                take(number)?()
            }
        }
        return number
    }

    func remove(_ number: Int) { _ = take(number) }

    private func take(_ number: Int) -> (@Sendable () -> Void)? {
        state.withLock { state in
            let ring = state.rings.removeValue(forKey: number)
            if state.heap.count > 64, state.heap.count > 4 * state.rings.count {
                // A sorted list is a heap.
                state.heap = state.heap.filter { state.rings[$0.number] != nil }.sorted { $0.instant < $1.instant }
            }
            return ring
        }
    }

    private static func start(_ state: inout State) -> Bool {
        guard let bell = try? Pipe() else { return false }
        do {
            try Thread.start("alarms") { shared.run(bell) }
        } catch {
            close(bell.reading)
            close(bell.writing)
            return false
        }
        state.bell = bell
        return true
    }

    private func run(_ bell: Pipe) {
        var waiting = pollfd(fd: bell.reading, events: Int16(POLLIN), revents: 0)
        while true {
            let (due, milliseconds) = state.withLock { Self.dueNow(&$0) }
            for ring in due { ring() }
            guard due.isEmpty else { continue }
            if poll(&waiting, 1, milliseconds) > 0 {
                var byte: UInt8 = 0
                _ = read(bell.reading, &byte, 1)
            }
        }
    }

    /// Those whose time has come; without any, how long there is to wait.
    private static func dueNow(_ state: inout State) -> ([@Sendable () -> Void], Int32) {
        let now = ContinuousClock.now
        var due: [@Sendable () -> Void] = []
        while let first = state.heap.first, first.instant <= now || state.rings[first.number] == nil {
            pop(&state.heap)
            if let ring = state.rings.removeValue(forKey: first.number) { due.append(ring) }
        }
        state.wakesAt = nil
        guard due.isEmpty else { return (due, 0) }
        let seconds = min(3600, state.heap.first.map { ($0.instant - now).seconds } ?? 3600)
        state.wakesAt = now.advanced(by: .seconds(seconds))
        // Rounded up: who wakes too early would only look again.
        return ([], Int32((seconds * 1000).rounded(.up)))
    }

    private static func push(_ entry: Entry, _ heap: inout [Entry]) {
        heap.append(entry)
        var place = heap.count - 1
        while place > 0, heap[place].instant < heap[(place - 1) / 2].instant {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private static func pop(_ heap: inout [Entry]) {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var place = 0
        while true {
            let children = [2 * place + 1, 2 * place + 2].filter { $0 < heap.count }
            guard let least = children.min(by: { heap[$0].instant < heap[$1].instant }), heap[least].instant < heap[place].instant else {
                return
            }
            heap.swapAt(place, least)
            place = least
        }
    }
}
