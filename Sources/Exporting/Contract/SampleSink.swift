package import Metrics
import Synchronization

/// Where a collector puts what it found in one scrape. Parts are committed whole; what comes after the deadline is dropped.
package final class SampleSink: Sendable {
    /// What the sink holds at a moment.
    package struct Contents: Sendable {
        package fileprivate(set) var committed: [SampleBuffer] = []
        package fileprivate(set) var problems: [PartProblem] = []
        /// Parts that were begun and not committed.
        package fileprivate(set) var pending: Set<String> = []
    }

    private struct State {
        var contents = Contents()
        var begun: Set<String> = []
        var isClosed = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Begins a part: from now on it is missed if it is not committed.
    package func begin(_ part: String, reservingSamples capacity: Int = 0) -> SampleBuffer {
        state.withLock { state in
            guard !state.isClosed else { return }
            guard state.begun.insert(part).inserted else {
                state.contents.problems.append(PartProblem(part: part, .duplicate, "two parts are named \(part); the second is dropped"))
                return
            }
            state.contents.pending.insert(part)
        }
        return SampleBuffer(part: part, reservingSamples: capacity)
    }

    /// Hands a part over. Only the first buffer of a part that was begun counts, and none after the sink was closed.
    package func commit(_ buffer: consuming SampleBuffer) {
        let buffer = buffer
        state.withLock { state in
            guard !state.isClosed, state.contents.pending.remove(buffer.part) != nil else { return }
            state.contents.committed.append(buffer)
        }
    }

    /// Says what is missing. A part may be committed all the same, with the values that are there.
    package func report(_ problem: PartProblem) {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.contents.problems.append(problem)
        }
    }

    /// What is there now.
    package var contents: Contents { state.withLock { $0.contents } }

    /// Takes nothing more.
    package func close() { state.withLock { $0.isClosed = true } }
}
