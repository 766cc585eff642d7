import ProxmoxAPI

/// What is known of a guest, gathered from several answers.
struct GuestRecord: Sendable {
    /// What the list of the cluster's resources says. Of a guest whose node is silent for five minutes it says almost nothing; then this is
    /// what it said before.
    struct Row: Sendable, Equatable {
        let kind: GuestKind
        let vmid: Int
        var node: String
        var name: String?
        var status: String?
        var isTemplate = false
        var tags = ""
        var pool: String?
        var haState: String?
        var cpus: Double?
        var memoryBytes: Double?

        /// Whether anybody ever told more of it than that there is such a guest.
        var isDescribed: Bool { name != nil || cpus != nil }
    }

    /// What its configuration says.
    struct Details: Sendable, Equatable {
        let cards: [NetworkCard]
        let systemType: String?
        let bootStorage: String?
        /// Whether there is somebody to ask for addresses; of a container, always.
        let hasAgent: Bool
    }

    /// Why nobody told the guest's addresses, as a word of the label `reason`.
    enum Silence: String, Sendable, CaseIterable {
        /// Its configuration or its addresses were not asked for yet.
        case unread
        /// Neither an agent nor a fixed address is configured.
        case noAgent = "no_agent"
        /// The agent is switched on and does not answer.
        case agentSilent = "agent_silent"
        /// The credential may not ask.
        case forbidden
        /// Its node does not answer.
        case unreachable
        /// None of the addresses that are told may be taken.
        case noMatch = "no_match"
    }

    /// Addresses of one guest that are kept; of more, those on its own cards.
    static let addressLimit = 32

    /// Whether a name may stand in for an address: not before everybody who could tell one was asked, and not while it is starting, or a guest
    /// would be two targets one after the other at each start.
    var mayBeNamed: Bool { isRead && (details?.hasAgent != true || failures >= 3) }

    var row: Row
    /// It does something, or did when it was last heard of: whoever is stopped or paused has no exporter that answers.
    var isActive: Bool
    var uptimeSeconds: Double?
    var details: Details?
    /// In the order in which the guest tells them.
    var addresses: [GuestAddress] = []
    /// Why there are none.
    var silence = Silence.unread
    /// Whether everything was asked once since it became active and answered, be it with a refusal. A node that does not answer has said
    /// nothing of the guest.
    var isRead = false

    // By the clock of the book, in seconds.
    var configurationDue = 0.0
    var addressesDue = 0.0
    var failures = 0
    var isAsking = false
}
