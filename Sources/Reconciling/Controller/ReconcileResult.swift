/// What a reconcile that did not fail has come to.
package struct ReconcileResult: Sendable, Hashable {
    /// The label `outcome` of `virtrigaud_manager_reconcile_total`.
    package enum Outcome: String, Sendable, CaseIterable {
        /// What is so is what is wanted.
        case success
        /// It waits for a task or for something else.
        case requeue
        case error
    }

    package enum Next: Sendable, Hashable {
        /// When something changes.
        case change
        /// Soon, and later each time.
        case retry
        case after(seconds: Double)
    }

    package let outcome: Outcome
    package let next: Next

    package init(_ outcome: Outcome, next: Next) {
        self.outcome = outcome
        self.next = next
    }

    /// What is so is what is wanted.
    package static let done = ReconcileResult(.success, next: .change)
    /// What is so is what is wanted; it is looked at again after a time.
    package static func done(againAfterSeconds seconds: Double) -> ReconcileResult {
        ReconcileResult(.success, next: .after(seconds: seconds))
    }
    /// Waits for something whose change will be told.
    package static let waiting = ReconcileResult(.requeue, next: .change)
    /// Waits for something, and looks after a time whether it has come.
    package static func after(seconds: Double) -> ReconcileResult { ReconcileResult(.requeue, next: .after(seconds: seconds)) }
    /// The same, where the object says that it could not be made what is wanted.
    package var failed: ReconcileResult { ReconcileResult(.error, next: next) }
    /// Is to be done once more: at once the first time, and later each further time.
    package static let requeue = ReconcileResult(.requeue, next: .retry)
}
