import Primitives
import Settings
import Web

/// `rate_limit`.
struct RateSection {
    private let section: SettingsTree

    init(_ section: SettingsTree) { self.section = section }

    /// Nil without an interval, or with one of 0.
    func read(_ warnings: inout [String]) throws(Failure) -> RateLimit? {
        guard let text = section.word("interval") else {
            if section.isSet, !section.members.isEmpty { warnings.append("\(section.origin): rate_limit without interval limits nothing") }
            return nil
        }
        let place = section["interval"]
        guard let seconds = GoDuration.seconds(of: text) else {
            throw place.failure("rate_limit.interval: expected a duration, as in 500ms, 1s or 1m30s, or 0 for no limit")
        }
        guard seconds > 0 else { return nil }
        guard let burst = section["burst"].integer, burst > 0 else {
            let place = section["burst"].isSet ? section["burst"] : place
            throw place.failure("rate_limit.burst: expected 1 at least: with none every request would be turned away")
        }
        return RateLimit(intervalSeconds: seconds, burst: burst)
    }
}

/// A duration as Go writes it: `1h2m3.5s`, `100ms`, `0`.
enum GoDuration {
    private static let units: [(name: String, seconds: Double)] = [
        ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("μs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
    ]

    /// Nil for anything else, also for a number without a unit: in exporter-toolkit that counts nanoseconds, and nobody means it.
    static func seconds(of text: String) -> Double? {
        if text == "0" { return 0 }
        var rest = text[...]
        var seconds = 0.0
        repeat {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest[number.endIndex...]
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            rest = rest[unit.endIndex...]
            guard number.utf8.count <= 15, let count = Double(number), let size = units.first(where: { $0.name == unit })?.seconds else {
                return nil
            }
            seconds += count * size
        } while !rest.isEmpty
        // As far as Go's go: 292 years.
        return seconds <= 9.2e9 ? seconds : nil
    }
}
