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
        /// Whether the last answer about the cluster's status was a refusal.
        var wasRefused = false
        /// All guests of the last answer about the cluster's resources, once there was one.
        var guests: Set<Int>?
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

    /// Whether they are being asked for beside the scrape and nobody knows them yet.
    var areOnTheirWay: Bool { state.withLock { $0.isAsking && $0.permissions == nil } }

    /// Asks if it is time to, beside the scrape: of thousands of guests in pools the answer is long, and nothing waits for it.
    ///
    /// - Parameter onChange: called when they are others than before.
    func askIfDue(_ client: ProxmoxClient, _ http: HTTPClient, onChange: @escaping @Sendable () -> Void) {
        let isDue = state.withLock { state in
            guard clock.seconds >= state.nextAsk else { return false }
            state.nextAsk = clock.seconds + Self.periodSeconds
            state.isAsking = true
            return true
        }
        guard isDue else { return }
        Task.detached { [self] in
            let permissions = try? await client.permissions(http: http, by: .after(seconds: Self.timeoutSeconds))
            let isChange = learn(permissions)
            state.withLock { $0.isAsking = false }
            if isChange { onChange() }
        }
    }

    /// Gives an answer that is on its way for the first time a moment to come: it was asked for together with what is there by now.
    func settle(by deadline: Deadline) async {
        for _ in 0..<20 where !deadline.hasPassed && areOnTheirWay {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Whether they are others than those that were known before.
    ///
    /// - Parameter permissions: nil when they could not be had; what was known stays, and they are asked for again soon.
    func learn(_ permissions: Permissions?) -> Bool {
        state.withLock { state in
            guard let permissions else {
                state.nextAsk = clock.seconds + Self.retrySeconds
                return false
            }
            let isChange = state.permissions.map { $0 != permissions } ?? false
            state.permissions = permissions
            return isChange
        }
    }

    /// Whether rights seem to have been given or taken since the last scrape: the status of the cluster is refused and was not, or the other
    /// way round; guests are gone, or there where none was. They may have been made or removed as well.
    func areShaken(by status: ClusterAnswers.Answer<ClusterStatus>?, guests: Set<Int>?) -> Bool {
        let isRefused: Bool? =
            switch status {
            case .success: false
            case .failure(let error) where error.kind == .forbidden: true
            case .failure, nil: nil
            }
        return state.withLock { state in
            let isOther = isRefused.map { $0 != state.wasRefused } ?? false
            state.wasRefused = isRefused ?? state.wasRefused
            guard let guests else { return isOther }
            let last = state.guests
            state.guests = guests
            guard let before = last else { return isOther }
            return isOther || !before.isSubset(of: guests) || before.isEmpty && !guests.isEmpty
        }
    }

    /// The same of what was asked for because what was known is in doubt: it is believed no longer.
    func replace(by permissions: Permissions?) -> Bool {
        let isChange = learn(permissions)
        state.withLock { state in
            if permissions == nil { state.permissions = nil } else { state.nextAsk = clock.seconds + Self.periodSeconds }
        }
        return isChange
    }
}

extension Permissions {
    /// Whether a list of guests is whole.
    var showsAllGuests: Bool { holds("VM.Audit", below: "/vms") }

    /// Whether there may be guests and none is ever listed.
    var showsNoGuest: Bool { !holdsAnywhere("VM.Audit") }
}
