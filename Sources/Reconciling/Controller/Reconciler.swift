/// Makes what is so come nearer to what is wanted, for one object at a time.
package protocol Reconciler: Sendable {
    /// Looks at the object as it is now, whatever has changed, and does what is to be done next. Never called for one name twice at a time.
    ///
    /// - Parameter name: of an object that may be gone.
    /// - Returns: what it has come to. The task is cancelled when it takes longer than its controller allows, and when the program ends.
    func reconcile(_ name: ObjectName) async throws(ReconcileError) -> ReconcileResult
}
