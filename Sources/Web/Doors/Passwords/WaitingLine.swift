/// Who waits for a turn, by address: however many come from one address, those of another have their turn next.
struct WaitingLine<Element> {
    enum Admission {
        /// Somebody may have had to go for it: the last of the address that most come from.
        case admitted(displaced: Element?)
        case full
    }

    private let limit: Int
    /// One lane for each address with somebody waiting, in the order of their turns.
    private var lanes: [(address: ClientAddress, members: [Element])] = []

    init(limit: Int) { self.limit = limit }

    var count: Int { lanes.reduce(0) { $0 + $1.members.count } }

    mutating func append(_ element: Element, from address: ClientAddress) -> Admission {
        let own = lanes.firstIndex { $0.address == address }
        var displaced: Element?
        if count >= limit {
            let longest = lanes.indices.max { lanes[$0].members.count < lanes[$1].members.count }
            guard let longest, lanes[longest].members.count > (own.map { lanes[$0].members.count } ?? 0) + 1 else { return .full }
            displaced = lanes[longest].members.popLast()
        }
        if let own { lanes[own].members.append(element) } else { lanes.append((address, [element])) }
        return .admitted(displaced: displaced)
    }

    /// The first of the address whose turn it is.
    mutating func removeFirst() -> Element? {
        guard !lanes.isEmpty else { return nil }
        var lane = lanes.removeFirst()
        let first = lane.members.removeFirst()
        if !lane.members.isEmpty { lanes.append(lane) }
        return first
    }
}
