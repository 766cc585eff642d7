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
        let built = self.node(node, at: moment)
        let silence = trouble(.statisticsDead, node: node, at: moment)
        switch presence {
        case .up(let bootedAt):
            let tick = statisticsMoment(of: min(moment, silence?.start ?? moment))
            // A node that has just started sends its first numbers at once.
            return NodeView(
                node: built, presence: presence, statisticsMoment: max(tick, bootedAt),
                isForgotten: silence.map { moment - $0.start >= Self.memorySeconds } ?? false)
        case .down(let since, let bootedAt):
            return NodeView(
                node: built, presence: presence, statisticsMoment: max(statisticsMoment(of: since), bootedAt),
                isForgotten: moment - since >= Self.memorySeconds)
        }
    }

    /// The node with the memory that it has at a moment: four fifths of what its guests were promised where it has lost some.
    private func node(_ index: Int, at moment: Double) -> Node {
        var node = inventory.nodes[index]
        guard has(.overcommitted, node, at: moment) else { return node }
        let promised = (node.qemu + node.lxc).reduce(0) { $0 + (inventory.guests[$1].isLive ? inventory.guests[$1].memoryBytes : 0) }
        node.memoryBytes = min(node.memoryBytes, max(1 << 30, Self.pages(Double(promised) * 0.8)))
        return node
    }

    /// All nodes, in their order.
    func views(at moment: Double) -> [NodeView] { inventory.nodes.indices.map { view(of: $0, at: moment) } }
}
