import ProxmoxAPI
import Synchronization

/// What the credential may see, so that what it may not is not taken for what is not there.
final class Rights: Sendable {
    private struct State {
        var permissions: Permissions?
        /// By the clock of the timers.
        var nextAsk = -Double.infinity
    }

    /// Rights are given and taken by hand.
    private static let periodSeconds = 300.0
    private static let retrySeconds = 30.0

    private let clock: SlowClock
    private let state = Mutex(State())

    init(clock: SlowClock = .system) { self.clock = clock }

    /// What is known, if it is.
    var permissions: Permissions? { state.withLock { $0.permissions } }

    /// Whether it is time to ask again; if so, not again before the next period.
    func isDue() -> Bool {
        state.withLock { state in
            guard clock.seconds >= state.nextAsk else { return false }
            state.nextAsk = clock.seconds + Self.periodSeconds
            return true
        }
    }

    /// - Parameter permissions: nil when they could not be had; what was known stays, and they are asked for again soon.
    func learn(_ permissions: Permissions?) {
        state.withLock { state in
            guard let permissions else { return state.nextAsk = clock.seconds + Self.retrySeconds }
            state.permissions = permissions
        }
    }

    /// A right that a family needs, on everything below a path.
    struct Need: Sendable {
        let privilege: String
        let path: String
    }

    /// What all families together need, of a version of Proxmox VE.
    static func needs(of version: ProxmoxVersion?) -> [Need] {
        // Version 9 took the agent out of a right that also lets one write to the machine's monitor.
        let agent = version?.major.map { Need(privilege: $0 >= 9 ? "VM.GuestAgent.Audit" : "VM.Monitor", path: "/vms") }
        let others = [
            Need(privilege: "Sys.Audit", path: "/"), Need(privilege: "Sys.Audit", path: "/nodes"),
            Need(privilege: "VM.Audit", path: "/vms"),
            Need(privilege: "Datastore.Audit", path: "/storage"), Need(privilege: "Pool.Audit", path: "/pool"),
            Need(privilege: "Mapping.Audit", path: "/mapping"),
        ]
        // Of which version it is nobody knows at times, and one right must not be missed for the other.
        return others + (agent.map { [$0] } ?? [])
    }
}

extension Permissions {
    /// Whether a list of guests is whole.
    var showsAllGuests: Bool { holds("VM.Audit", below: "/vms") }

    /// Whether there may be guests and none is ever listed.
    var showsNoGuest: Bool { !holdsAnywhere("VM.Audit") }
}
