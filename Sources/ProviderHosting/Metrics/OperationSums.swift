import Metrics
import ProviderRPC
import ProviderTasks

/// What the journal has counted, summed up for the families.
struct OperationSums {
    private(set) var byKind: [String: [OperationOutcome: Int]] = [:]
    private(set) var durations: [String: Distribution] = [:]
    /// By whether they were linked.
    private(set) var clones: [Bool: [OperationOutcome: Int]] = [:]

    init(_ tallies: [OperationTally]) {
        var sums: [String: (counts: [Int], seconds: Double)] = [:]
        // From 0 on, so that the first one is an increase.
        for method in ProviderMethod.operations {
            byKind[method.rawValue] = [:]
            sums[method.rawValue] = ([], 0)
        }
        for tally in tallies {
            byKind[tally.kind, default: [:]][tally.outcome, default: 0] += tally.count
            if tally.kind == ProviderMethod.clone.rawValue {
                clones[tally.variant == "linked", default: [:]][tally.outcome, default: 0] += tally.count
            }
            let before = sums[tally.kind] ?? ([], 0)
            let counts = tally.counts.indices.map { place in tally.counts[place] + (place < before.counts.count ? before.counts[place] : 0)
            }
            sums[tally.kind] = (counts, before.seconds + tally.totalSeconds)
        }
        durations = sums.compactMapValues { Self.distribution($0.counts, $0.seconds) }
    }

    func count(_ method: ProviderMethod, _ outcome: OperationOutcome) -> Int { byKind[method.rawValue]?[outcome] ?? 0 }

    /// - Parameter counts: of each bucket alone; nothing was counted without any.
    private static func distribution(_ counts: [Int], _ seconds: Double) -> Distribution? {
        guard !counts.isEmpty else { return Distribution(bounds: OperationTally.bounds) }
        return Distribution(bounds: OperationTally.bounds, ownCounts: counts, sum: seconds)
    }
}
