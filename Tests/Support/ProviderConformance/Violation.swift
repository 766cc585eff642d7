/// What the suite looks at. Each of them has a provider in the suite's own tests that is caught by it.
package enum Check: String, Sendable, CaseIterable {
    /// A machine is made, looked at, switched, changed and removed, and nothing of it stays.
    case lifeCycle
    /// A machine that runs is removed like another.
    case runningDelete
    /// Snapshots are taken, reverted to and removed, or said not to be had.
    case snapshots
    /// Clones are made, full and linked, and live on their own.
    case clones
    /// Images are brought in, once, and what has a wrong checksum is not.
    case images
    /// The same key is the same work, before and after a restart and the end; with another request it is refused. So is an owner without a key.
    case tokens
    /// Work goes on to an end that is known after the provider was ended at once, and nothing is made twice, lost, or left half made.
    case kill
    /// The same when the provider was ended in good order.
    case restart
    /// TaskStatus answers at once, also while work goes on; tasks that never were are not found.
    case taskStatus
    /// Tasks are listed with state, progress and times that fit together.
    case taskList
    /// What cannot be done is refused with the code of the contract.
    case codes
    /// Work that fails says why, with a code, and leaves nothing.
    case failures
    /// A hypervisor that cannot be reached or refuses who asks is told as that.
    case hypervisorErrors
    /// Work that is cancelled ends so, and leaves nothing.
    case cancel
    /// A name is taken as it is or refused; nothing in it is obeyed.
    case names
    /// Many calls at once do what they would do one after the other.
    case concurrency
    /// An answer of the hypervisor that is lost makes nothing twice.
    case lostAnswers
    /// Calls answer within a second, however long the work takes.
    case promptness
}

/// A breach of the contract of a provider.
package struct Violation: Sendable, CustomStringConvertible {
    package let check: Check
    /// What was seen.
    package let detail: String

    package var description: String { "[\(check.rawValue)] \(detail)" }
}
