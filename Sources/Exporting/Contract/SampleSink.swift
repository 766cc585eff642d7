package import Metrics
import Synchronization

/// Where a collector puts what it found in one scrape. Parts are committed whole; what comes after the deadline is dropped.
///
/// It is bounded: a source that answers with more than can be true loses the parts that are too large, and takes no memory from others.
package final class SampleSink: Sendable {
    /// What the sink holds at a moment.
    package struct Contents: Sendable {
        package fileprivate(set) var committed: [SampleBuffer] = []
        package fileprivate(set) var problems: [PartProblem] = []
        /// Parts that were begun and not committed.
        package fileprivate(set) var pending: Set<String> = []
    }

    /// The most that a sink takes.
    package struct Limits: Sendable {
        /// Of all parts together; one part may have half.
        package var room: SampleBudget.Room
        /// Parts, and as many problems: each is a series of martlet's own, which no limit of series leaves out.
        package var parts = 10_000
        /// Bytes of the names of all of them, which stand in those series.
        package var nameBytes = 4 << 20

        /// - Parameter series: the most that the exposition may have. The sink takes twice as many, since it is the exposition that leaves
        ///   out whole families, and for that they must be there. A sample has 64 bytes of labels on average, several times what guests have.
        package init(series: Int) {
            let samples = max(2_000_000, 2 * min(series, 1 << 32))
            room = SampleBudget.Room(samples: samples, labelBytes: samples * 64)
        }
    }

    private struct State {
        var contents = Contents()
        var begun: Set<String> = []
        var nameBytes = 0
        /// Of a share, which has none of its own.
        var problemCount = 0
        var isClosed = false
        /// It was said that there is too much.
        var hasComplained = false
    }

    private let limits: Limits
    private let budget: SampleBudget
    private let state = Mutex(State())
    /// Of which this one is a share; it holds everything that the share takes.
    private let whole: SampleSink?

    package init(_ limits: Limits = Limits(series: 0)) {
        self.limits = limits
        budget = SampleBudget(limits.room)
        whole = nil
    }

    private init(halfOf whole: SampleSink) {
        var limits = whole.limits
        limits.parts /= 2
        limits.nameBytes /= 2
        self.limits = limits
        budget = SampleBudget(halfOf: whole.budget)
        self.whole = whole
    }

    /// A sink for one of several that a collector asks and that need not trust each other. It takes half of what this one takes at most, so
    /// that none of them leaves the others without room. What it takes is in this one, and only there.
    package func share() -> SampleSink { SampleSink(halfOf: self) }

    /// Begins a part: from now on it is missed if it is not committed.
    package func begin(_ part: String, reservingSamples capacity: Int = 0) -> SampleBuffer {
        begin(part, capacity, budget)
    }

    private func begin(_ part: String, _ capacity: Int, _ budget: SampleBudget) -> SampleBuffer {
        if let whole {
            let isTaken = state.withLock { state in
                guard state.begun.count < limits.parts, hasRoom(for: part, &state) else { return false }
                state.begun.insert(part)
                return true
            }
            guard isTaken else {
                complain()
                return SampleBuffer(part: part, budget: budget)
            }
            return whole.begin(part, capacity, budget)
        }
        state.withLock { state in
            guard !state.isClosed else { return }
            guard !state.begun.contains(part) else {
                report(PartProblem(part: part, .duplicate, "two parts are named \(part); the second is dropped"), to: &state)
                return
            }
            guard state.begun.count < limits.parts, hasRoom(for: part, &state) else { return complain(&state) }
            state.begun.insert(part)
            state.contents.pending.insert(part)
        }
        return SampleBuffer(part: part, reservingSamples: capacity, budget: budget)
    }

    /// Hands a part over. Only the first buffer of a part that was begun counts, and none after the sink was closed. One that is larger
    /// than the limits is dropped, and reported.
    package func commit(_ buffer: consuming SampleBuffer) {
        if let whole { return whole.commit(buffer) }
        var buffer = buffer
        buffer.settle()
        state.withLock { [buffer] state in
            guard !state.isClosed, state.contents.pending.remove(buffer.part) != nil else { return }
            guard !buffer.isOverfull else {
                let room = budget.largestPart
                let message = "more than \(room.samples) samples or \(room.labelBytes) bytes of labels, or no room left beside other parts"
                report(PartProblem(part: buffer.part, .tooLarge, message), to: &state)
                return
            }
            state.contents.committed.append(buffer)
        }
    }

    /// Says what is missing. A part may be committed all the same, with the values that are there.
    package func report(_ problem: PartProblem) {
        if let whole {
            let isTaken = state.withLock { state in
                guard state.problemCount < limits.parts, hasRoom(for: problem.part, &state) else { return false }
                state.problemCount += 1
                return true
            }
            return isTaken ? whole.report(problem) : complain()
        }
        state.withLock { state in
            guard !state.isClosed else { return }
            report(problem, to: &state)
        }
    }

    private func report(_ problem: PartProblem, to state: inout State) {
        guard state.contents.problems.count < limits.parts, hasRoom(for: problem.part, &state) else { return complain(&state) }
        state.contents.problems.append(problem)
    }

    private func hasRoom(for name: String, _ state: inout State) -> Bool {
        guard state.nameBytes + name.utf8.count <= limits.nameBytes else { return false }
        state.nameBytes += name.utf8.count
        return true
    }

    /// The same of a share, to the whole.
    private func complain() {
        guard let whole else { return state.withLock { complain(&$0) } }
        whole.complain()
    }

    /// Says once that parts or problems are left out, however many.
    private func complain(_ state: inout State) {
        guard !state.hasComplained else { return }
        state.hasComplained = true
        state.contents.problems.append(
            PartProblem(part: "", .tooLarge, "more than \(limits.parts) parts or problems, or \(limits.nameBytes) bytes of their names"))
    }

    /// What is there now.
    package var contents: Contents { whole?.contents ?? state.withLock { $0.contents } }

    /// Takes nothing more.
    package func close() {
        if let whole { return whole.close() }
        state.withLock { $0.isClosed = true }
    }
}
