package import Primitives

/// Controllers and the informers they read, as one thing that runs and ends.
package struct ControllerSet: Sendable {
    package let controllers: [Controller]
    package let informers: [any RunnableInformer]
    private let stopSeconds: Double
    private let logger: Logger

    /// - Parameter stopSeconds: how long reconciles have to end by themselves when it ends, before they are cancelled; and once more so long
    ///   until they are left behind.
    package init(
        _ controllers: [Controller], informers: [any RunnableInformer], stopSeconds: Double = 15, logger: Logger = .silent
    ) {
        self.controllers = controllers
        self.informers = informers
        self.stopSeconds = stopSeconds
        self.logger = logger
    }

    /// Whether all caches had all objects at one time.
    package var hasSynced: Bool { informers.allSatisfy(\.hasSynced) }

    /// Starts informers, and workers when all caches are full; works until the task is cancelled; then ends in the other order.
    package func run() async {
        let following = informers.map { informer in Task { await informer.run() } }
        var isReady = true
        for informer in informers where isReady { isReady = await informer.synced() }
        if isReady {
            logger.info("controllers start", ["controllers": controllers.count])
            let workers = controllers.flatMap { controller in
                (0..<controller.limits.workers).map { _ in Task { await controller.work() } }
            }
            let end = OneAnswer<Bool>()
            await withTaskCancellationHandler {
                _ = await end.value
            } onCancel: {
                end.give(true)
            }
            // In a task that is not cancelled.
            await Task { await stop(workers) }.value
        }
        for task in following { task.cancel() }
        for task in following { await task.value }
    }

    private func stop(_ workers: [Task<Void, Never>]) async {
        for controller in controllers { controller.queue.shutDown(dropping: true) }
        guard await !areDrained() else { return }
        logger.warn("reconciles are cancelled, as the program ends")
        for worker in workers { worker.cancel() }
        guard await !areDrained() else { return }
        for controller in controllers where controller.queue.facts.working > 0 {
            logger.error("reconciles do not end and are left", ["controller": controller.name, "count": controller.queue.facts.working])
        }
    }

    private func areDrained() async -> Bool {
        let end = Deadline.after(seconds: stopSeconds)
        for controller in controllers {
            guard await controller.queue.drained(bySeconds: end.remainingSeconds) else { return false }
        }
        return true
    }
}
