import Primitives
import ProxmoxAPI
import Synchronization
import Web

/// What the credential may see, so that what it may not is not taken for what is not there.
final class Rights: Sendable {
    private struct State {
        var permissions: Permissions?
        /// By the clock of the timers.
        var nextAsk = -Double.infinity
        var isAsking = false
    }

    /// Rights are given and taken by hand.
    private static let periodSeconds = 300.0
    private static let retrySeconds = 30.0
    private static let timeoutSeconds = 30.0

    private let clock: SlowClock
    private let state = Mutex(State())

    init(clock: SlowClock = .system) { self.clock = clock }

    /// What is known, if it is.
    var permissions: Permissions? { state.withLock { $0.permissions } }

    /// Asks if it is time to, beside the scrape: of thousands of guests in pools the answer is long, and nothing waits for it.
    func askIfDue(_ client: ProxmoxClient, _ http: HTTPClient) {
        let isDue = state.withLock { state in
            guard clock.seconds >= state.nextAsk else { return false }
            state.nextAsk = clock.seconds + Self.periodSeconds
            state.isAsking = true
            return true
        }
        guard isDue else { return }
        Task.detached { [self] in
            let permissions = try? await client.permissions(http: http, by: .after(seconds: Self.timeoutSeconds))
            state.withLock { state in
                state.isAsking = false
                // What was known stays when they cannot be had, and they are asked for again soon.
                guard let permissions else { return state.nextAsk = clock.seconds + Self.retrySeconds }
                state.permissions = permissions
            }
        }
    }

    /// Gives an answer that is on its way for the first time a moment to come: it was asked for together with what is there by now.
    func settle(by deadline: Deadline) async {
        for _ in 0..<20 where !deadline.hasPassed && state.withLock({ $0.isAsking && $0.permissions == nil }) {
            try? await Task.sleep(for: .milliseconds(5))
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
