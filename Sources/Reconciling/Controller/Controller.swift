package import Primitives
import Synchronization

/// Looks at objects of one kind as they change, with so many workers.
package final class Controller: Sendable {
    package struct Limits: Sendable {
        /// Objects that are looked at at a time.
        package var workers = 4
        package var pace = RetryPace()
        /// A reconcile that takes longer is cancelled, and is an error.
        package var reconcileSeconds = 300.0

        package init() {}

        package init(workers: Int, pace: RetryPace = RetryPace(), reconcileSeconds: Double = 300) {
            self.workers = max(1, workers)
            self.pace = pace
            self.reconcileSeconds = reconcileSeconds
        }
    }

    private enum Ending {
        case result(ReconcileResult)
        case error(ReconcileError)
        case timeout
        /// The program ends.
        case stopped
    }

    /// The label `controller`, and `name` of its queue: `virtualmachine`.
    package let name: String
    /// The label `kind`: `VirtualMachine`.
    package let kind: String
    package let limits: Limits
    package let queue: WorkQueue<ObjectName>
    let book = ControllerBook()
    private let reconciler: any Reconciler
    private let time: TimeSource
    private let logger: Logger

    package init(
        _ name: String, kind: String, _ reconciler: any Reconciler, limits: Limits = Limits(), time: TimeSource = .system,
        logger: Logger = .silent
    ) {
        self.name = name
        self.kind = kind
        self.reconciler = reconciler
        self.limits = limits
        self.time = time
        self.logger = logger
        queue = WorkQueue(pace: limits.pace, time: time)
    }

    /// Takes names from the queue until it is shut down, or the task is cancelled.
    func work() async {
        while let object = await queue.next() {
            await reconcile(object)
            queue.done(object)
        }
    }

    private func reconcile(_ object: ObjectName) async {
        let start = time.now
        book.begin()
        let ending = await attempt(object)
        let seconds = max(0, (time.now - start).seconds)
        switch ending {
        case .stopped: book.end { _ in }
        case .result(let result):
            settle(object, result)
            note(seconds, result.outcome, Self.title(result.next))
        case .error(let error) where error.retry == .atOnce:
            logger.debug("somebody else has changed the object", ["controller": name, "object": object, "reason": error.message])
            // The cache may still be behind: once at once, then later each time, and apart from the retries of errors.
            queue.addRateLimited(object, isShared: false)
            note(seconds, .requeue, .requeue)
        case .error(let error):
            let isTerminal = error.retry == .never
            logger.warn(
                isTerminal ? "not tried again until something changes" : "to be tried again",
                ["controller": name, "object": object, "reason": error.message])
            if isTerminal { queue.forget(object) } else { queue.addRateLimited(object) }
            note(seconds, .error, .error) { book in
                book.errors += 1
                if isTerminal { book.terminalErrors += 1 }
            }
        case .timeout:
            logger.warn("took too long, to be tried again", ["controller": name, "object": object, "seconds": limits.reconcileSeconds])
            queue.addRateLimited(object)
            note(seconds, .error, .error) { book in
                book.errors += 1
                book.timeouts += 1
            }
        }
    }

    /// In a task of its own, which can be cancelled without the worker's end.
    private func attempt(_ object: ObjectName) async -> Ending {
        let task = Task { [reconciler] () -> Result<ReconcileResult, ReconcileError> in
            do throws(ReconcileError) {
                return .success(try await reconciler.reconcile(object))
            } catch {
                return .failure(error)
            }
        }
        let isLate = Flag()
        let takeBack = time.ring(at: time.after(seconds: limits.reconcileSeconds)) {
            isLate.set()
            task.cancel()
        }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        takeBack()
        // What was cancelled may say anything.
        if isLate.isSet { return .timeout }
        switch result {
        case .success(let result): return .result(result)
        case .failure(let error): return Task.isCancelled ? .stopped : .error(error)
        }
    }

    private func settle(_ object: ObjectName, _ result: ReconcileResult) {
        switch result.next {
        case .change: queue.forget(object)
        case .retry: queue.addRateLimited(object)
        case .after(let seconds):
            queue.forget(object)
            queue.add(object, afterSeconds: seconds)
        }
    }

    private static func title(_ next: ReconcileResult.Next) -> ControllerBook.Result {
        switch next {
        case .change: .success
        case .retry: .requeue
        case .after: .requeueAfter
        }
    }

    private func note(
        _ seconds: Double, _ outcome: ReconcileResult.Outcome, _ result: ControllerBook.Result,
        _ more: (inout ControllerBook.Contents) -> Void = { _ in }
    ) {
        book.end { book in
            book.note(result, outcome, seconds)
            more(&book)
        }
    }
}

private final class Flag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}
