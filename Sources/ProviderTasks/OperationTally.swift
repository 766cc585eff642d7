/// How many operations of a kind ended in one way, and how long they took: from being accepted to their end.
///
/// It is counted in the transaction that records the end, so each operation is in it exactly once, whatever happens to the process.
package struct OperationTally: Sendable, Equatable {
    /// Upper bounds in seconds, as `virtrigaud_vm_operations_duration_seconds` has them; what took longer is in the last place of `counts`.
    package static let bounds: [Double] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800]

    package let kind: String
    package let variant: String
    package let outcome: OperationOutcome
    /// For each bound the number of those that took no longer and longer than the bound before; one more for the rest.
    package var counts: [Int]
    package var totalSeconds: Double

    package var count: Int { counts.reduce(0, +) }

    init(kind: String, variant: String, outcome: OperationOutcome) {
        self.kind = kind
        self.variant = variant
        self.outcome = outcome
        counts = Array(repeating: 0, count: Self.bounds.count + 1)
        totalSeconds = 0
    }

    mutating func add(seconds: Double) {
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        totalSeconds += seconds
    }
}

/// That an operation is over.
package struct OperationEnd: Sendable {
    package let operation: Operation
    package let outcome: OperationOutcome
    /// From being accepted to its end.
    package let durationSeconds: Double
}
