/// Lets HA have its troubles: in an estate in which all is well nobody sees whether they are shown.
struct AvailabilityPlan {
    let guests: [Guest]
    /// A node in the middle, of three or more, from which HA moves its guests.
    let nodeInMaintenance: Int?

    /// From 20 guests on, of the stopped ones the first is in error, the second is stopped on purpose and the third is ignored.
    init(guests dealt: [Guest], nodeCount: Int) {
        var guests = dealt
        if guests.count >= 20 {
            let stopped = guests.filter { $0.role == .stopped }.map(\.index)
            for (guest, state) in zip(stopped, ["error", "stopped", "ignored"]) { guests[guest].haState = state }
        }
        nodeInMaintenance = Self.nodeInMaintenance(guests, nodeCount: nodeCount)
        for index in guests.indices where guests[index].node == nodeInMaintenance && guests[index].haState == "started" {
            guests[index].haState = "migrate"
        }
        self.guests = guests
    }

    /// The one with the fewest guests to move; never the first, which is asked, nor the last, which scenarios switch off.
    private static func nodeInMaintenance(_ guests: [Guest], nodeCount: Int) -> Int? {
        guard nodeCount >= 3 else { return nil }
        var started = [Int](repeating: 0, count: nodeCount)
        for guest in guests where guest.haState == "started" { started[guest.node] += 1 }
        return (1..<nodeCount - 1).min { started[$0] < started[$1] }
    }
}
