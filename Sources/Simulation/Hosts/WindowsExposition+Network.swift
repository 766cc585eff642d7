/// Network cards.
extension WindowsExposition {
    private struct Card {
        let name: String
        let interface: GuestInside.Interface
        var received: Double { Double(interface.receivedBytes) }
        var sent: Double { Double(interface.sentBytes) }
    }

    /// All but the loopback, which performance counters do not have. Brackets and the number's sign are written otherwise there.
    private var cards: [Card] {
        state.inside.interfaces.filter { !$0.hardwareAddress.isEmpty }.enumerated().map { number, interface in
            Card(name: "Red Hat VirtIO Ethernet Adapter" + (number == 0 ? "" : " _\(number + 1)"), interface: interface)
        }
    }

    private static let states = ["up", "down", "testing", "unknown", "dormant", "not present", "lower layer down"]

    /// The `windows_net_` families.
    func writeNetwork(into writer: inout ExpositionWriter) {
        let cards = cards
        func each(_ name: StaticString, _ kind: ExpositionWriter.Kind, _ help: StaticString, _ value: (Card) -> Double) {
            writer.family(name, kind, help)
            for card in cards { writer.sample(["nic": card.name], value(card).rounded(.down)) }
        }
        each("windows_net_bytes_received_total", .counter, "Bytes received.") { $0.received }
        each("windows_net_bytes_sent_total", .counter, "Bytes sent.") { $0.sent }
        each("windows_net_bytes_total", .counter, "Bytes received and sent.") { $0.received + $0.sent }
        each("windows_net_current_bandwidth_bytes", .gauge, "Bytes a second that the link can carry.") { _ in 1.25e9 }
        writer.family("windows_net_nic_address_info", .gauge, "An address of a card, as labels.")
        for card in cards {
            for (family, addresses) in [("ipv4", card.interface.version4), ("ipv6", card.interface.version6)] {
                // Only those that are good beyond the link.
                for address in addresses where !address.address.hasPrefix("fe80:") {
                    writer.sample(["address": address.address, "family": family, "nic": card.name], 1)
                }
            }
        }
        writer.family("windows_net_nic_info", .gauge, "A card's identity, as labels.")
        for card in cards {
            writer.sample(
                ["friendly_name": card.interface.name, "mac": card.interface.hardwareAddress.uppercased(), "nic": card.name], 1)
        }
        writer.family("windows_net_nic_operation_status", .gauge, "Which state a card is in.")
        for card in cards {
            for state in Self.states { writer.sample(["nic": card.name, "status": state], state == "up" ? 1 : 0) }
        }
        each("windows_net_output_queue_length_packets", .gauge, "Packets that wait to be sent.") { _ in 0 }
        each("windows_net_packets_outbound_discarded_total", .counter, "Packets dropped instead of sent.") { _ in 0 }
        each("windows_net_packets_outbound_errors_total", .counter, "Packets that could not be sent.") { _ in 0 }
        each("windows_net_packets_received_discarded_total", .counter, "Packets received and dropped.") {
            $0.received / 9e9 + Double($0.interface.droppedPackets)
        }
        each("windows_net_packets_received_errors_total", .counter, "Packets received with an error.") {
            Double($0.interface.brokenPackets)
        }
        each("windows_net_packets_received_total", .counter, "Packets received.") { $0.received / 900 }
        each("windows_net_packets_received_unknown_total", .counter, "Packets received of an unknown kind.") { _ in 0 }
        each("windows_net_packets_sent_total", .counter, "Packets sent.") { $0.sent / 900 }
        each("windows_net_packets_total", .counter, "Packets received and sent.") {
            ($0.received / 900).rounded(.down) + ($0.sent / 900).rounded(.down)
        }
    }
}
