import ProviderRPC
package import RPC

/// How a kind of operation is done, as steps that may be done again.
///
/// The process may end at any moment: between two steps, within one, after the hypervisor did something and before that was written down. What was done
/// and not noted is then done again, so each step first looks for what it made before. What it makes carries the operation's id, by which it is found.
package protocol OperationWork: Sendable {
    /// Does what is left to do. It is called again from its beginning after each restart, and for a while when it throws `unavailable`; it never
    /// runs twice at a time for one operation. Cancellation of the Swift task is how it hears that it shall stop.
    ///
    /// What it throws is how the operation fails; `undo` follows.
    func run(_ operation: OperationContext) async throws(RPCError)

    /// Takes back what an operation has made that failed, was cancelled or ran out of time, however far it was. Called again until it does not throw.
    func undo(_ operation: OperationContext) async throws(RPCError)
}

extension OperationWork {
    /// For work that makes nothing, or that can only go on.
    package func undo(_ operation: OperationContext) async throws(RPCError) {}
}

/// What the engine must know of a kind of operation.
package struct OperationKind: Sendable {
    /// What becomes of one that runs when the process ends in good order.
    package enum AtShutdown: Sendable {
        /// It is interrupted, and goes on after the next start.
        case leave
        /// It is waited for as long as there is time, and then left.
        case finish
        /// It is cancelled.
        case cancel
    }

    /// Of what there is enough for how many at a time: one that fetches images must not keep others from being switched off.
    package enum Place: Sendable, CaseIterable {
        /// It mostly waits for a guest, and may wait for long. While it sleeps others have its place.
        case waiting
        /// It moves bytes for minutes or hours.
        case hauling
        /// It asks the hypervisor for something that takes seconds.
        case acting

        /// As the method of that name does it with most hypervisors.
        static func usual(_ method: String) -> Place {
            switch ProviderMethod(rawValue: method) {
            case .power: .waiting
            case .create, .clone, .imagePrepare, .exportDisk, .importDisk: .hauling
            default: .acting
            }
        }
    }

    /// The method: `Create`.
    package let name: String
    package let work: any OperationWork
    /// How long it may take from its start, in seconds, over restarts; then it is taken back.
    package var deadlineSeconds: Double
    /// For how long it is tried again that the hypervisor could not be reached.
    package var retrySeconds: Double
    /// For how long it is tried to take back what it made, before that is given up and told.
    package var undoSeconds: Double
    package var canCancel: Bool
    package var atShutdown: AtShutdown
    package var place: Place
    /// Of variants that do something else than the others of this kind.
    package var places: [String: Place] = [:]
    /// For how long the hypervisor may still be about what a process before this one asked it for, in seconds: what was taken back before then is looked for
    /// once more.
    package var lateSeconds: Double = 0

    package init(
        _ name: String, deadlineSeconds: Double = 1800, retrySeconds: Double = 60, undoSeconds: Double = 3600, canCancel: Bool = true,
        atShutdown: AtShutdown = .leave, place: Place? = nil, work: any OperationWork
    ) {
        self.name = name
        self.work = work
        self.deadlineSeconds = deadlineSeconds
        self.retrySeconds = retrySeconds
        self.undoSeconds = undoSeconds
        self.canCancel = canCancel
        self.atShutdown = atShutdown
        self.place = place ?? .usual(name)
    }
}
