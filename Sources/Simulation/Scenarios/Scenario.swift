package import Primitives

/// What happens in a simulated world.
package enum Scenario: String, Sendable, CaseIterable {
    /// Nothing out of the ordinary.
    case normal
    /// One node is off.
    case nodeDown = "node-down"
    /// One VM and one container use all their CPUs.
    case cpuSaturation = "cpu-saturation"
    /// One node is on and sends no numbers round: they stand still, and after 5 minutes the cluster forgets them.
    case statisticsDead = "statistics-dead"
    /// One node answers only what it may without its privileged daemon.
    case daemonDead = "daemon-dead"
    /// Nobody gets through to the API of one node, which the cluster sees nevertheless.
    case linkCut = "link-cut"
    /// One node takes calls and never answers.
    case nodeHangs = "node-hangs"
    /// The node that answers sees no other node any more.
    case quorumLost = "quorum-lost"
    /// Whoever asks may see nothing any more.
    case rightsLost = "rights-lost"
    /// The node that answers has lost the configuration of the cluster, and with it all rights.
    case pmxcfsDead = "pmxcfs-dead"

    /// Other names under which a scenario may be asked for.
    package static let aliases: KeyValuePairs<String, Scenario> = [
        "high-load": .cpuSaturation, "degraded": .nodeDown, "failure": .nodeDown,
    ]

    /// Whether one node can have it for itself.
    var isAboutNode: Bool {
        switch self {
        case .nodeDown, .cpuSaturation, .statisticsDead, .daemonDead, .linkCut, .nodeHangs: true
        case .normal, .quorumLost, .rightsLost, .pmxcfsDead: false
        }
    }

    /// The position of the node that has it when none is named, of so many: the last, as the first is asked. A daemon that is dead is
    /// felt most where it is asked. nil when it is not about one node, or chooses by itself.
    func chosenNode(of count: Int) -> Int? {
        switch self {
        case .nodeDown, .statisticsDead, .linkCut, .nodeHangs: count - 1
        case .daemonDead: 0
        case .normal, .cpuSaturation, .quorumLost, .rightsLost, .pmxcfsDead: nil
        }
    }

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
