import Metrics
import Primitives
import Synchronization

/// What `/pve` counts of itself, under prometheus-pve-exporter's names.
final class DropInTally: Sendable {
    struct Call: Hashable {
        let method: String
        let url: String
    }

    struct Target: Hashable {
        let name: String
        let cluster: Bool
        let node: Bool
    }

    /// Durations and errors of one series.
    struct Count: Sendable {
        var durations: Distribution
        var errors = 0
    }

    struct Counts: Sendable {
        var modules: [String: Count] = [:]
        var calls: [Call: Count] = [:]
        var targets: [Target: Count] = [:]
        /// Observations that found no place any more.
        var dropped = 0
    }

    let countsCalls: Bool
    let countsTargets: Bool
    private let state = Mutex(Counts())

    private static let callBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
    private static let targetBounds = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 25, 50, 75, 100]

    /// Series of a kind; what comes later is not counted, as the names come from requests and from the API.
    private static let limit = 2048

    init(_ settings: DropInSettings) {
        countsCalls = settings.countsCalls
        countsTargets = settings.countsTargets
    }

    var counts: Counts { state.withLock { $0 } }

    /// Modules are there from the start, at 0.
    func begin(_ modules: [String]) {
        state.withLock { state in
            for module in modules { state.modules[module] = Count(durations: Distribution()) }
        }
    }

    /// One request that was let through.
    func noteScrape(_ target: Target, module: String, _ seconds: Double, isFailure: Bool) {
        state.withLock { state in
            var count = state.modules[module] ?? Count(durations: Distribution())
            if isFailure { count.errors += 1 } else { count.durations.observe(seconds) }
            state.modules[module] = count
            if countsTargets, !Self.add(&state.targets, target, Self.targetBounds, seconds, isFailure) { state.dropped += 1 }
        }
    }

    /// A request for a module that there is, which was turned away.
    func noteRefusal(module: String) {
        state.withLock { $0.modules[module]?.errors += 1 }
    }

    func noteCall(_ method: String, _ url: String, _ seconds: Double, _ isFailure: Bool) {
        let call = Call(method: method, url: Self.withoutGuest(url))
        state.withLock { state in
            // A node's name stands in it, and comes from the API.
            if url.utf8.count > 512 || !Self.add(&state.calls, call, Self.callBounds, seconds, isFailure) { state.dropped += 1 }
        }
    }

    /// False when there are as many series already as there may be.
    private static func add<Key>(
        _ counts: inout [Key: Count], _ key: Key, _ bounds: [Double], _ seconds: Double, _ isFailure: Bool
    ) -> Bool {
        guard counts[key] != nil || counts.count < limit else { return false }
        counts[key, default: Count(durations: Distribution(bounds: bounds))].durations.observe(seconds)
        if isFailure { counts[key]?.errors += 1 }
        return true
    }

    /// A series for each guest would be too many: its number becomes `{vmid}`.
    private static func withoutGuest(_ url: String) -> String {
        var parts = url.split(separator: "/", omittingEmptySubsequences: false)
        for index in parts.indices.dropFirst() where parts[index - 1] == "qemu" || parts[index - 1] == "lxc" {
            // A node may be named so too.
            if !parts[index].isEmpty, parts[index].utf8.allSatisfy({ (0x30...0x39).contains($0) }) { parts[index] = "{vmid}" }
        }
        return parts.joined(separator: "/")
    }
}
