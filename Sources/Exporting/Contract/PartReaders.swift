package import Primitives
import Synchronization

/// Reads parts on threads of their own, so that a file of the kernel that hangs takes neither other parts nor the cooperative pool along.
package final class PartReaders: Sendable {
    package enum End: Sendable {
        case done
        /// Not done by the deadline, or nobody wants it any more; it may be at work still.
        case givenUp
        /// Not begun, as one that was given up is at work still.
        case hanging
        case failed(Failure)
    }

    private enum Stage { case atWork, done, givenUp }

    /// How many were given up and are at work still, by part.
    private let hanging = Mutex<[String: Int]>([:])
    /// Each holds a thread. When so many hang, under whatever names, nothing more is begun.
    private static let hangingLimit = 128
    private let threadName: String

    /// - Parameter threadName: what the threads are called, as `top -H` shows it.
    package init(threadName: String) { self.threadName = threadName }

    package func read(_ part: String, by deadline: Deadline, _ body: @escaping @Sendable () -> Void) async -> End {
        guard hanging.withLock({ $0[part] == nil && $0.count < Self.hangingLimit }) else { return .hanging }
        let answer = OneAnswer<Bool>()
        let stage = SharedStage()
        do {
            try Thread.start(threadName) { [self] in
                body()
                if stage.move(to: .done) == .givenUp {
                    hanging.withLock { $0[part] = $0[part].flatMap { $0 > 1 ? $0 - 1 : nil } }
                }
                answer.give(true)
            }
        } catch {
            return .failed(error)
        }
        if await answer.value(by: deadline, late: false) { return .done }
        // Counted first: the thread may end between the two.
        hanging.withLock { $0[part, default: 0] += 1 }
        guard stage.move(to: .givenUp) == .done else { return .givenUp }
        hanging.withLock { $0[part] = $0[part].flatMap { $0 > 1 ? $0 - 1 : nil } }
        return .done
    }

    private final class SharedStage: Sendable {
        private let stage = Mutex(Stage.atWork)

        /// The first to move it is the one who decides; returns what it was before.
        func move(to new: Stage) -> Stage {
            stage.withLock { stage in
                defer { if stage == .atWork { stage = new } }
                return stage
            }
        }
    }
}
