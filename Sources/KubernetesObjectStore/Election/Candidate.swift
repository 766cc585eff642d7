import Objects
import Primitives

/// What a candidate knows and decides: pure, so that every order of events can be tried.
///
/// Of the other's moments it believes nothing: it counts, on its own monotonic clock, since when the record has not changed. Its own leadership it counts from
/// the moment before the write that renewed it was sent, so that it ends before anybody who has seen that write may begin.
struct Candidate: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum Plan: Sendable {
        /// The Lease as it is to be created or, when it has a version, to be put in place of the one that was seen.
        case write(APIObject)
        /// Somebody else leads.
        case wait(holder: String)
    }

    let identity: String
    let times: ElectionTimes
    private var seen: (record: LeaseRecord, at: Instant)?
    /// Until when this one may act as the leader; nil when it does not lead.
    private(set) var leadsUntil: Instant?
    /// Whether a write was planned that may have been done, whatever was heard of it.
    private(set) var mayHold = false

    init(identity: String, times: ElectionTimes) {
        self.identity = identity
        self.times = times
    }

    /// - Parameters:
    ///   - lease: that was read just now; nil when there is none.
    ///   - now: after it was read.
    ///   - wallSeconds: for those who read the Lease.
    mutating func plan(_ lease: APIObject?, key: ObjectKey, now: Instant, wallSeconds: Double) -> Plan {
        var next = LeaseRecord()
        next.holder = identity
        next.leaseSeconds = Int64(times.leaseSeconds.rounded(.up))
        next.renewTime = Timestamp.preciseText(wallSeconds)
        next.acquireTime = next.renewTime
        guard var lease else {
            var new = APIObject(.lease, ObjectMetadata(name: key.name, namespace: key.namespace))
            next.write(to: &new)
            mayHold = true
            return .write(new)
        }
        let record = LeaseRecord(lease)
        if seen?.record != record { seen = (record, now) }
        if record.holder == identity {
            next.acquireTime = record.acquireTime
            next.transitions = record.transitions
            // A renewal that changes nothing is none: nobody would see it. Clocks can stand still, or be set back.
            if next.renewTime == record.renewTime { next.renewTime = Timestamp.preciseText(wallSeconds + 1e-5) }
        } else {
            guard record.holder.isEmpty || isOver(now) else { return .wait(holder: record.holder) }
            next.transitions = record.transitions &+ 1
        }
        next.write(to: &lease)
        mayHold = true
        return .write(lease)
    }

    /// Whether the record that was seen last has stood for as long as its writer has promised to renew it within.
    private func isOver(_ now: Instant) -> Bool {
        guard let seen else { return false }
        let seconds = seen.record.leaseSeconds > 0 ? Double(seen.record.leaseSeconds) : times.leaseSeconds
        return now >= seen.at.advanced(by: .seconds(seconds.clamped(to: 0...86_400)))
    }

    /// - Parameter sentAt: before it was sent.
    mutating func wrote(sentAt: Instant) { leadsUntil = sentAt.advanced(by: .seconds(times.renewSeconds)) }

    /// The write that was planned was not done, as another had been faster.
    mutating func wasRefused() { mayHold = leadsUntil != nil }

    mutating func stepDown() { leadsUntil = nil }

    /// The Lease as it is given back; nil when it is not ours.
    mutating func released(_ lease: APIObject, wallSeconds: Double) -> APIObject? {
        var (lease, record) = (lease, LeaseRecord(lease))
        mayHold = false
        guard record.holder == identity else { return nil }
        record.holder = ""
        record.leaseSeconds = 1
        record.renewTime = Timestamp.preciseText(wallSeconds)
        record.acquireTime = record.renewTime
        record.write(to: &lease)
        return lease
    }
}
