/// A node as its cluster sees it at a moment: with live numbers, with the last ones it sent, or with none.
struct NodeView: Sendable {
    let node: Node
    let presence: World.Presence
    /// The moment to which the numbers of cluster/resources belong.
    let statisticsMoment: Double
    /// The node has been off for so long that the cluster has forgotten its guests' numbers.
    let isForgotten: Bool

    var isOnline: Bool { presence.isUp }
    /// Its last start, in seconds since the epoch.
    var bootedAt: Double {
        switch presence {
        case .up(let bootedAt), .down(_, let bootedAt): bootedAt
        }
    }
}

extension World {
    /// The node at this position as the cluster sees it.
    func view(of node: Int, at moment: Double) -> NodeView {
        let presence = presence(of: node, at: moment)
        switch presence {
        case .up(let bootedAt):
            let tick = statisticsMoment(of: moment)
            // A node that has just started sends its first numbers at once.
            return NodeView(
                node: inventory.nodes[node], presence: presence, statisticsMoment: max(tick, bootedAt), isForgotten: false)
        case .down(let since, let bootedAt):
            return NodeView(
                node: inventory.nodes[node], presence: presence, statisticsMoment: max(statisticsMoment(of: since), bootedAt),
                isForgotten: moment - since >= Self.memorySeconds)
        }
    }

    /// All nodes, in their order.
    func views(at moment: Double) -> [NodeView] { inventory.nodes.indices.map { view(of: $0, at: moment) } }
}
