/// A calculation that makes one value of many, by Grafana's name for it.
enum Calculation: String, CaseIterable {
    case lastNotNull, last, firstNotNull, first, min, max, mean, sum, count, range, delta, diff, median, variance, stdDev, distinctCount
    case allIsNull, allIsZero, changeCount, diffperc, p50, p75, p90, p95, p99

    /// By the names in use, of which some are old.
    init?(named name: String) {
        switch name {
        case "current": self = .lastNotNull
        case "avg": self = .mean
        case "total": self = .sum
        default: self.init(rawValue: name)
        }
    }

    /// What its column is called.
    var title: String {
        switch self {
        case .lastNotNull: "Last *"
        case .last: "Last"
        case .firstNotNull: "First *"
        case .first: "First"
        case .min: "Min"
        case .max: "Max"
        case .mean: "Mean"
        case .sum: "Total"
        case .count: "Count"
        case .range: "Range"
        case .delta: "Delta"
        case .diff: "Difference"
        case .median: "Median"
        case .variance: "Variance"
        case .stdDev: "StdDev"
        case .distinctCount: "Distinct Count"
        case .allIsNull: "All nulls"
        case .allIsZero: "All zeros"
        case .changeCount: "Change count"
        case .diffperc: "Difference percent"
        case .p50: "50th %"
        case .p75: "75th %"
        case .p90: "90th %"
        case .p95: "95th %"
        case .p99: "99th %"
        }
    }

    func value(of values: [FrameValue]) -> FrameValue {
        switch self {
        case .last: return values.last ?? .none
        case .first: return values.first ?? .none
        case .lastNotNull: return values.last { !$0.isAbsent } ?? .none
        case .firstNotNull: return values.first { !$0.isAbsent } ?? .none
        case .count: return .number(Double(values.count))
        case .distinctCount: return .number(Double(Set(values.map(\.key)).count))
        case .changeCount: return .number(Double(zip(values, values.dropFirst()).count { $0.key != $1.key }))
        case .allIsNull: return .number(values.allSatisfy(\.isAbsent) ? 1 : 0)
        default: break
        }
        let numbers = values.compactMap(\.number).filter { !$0.isNaN }
        guard let first = numbers.first, let last = numbers.last else { return .none }
        return .number(number(of: numbers, first, last))
    }

    private func number(of numbers: [Double], _ first: Double, _ last: Double) -> Double {
        let sum = numbers.reduce(0, +)
        let mean = sum / Double(numbers.count)
        switch self {
        case .min: return numbers.min() ?? .nan
        case .max: return numbers.max() ?? .nan
        case .mean: return mean
        case .sum: return sum
        case .range: return (numbers.max() ?? .nan) - (numbers.min() ?? .nan)
        case .diff: return last - first
        case .diffperc: return (last - first) / first
        // What a counter counted: after a reset it began at nothing.
        case .delta: return zip(numbers, numbers.dropFirst()).reduce(0) { $0 + ($1.1 >= $1.0 ? $1.1 - $1.0 : $1.1) }
        case .variance: return numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(numbers.count)
        case .stdDev: return (numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(numbers.count)).squareRoot()
        case .allIsZero: return numbers.allSatisfy { $0 == 0 } ? 1 : 0
        case .median: return Self.quantile(0.5, numbers)
        case .p50: return Self.quantile(0.5, numbers)
        case .p75: return Self.quantile(0.75, numbers)
        case .p90: return Self.quantile(0.9, numbers)
        case .p95: return Self.quantile(0.95, numbers)
        case .p99: return Self.quantile(0.99, numbers)
        default: return .nan
        }
    }

    private static func quantile(_ share: Double, _ numbers: [Double]) -> Double {
        let sorted = numbers.sorted()
        let place = share * Double(sorted.count - 1)
        let (below, above) = (Int(place.rounded(.down)), Int(place.rounded(.up)))
        guard sorted.indices.contains(below), sorted.indices.contains(above), below != above else { return sorted[Swift.max(0, below)] }
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
}

extension FrameValue {
    /// Whether there is no value, or none that is a number.
    var isAbsent: Bool {
        switch self {
        case .none: true
        case .number(let number): number.isNaN
        default: false
        }
    }
}
