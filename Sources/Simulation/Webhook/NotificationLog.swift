import JSON
import Synchronization

/// What a webhook has received: counts of everything, and the last alerts themselves.
final class NotificationLog: Sendable {
    private struct State {
        var received = 0
        var rejected = 0
        var firing = 0
        var resolved = 0
        /// Oldest first.
        var alerts: [AlertNotification] = []
    }

    /// How many alerts are remembered.
    static let limit = 1000

    private let state = Mutex(State())

    /// A message with these alerts was received.
    func add(_ alerts: [AlertNotification]) {
        state.withLock { state in
            state.received += 1
            state.firing += alerts.count { $0.status == "firing" }
            state.resolved += alerts.count { $0.status == "resolved" }
            state.alerts += alerts
            state.alerts.removeFirst(max(0, state.alerts.count - Self.limit))
        }
    }

    /// Something that is no message was received.
    func reject() { state.withLock { $0.rejected += 1 } }

    /// Forgets everything, the counts too.
    func clear() { state.withLock { $0 = State() } }

    /// `{"received":n,"rejected":n,"firing":n,"resolved":n,"alerts":[…]}`: messages, bad ones, alerts by status, the last alerts.
    func json() -> [UInt8] {
        let state = state.withLock { $0 }
        var json = JSONWriter(reservingBytes: 256 + state.alerts.count * 512)
        json.object { json in
            json.member("received", state.received)
            json.member("rejected", state.rejected)
            json.member("firing", state.firing)
            json.member("resolved", state.resolved)
            json.key("alerts")
            json.array { json in
                for alert in state.alerts { alert.write(into: &json) }
            }
        }
        return json.bytes
    }
}
