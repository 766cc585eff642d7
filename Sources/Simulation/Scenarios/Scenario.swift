package import Primitives

/// What happens in a simulated world.
package enum Scenario: String, Sendable, CaseIterable {
    /// Nothing out of the ordinary.
    case normal
    /// One node is off.
    case nodeDown = "node-down"
    /// One VM and one container use all their CPUs.
    case cpuSaturation = "cpu-saturation"

    /// Other names under which a scenario may be asked for.
    package static let aliases: KeyValuePairs<String, Scenario> = [
        "high-load": .cpuSaturation, "degraded": .nodeDown, "failure": .nodeDown,
    ]

    /// The scenario of that name or alias. The error names the nearest and all others.
    package init(named name: String) throws(Failure) {
        if let known = Scenario(rawValue: name) ?? Self.aliases.first(where: { $0.key == name })?.value {
            self = known
            return
        }
        let names = Self.allCases.map(\.rawValue) + Self.aliases.map(\.key)
        let hint = nearest(to: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ";"
        throw Failure(
            .malformed, "unknown scenario \"\(HostileText.oneLine(name, limit: 40))\"\(hint) known are \(names.joined(separator: ", "))")
    }
}
