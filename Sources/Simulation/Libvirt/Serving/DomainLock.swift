/// The lock of a domain whose QEMU does not answer: who has it waits for ever, others for thirty seconds, as in libvirtd.
///
/// Who has hung up keeps the lock, and the worker that serves him: libvirtd knows no way to take a question to QEMU back.
struct DomainLock {
    /// Who asks for the lock gets so many seconds.
    static let patienceSeconds = 30.0

    /// What becomes of a call that needs the lock.
    enum Outcome: Equatable {
        /// It waits here.
        case waits
        /// It is answered without the lock.
        case doesWithout
    }

    struct Waiter {
        let call: LibvirtCall
        /// By the same clock.
        let until: Double
    }

    private(set) var holder: LibvirtCall?
    /// Since when, by a clock that nobody sets.
    private(set) var heldSince = 0.0
    private(set) var waiters: [Waiter] = []

    /// Workers that are not free.
    var busy: Int { waiters.count + (holder == nil ? 0 : 1) }

    /// - Parameter isHeldElsewhere: whether somebody has it who is no client of ours.
    mutating func take(_ call: LibvirtCall, mayWait: Bool, isHeldElsewhere: Bool, now: Double) -> Outcome {
        guard holder != nil || isHeldElsewhere else {
            holder = call
            heldSince = now
            return .waits
        }
        guard mayWait else { return .doesWithout }
        waiters.append(Waiter(call: call, until: now + Self.patienceSeconds))
        return .waits
    }

    /// Those who have waited too long.
    mutating func late(now: Double) -> [LibvirtCall] {
        let late = waiters.filter { $0.until <= now }
        if !late.isEmpty { waiters.removeAll { $0.until <= now } }
        return late.map(\.call)
    }

    /// All of them, in the order in which they get the lock: QEMU answers again.
    mutating func release() -> [LibvirtCall] {
        defer { (holder, waiters) = (nil, []) }
        return (holder.map { [$0] } ?? []) + waiters.map(\.call)
    }
}
