/// The right to updates and support that a node was bought.
struct Subscription: Sendable {
    /// What is sold, by the letter that stands in keys and in the rows of nodes.
    enum Level: String, Sendable, CaseIterable {
        case community = "c"
        case standard = "s"
        case basic = "b"
        case premium = "p"

        var name: String {
            switch self {
            case .community: "Community"
            case .standard: "Standard"
            case .basic: "Basic"
            case .premium: "Premium"
            }
        }
    }

    /// How long it lasts before it is due again.
    static let daysPaid = 365

    let level: Level
    /// `pve2c-0123456789`: sockets and level are told by it.
    let key: String
    let sockets: Int
    /// How long before the world's epoch it was bought.
    let daysOld: Int
    /// The second of the day at which the node asks whether it still holds.
    let checkSecond: Int

    var productName: String { "Proxmox VE \(level.name) Subscription \(sockets) \(sockets == 1 ? "CPU" : "CPUs")/year" }

    /// Neighbouring nodes have different levels.
    init(seed: UInt64, node: Int, sockets: Int) {
        var generator = SeededGenerator(seed: seed, "subscription", node)
        level = Level.allCases[node % Level.allCases.count]
        self.sockets = sockets
        key = "pve\(sockets)\(level.rawValue)-\(generator.hexadecimal(digits: 10))"
        daysOld = 20 + generator.below(700)
        checkSecond = generator.below(86_400)
    }

    /// 32 digits, as of an MD5 sum.
    static func serverID(seed: UInt64, node: Int) -> String {
        var generator = SeededGenerator(seed: seed, "server", node)
        return generator.hexadecimal(digits: 32).uppercased()
    }

    /// What changes as time goes by, in unix time.
    struct Dates: Sendable {
        /// Midnight of the day on which it was bought.
        let registered: Int
        /// Midnight of the day on which it ends.
        let nextDue: Int
        let lastCheck: Int
    }
}

extension World {
    /// A subscription is renewed whenever it is due, and looked at once a day.
    func dates(of subscription: Subscription, of node: Node, at moment: Double) -> Subscription.Dates {
        let day = 86_400
        let now = Int(timeline.epoch + moment)
        let registered = max(0, Int(timeline.epoch) / day - subscription.daysOld) * day
        let term = Subscription.daysPaid * day
        let check = now / day * day + subscription.checkSecond
        let nextDue = registered + (max(0, now - registered) / term + 1) * term
        // The year that has nearly gone by began so much earlier.
        let early =
            trouble(.subscriptionExpiring, node: node.index, at: moment).map {
                max(0, nextDue / day - Int(timeline.epoch + $0.start) / day - 12)
            } ?? 0
        return Subscription.Dates(
            registered: max(0, registered - early * day), nextDue: nextDue - early * day,
            lastCheck: max(0, check <= now ? check : check - day))
    }
}
