import Primitives
import ProxmoxAPI
import Synchronization

/// What the credential may see, so that what it may not is not taken for what is not there.
final class Rights: Sendable {
    private struct State {
        var permissions: Permissions?
        var nextAsk = Deadline.after(seconds: 0)
    }

    /// Rights are given and taken by hand.
    private static let periodSeconds = 300.0
    private static let retrySeconds = 30.0

    private let state = Mutex(State())

    /// What is known, if it is.
    var permissions: Permissions? { state.withLock { $0.permissions } }

    /// Whether it is time to ask again; if so, not again before the next period.
    func isDue() -> Bool {
        state.withLock { state in
            guard state.nextAsk.hasPassed else { return false }
            state.nextAsk = .after(seconds: Self.periodSeconds)
            return true
        }
    }

    /// Whether they are others than those that were known before.
    ///
    /// - Parameter permissions: nil when they could not be had; what was known stays, and they are asked for again soon.
    @discardableResult func learn(_ permissions: Permissions?) -> Bool {
        state.withLock { state in
            guard let permissions else {
                state.nextAsk = .after(seconds: Self.retrySeconds)
                return false
            }
            let isChange = state.permissions.map { $0 != permissions } ?? false
            state.permissions = permissions
            return isChange
        }
    }

    /// The same of what is asked for because an answer contradicts what was known, which is believed no longer.
    func replace(by permissions: Permissions?) -> Bool {
        let isChange = learn(permissions)
        state.withLock { state in
            if permissions == nil { state.permissions = nil } else { state.nextAsk = .after(seconds: Self.periodSeconds) }
        }
        return isChange
    }

    /// A right that a family needs, on everything below a path.
    struct Need: Sendable {
        let privilege: String
        let path: String
    }

    /// What all families together need, of a version of Proxmox VE.
    static func needs(of version: ProxmoxVersion?) -> [Need] {
        // Version 9 took the agent out of a right that also lets one write to the machine's monitor.
        let agent = version?.major ?? 9 >= 9 ? "VM.GuestAgent.Audit" : "VM.Monitor"
        return [
            Need(privilege: "Sys.Audit", path: "/"), Need(privilege: "Sys.Audit", path: "/nodes"),
            Need(privilege: "VM.Audit", path: "/vms"),
            Need(privilege: "Datastore.Audit", path: "/storage"), Need(privilege: "Pool.Audit", path: "/pool"),
            Need(privilege: "Mapping.Audit", path: "/mapping"), Need(privilege: agent, path: "/vms"),
        ]
    }
}

extension Permissions {
    /// Whether a list of guests is whole.
    var showsAllGuests: Bool { holds("VM.Audit", below: "/vms") }

    /// Whether there may be guests and none is ever listed.
    var showsNoGuest: Bool { !holdsAnywhere("VM.Audit") }

    /// Whether the API can only have answered so after somebody gave rights or took them.
    func contradict(_ status: ClusterAnswers.Answer<ClusterStatus>?, _ resources: ClusterResources?, knownGuests: Set<Int>) -> Bool {
        switch status {
        case .failure(let error) where error.kind == .forbidden: if holds("Sys.Audit", below: "/") { return true }
        case .success: if !holdsAnywhere("Sys.Audit") { return true }
        case .failure, nil: break
        }
        guard let resources else { return false }
        // A guest that is gone may have been removed, or hidden from whoever asks.
        return showsNoGuest ? !resources.guests.isEmpty : !knownGuests.isSubset(of: resources.guests.map(\.vmid))
    }
}
