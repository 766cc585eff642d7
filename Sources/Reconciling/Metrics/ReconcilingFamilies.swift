import Metrics

/// The families of client-go, controller-runtime and Virtrigaud about queues and reconciles.
///
/// Without `controller_runtime_reconcile_panics_total`: a trap here ends the program, and nobody would count it.
struct ReconcilingFamilies: Sendable {
    private let depth, adds, queueDurations, workDurations, unfinished, longest, retries: Metric
    private let results, errors, terminalErrors, timeouts, durations, workers, active: Metric
    private let outcomes, managerDurations, waiting: Metric

    private static let queue = LabelSchema("name")
    private static let controller = LabelSchema("controller")
    private static let result = LabelSchema("controller", "result")
    private static let kind = LabelSchema("kind")
    private static let outcome = LabelSchema("kind", "outcome")

    init(_ catalogue: inout Catalogue) {
        let (queue, loop) = ("the controller's queue", "the controller's workers")
        depth = catalogue.gauge(
            "workqueue_depth", "Objects to be looked at, also those that are looked at now and have changed again.", labels: Self.queue,
            source: queue)
        adds = catalogue.counter(
            "workqueue_adds_total", "Objects that were added and not there already.", labels: Self.queue, source: queue)
        queueDurations = catalogue.histogram(
            "workqueue_queue_duration_seconds", "Time from an object's being added to a worker's taking it.", labels: Self.queue,
            source: queue)
        workDurations = catalogue.histogram(
            "workqueue_work_duration_seconds", "Time from a worker's taking an object to its being done.", labels: Self.queue,
            source: queue)
        unfinished = catalogue.gauge(
            "workqueue_unfinished_work_seconds", "How long workers have had the objects that they have, together.", labels: Self.queue,
            source: queue)
        longest = catalogue.gauge(
            "workqueue_longest_running_processor_seconds", "How long a worker has had its object, of the one that has it the longest.",
            labels: Self.queue, source: queue)
        retries = catalogue.counter(
            "workqueue_retries_total", "Objects that were to be looked at again after a time, also after none.", labels: Self.queue,
            source: queue)
        results = catalogue.counter(
            "controller_runtime_reconcile_total",
            "Reconciles that ended: success, error, requeue (to be tried again), requeue_after (to be looked at after a time).",
            labels: Self.result, source: loop)
        errors = catalogue.counter(
            "controller_runtime_reconcile_errors_total", "Reconciles that failed.", labels: Self.controller, source: loop)
        terminalErrors = catalogue.counter(
            "controller_runtime_terminal_reconcile_errors_total", "Reconciles that failed and are not tried again until something changes.",
            labels: Self.controller, source: loop)
        timeouts = catalogue.counter(
            "controller_runtime_reconcile_timeouts_total", "Reconciles that took too long and were cancelled; they have failed too.",
            labels: Self.controller, source: loop)
        durations = catalogue.histogram(
            "controller_runtime_reconcile_time_seconds", "How long reconciles took.", labels: Self.controller, source: loop)
        workers = catalogue.gauge(
            "controller_runtime_max_concurrent_reconciles", "Objects that are looked at at a time, at most.", labels: Self.controller,
            source: "settings")
        active = catalogue.gauge(
            "controller_runtime_active_workers", "Objects that are looked at now.", labels: Self.controller, source: loop)
        outcomes = catalogue.counter(
            "virtrigaud_manager_reconcile_total",
            "Reconciles that ended: success when what is so is what is wanted, requeue while it waits for something, error.",
            labels: Self.outcome, source: loop)
        managerDurations = catalogue.histogram(
            "virtrigaud_manager_reconcile_duration_seconds", "How long reconciles took.", labels: Self.kind, source: loop)
        waiting = catalogue.gauge(
            "virtrigaud_queue_depth", "Objects that wait for a worker.", labels: Self.kind, source: queue)
    }

    func writeQueue(_ controller: Controller, _ facts: QueueFacts, _ buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.queue, controller.name)
        buffer.add(depth, labels, Double(facts.depth))
        buffer.add(adds, labels, Double(facts.adds))
        buffer.add(queueDurations, labels, facts.queueDurations)
        buffer.add(workDurations, labels, facts.workDurations)
        buffer.add(unfinished, labels, facts.unfinishedSeconds)
        buffer.add(longest, labels, facts.longestSeconds)
        buffer.add(retries, labels, Double(facts.retries))
    }

    func writeController(_ controller: Controller, _ book: ControllerBook.Contents, _ buffer: inout SampleBuffer) {
        for result in ControllerBook.Result.allCases {
            buffer.add(results, buffer.labels(Self.result, controller.name, result.rawValue), Double(book.results[result] ?? 0))
        }
        let labels = buffer.labels(Self.controller, controller.name)
        buffer.add(errors, labels, Double(book.errors))
        buffer.add(terminalErrors, labels, Double(book.terminalErrors))
        buffer.add(timeouts, labels, Double(book.timeouts))
        buffer.add(durations, labels, book.durations)
        buffer.add(workers, labels, Double(controller.limits.workers))
        buffer.add(active, labels, Double(book.active))
    }

    /// - Parameters:
    ///   - books: of all controllers of the kind.
    ///   - waiting: objects that wait for one of them.
    func writeKind(_ kind: String, _ books: [ControllerBook.Contents], waiting count: Int, _ buffer: inout SampleBuffer) {
        for outcome in ReconcileResult.Outcome.allCases {
            let sum = books.reduce(0) { $0 + ($1.outcomes[outcome] ?? 0) }
            buffer.add(outcomes, buffer.labels(Self.outcome, kind, outcome.rawValue), Double(sum))
        }
        let labels = buffer.labels(Self.kind, kind)
        var durations: Distribution?
        for book in books { durations = durations.map { $0.adding(book.managerDurations) } ?? book.managerDurations }
        if let durations { buffer.add(managerDurations, labels, durations) }
        buffer.add(waiting, labels, Double(count))
    }
}
