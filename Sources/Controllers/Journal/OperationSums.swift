import Metrics
import Objects
import Primitives
import ProviderRPC

/// How many operations ended how, and how long they took.
struct OperationSums: Sendable, Equatable {
    struct Key: Sendable, Hashable {
        let method: ProviderMethod
        let outcome: Operation.Outcome
        /// Of clones.
        let isLinked: Bool?
    }

    /// The largest count that a sample can say exactly. What an object says beyond is a lie, and to add it up would end the program.
    static let most = 1 << 53

    struct Sum: Sendable, Equatable {
        /// Of each bucket alone, the one without a bound last.
        var counts = [Int](repeating: 0, count: OperationSums.bounds.count + 1)
        var seconds = 0.0

        var count: Int { counts.reduce(0, OperationSums.added) }
    }

    /// Upper bounds in seconds. An alert thresholds ten minutes, so there must be bounds beyond.
    static let bounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800]

    private(set) var sums: [Key: Sum] = [:]

    mutating func add(_ operation: Operation) {
        guard let end = operation.end, let seconds = operation.durationSeconds else { return }
        let key = Key(
            method: operation.method, outcome: end.outcome, isLinked: operation.method == .clone ? operation.isLinked ?? false : nil)
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        sums[key, default: Sum()].counts[bucket] = Self.added(sums[key, default: Sum()].counts[bucket], 1)
        sums[key, default: Sum()].seconds += seconds
    }

    /// - Parameters: both no more than `most`.
    static func added(_ one: Int, _ other: Int) -> Int { min(one + other, most) }

    func count(_ method: ProviderMethod, _ outcome: Operation.Outcome, isLinked: Bool? = nil) -> Int {
        sums.reduce(0) { sum, entry in
            let isMeant = entry.key.method == method && entry.key.outcome == outcome && (isLinked == nil || entry.key.isLinked == isLinked)
            return isMeant ? Self.added(sum, entry.value.count) : sum
        }
    }

    /// Of all outcomes.
    func durations(_ method: ProviderMethod) -> Distribution {
        var total = Sum()
        for (key, sum) in sums where key.method == method {
            for place in total.counts.indices { total.counts[place] = Self.added(total.counts[place], sum.counts[place]) }
            total.seconds += sum.seconds
        }
        return Distribution(bounds: Self.bounds, ownCounts: total.counts, sum: total.seconds) ?? Distribution(bounds: Self.bounds)
    }

    // MARK: in an object

    /// Entries that cannot be read are left out.
    fileprivate init(_ value: ObjectValue?) {
        for entry in value?.list ?? [] {
            guard let method = entry["operation"]?.text.flatMap(ProviderMethod.init(rawValue:)),
                let outcome = entry["outcome"]?.text.flatMap(Operation.Outcome.init(rawValue:))
            else { continue }
            var sum = Sum()
            let counts = entry["durationBuckets"]?.list ?? []
            for (place, count) in counts.enumerated() where sum.counts.indices.contains(place) {
                sum.counts[place] = Int(count.whole ?? 0).clamped(to: 0...Self.most)
            }
            sum.seconds = (entry["durationSecondsSum"]?.number ?? 0).clamped(to: 0...Double(Self.most))
            sums[Key(method: method, outcome: outcome, isLinked: entry["linked"]?.flag)] = sum
        }
    }

    init() {}

    /// In an order that does not change.
    fileprivate var value: ObjectValue {
        func rank(_ key: Key) -> String { "\(key.method.rawValue) \(key.outcome.rawValue) \(key.isLinked.map { $0 ? "1" : "0" } ?? "")" }
        return .list(
            sums.sorted { rank($0.key) < rank($1.key) }.map { key, sum in
                var members: ObjectMembers = [
                    "operation": .text(key.method.rawValue), "outcome": .text(key.outcome.rawValue), "count": .whole(Int64(sum.count)),
                    "durationSecondsSum": .number(sum.seconds), "durationBuckets": .list(sum.counts.map { .whole(Int64($0)) }),
                ]
                if let isLinked = key.isLinked { members["linked"] = .flag(isLinked) }
                return .members(members)
            })
    }
}

extension Provider.Status {
    /// Of operations that are over and whose objects need not be there any more.
    var operationTotals: OperationSums {
        get { OperationSums(value["operationTotals"]) }
        set { value.set("operationTotals", newValue.value) }
    }

    /// Uids of operations that the totals have and whose objects may still be there.
    var foldedOperations: [String] {
        get { self[list: "foldedOperations"] }
        set { self[list: "foldedOperations"] = newValue }
    }
}
