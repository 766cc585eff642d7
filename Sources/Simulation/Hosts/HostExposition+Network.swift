/// The host's network cards.
extension HostExposition {
    /// Two cards to the outside, bonded, carry what guests and host send; on the host's side of a guest's card, sent is received.
    var cards: [LinuxMachine.Card] {
        let own = sinceBoot(node.network)
        let all = (received: own + Double(sums.received), sent: own * 0.7 + Double(sums.sent))
        let end = max(bootedAt, moment)
        let cuts = world.stretches(of: .bondDegraded, node, from: bootedAt, to: end)
        // The second card carries the smaller part, and nothing while it has no link.
        let whole = cuts.isEmpty ? all : traffic(in: Self.between(cuts, from: bootedAt, to: end))
        let second = (received: whole.received * 0.4, sent: whole.sent * 0.4)
        let losses = world.stretches(of: .packetDrops, node, from: bootedAt, to: end)
        let (seconds, packets) = (losses.reduce(0) { $0 + $1.seconds }, traffic(in: losses).received / 900)
        let (dropped, broken) = (seconds * 5 + packets * 0.005, seconds * 2 + packets * 0.002)

        var cards: [LinuxMachine.Card] = []
        func add(_ device: String, _ kind: LinuxMachine.Card.Kind, _ received: Double, _ sent: Double) {
            let address = "bc:24:11:00:\(Self.twoDigits(node.index)):\(Self.twoDigits(cards.count))"
            cards.append(
                LinuxMachine.Card(
                    device: device, kind: kind, hardwareAddress: kind == .loopback ? "00:00:00:00:00:00" : address, received: received,
                    sent: sent))
        }
        add("eno1", .physical, all.received - second.received, all.sent - second.sent)
        add("lo", .loopback, own * 0.2, own * 0.2)
        for card in sums.cards { add(card.device, .virtual, Double(card.sent), Double(card.received)) }
        add("vmbr0", .virtual, own, own * 0.7)
        add("eno2", .physical, second.received, second.sent)
        add("bond0", .bond, all.received, all.sent)
        for index in cards.indices {
            switch cards[index].device {
            case "eno1", "bond0":
                // What was lost while the switch was still learning where the host is.
                (cards[index].dropped, cards[index].broken) = (dropped + 12, broken)
                cards[index].linkChanges = 2
            case "eno2":
                cards[index].hasLink = !world.has(.bondDegraded, node, at: moment)
                cards[index].linkChanges = 2 + cuts.count + cuts.count { $0.end < moment }
            default: break
            }
        }
        return cards
    }

    /// What is left of a stretch without others, which are in the order of time.
    private static func between(_ cuts: [Span], from start: Double, to end: Double) -> [Span] {
        zip([start] + cuts.map(\.end), cuts.map(\.start) + [end]).compactMap { $0.1 > $0.0 ? Span(start: $0.0, end: $0.1) : nil }
    }

    /// Bytes of the host and its guests in some stretches of time.
    private func traffic(in stretches: [Span]) -> (received: Double, sent: Double) {
        stretches.reduce(into: (0, 0)) { sum, stretch in
            let own = node.network.area(from: stretch.start, to: stretch.end)
            sum.received += own
            sum.sent += own * 0.7
            world.forEachVisit(of: node, bootedAt: bootedAt, until: stretch.end) { guest, start, end, _ in
                guard let part = stretch.part(from: start, to: end) else { return }
                let reading = world.traffic(of: guest, from: part.start, to: part.end)
                sum.received += Double(reading.receivedBytes)
                sum.sent += Double(reading.sentBytes)
            }
        }
    }

    private static func twoDigits(_ byte: Int) -> String {
        let digits = String(byte & 0xFF, radix: 16)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }
}
