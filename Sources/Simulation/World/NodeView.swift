/// A node as its cluster sees it at a moment: with live numbers, with the last ones it sent, or with none.
struct NodeView: Sendable {
    let node: Node
    let presence: World.Presence
    /// The moment to which the numbers of cluster/resources belong.
    let statisticsMoment: Double
    /// The node has been silent for so long that the cluster has forgotten its guests' numbers.
    let isForgotten: Bool

    var isOnline: Bool { presence.isUp }
    /// It is on, but nobody has heard numbers of it for a while.
    var isUnknown: Bool { isOnline && isForgotten }
    /// Its last start, in seconds since the epoch.
    var bootedAt: Double {
        switch presence {
        case .up(let bootedAt), .down(_, let bootedAt): bootedAt
        }
    }
}

extension World {
    /// The node at this position as the cluster, or what is left of it around the node that answers, sees it.
    func view(of node: Int, at moment: Double) -> NodeView {
        let presence = presence(of: node, at: moment)
        guard let isolation = isolation(at: moment), case .up(let bootedAt) = presence, node != askedNode(at: moment) else {
            return view(of: node, presence, at: moment)
        }
        return view(of: node, .down(since: max(isolation.start, bootedAt), bootedAt: bootedAt), at: moment)
    }

    /// The node as somebody sees it who stands before it.
    func ownView(of node: Int, at moment: Double) -> NodeView { view(of: node, presence(of: node, at: moment), at: moment) }

    private func view(of node: Int, _ presence: Presence, at moment: Double) -> NodeView {
        let silence = trouble(.statisticsDead, node: node, at: moment)
        switch presence {
        case .up(let bootedAt):
            let tick = statisticsMoment(of: min(moment, silence?.start ?? moment))
            // A node that has just started sends its first numbers at once.
            return NodeView(
                node: inventory.nodes[node], presence: presence, statisticsMoment: max(tick, bootedAt),
                isForgotten: silence.map { moment - $0.start >= Self.memorySeconds } ?? false)
        case .down(let since, let bootedAt):
            return NodeView(
                node: inventory.nodes[node], presence: presence, statisticsMoment: max(statisticsMoment(of: since), bootedAt),
                isForgotten: moment - since >= Self.memorySeconds)
        }
    }

    /// All nodes, in their order.
    func views(at moment: Double) -> [NodeView] { inventory.nodes.indices.map { view(of: $0, at: moment) } }
}
