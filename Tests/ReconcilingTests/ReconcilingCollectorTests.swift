import CollectorConformance
import Metrics
import Testing

@testable import Reconciling

@Suite struct `The metrics of controllers` {
    private struct Nothing: Reconciler {
        func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult { .done }
    }

    @Test func `keep the contract of collectors, and are there from the start`() async {
        let controllers = [
            Controller("virtualmachine", kind: "VirtualMachine", Nothing()), Controller("vmset", kind: "VMSet", Nothing()),
            Controller("adoption", kind: "VirtualMachine", Nothing()),
        ]
        let suite = CollectorConformance(
            prefixes: ["workqueue_", "controller_runtime_", "virtrigaud_"],
            healthy: Scene("at rest", .healthy)
        ) { ReconcilingCollector(controllers) }
        let violations = await suite.violations()
        #expect(violations.isEmpty, "\(violations)")
    }

    @Test func `have the names and buckets that operators know`() {
        let descriptors = ReconcilingCollector().catalogue.descriptors
        let names = Set(descriptors.map { "\($0.name){\($0.labels.names.joined(separator: ","))} \($0.kind)" })
        #expect(
            names == [
                "workqueue_depth{name} gauge", "workqueue_adds_total{name} counter", "workqueue_queue_duration_seconds{name} histogram",
                "workqueue_work_duration_seconds{name} histogram", "workqueue_unfinished_work_seconds{name} gauge",
                "workqueue_longest_running_processor_seconds{name} gauge", "workqueue_retries_total{name} counter",
                "controller_runtime_reconcile_total{controller,result} counter",
                "controller_runtime_reconcile_errors_total{controller} counter",
                "controller_runtime_terminal_reconcile_errors_total{controller} counter",
                "controller_runtime_reconcile_timeouts_total{controller} counter",
                "controller_runtime_reconcile_time_seconds{controller} histogram",
                "controller_runtime_max_concurrent_reconciles{controller} gauge",
                "controller_runtime_active_workers{controller} gauge",
                "virtrigaud_manager_reconcile_total{kind,outcome} counter",
                "virtrigaud_manager_reconcile_duration_seconds{kind} histogram", "virtrigaud_queue_depth{kind} gauge",
            ])
        let book = ControllerBook().contents
        #expect(book.durations.bounds.count == 40)
        #expect(book.durations.bounds.last == 60)
        #expect(book.managerDurations.bounds.count == 15)
        #expect(book.managerDurations.bounds.last == 16.384)
    }
}
