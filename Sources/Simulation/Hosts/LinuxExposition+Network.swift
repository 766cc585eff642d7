/// Network cards.
extension LinuxExposition {
    /// The `node_network_` families of all cards.
    func writeNetwork(into writer: inout ExpositionWriter) {
        let cards = machine.cards
        func each(_ name: StaticString, _ kind: ExpositionWriter.Kind, _ help: StaticString, _ value: (LinuxMachine.Card) -> Double?) {
            writer.family(name, kind, help)
            for card in cards {
                if let value = value(card) { writer.sample(["device": card.device], value.rounded(.down)) }
            }
        }
        each("node_network_receive_bytes_total", .counter, "Bytes received.") { $0.received }
        each("node_network_receive_packets_total", .counter, "Packets received.") { $0.received / 900 }
        each("node_network_receive_errs_total", .counter, "Packets received with an error.") { $0.broken }
        each("node_network_receive_drop_total", .counter, "Packets received and dropped.") { $0.dropped }
        each("node_network_receive_multicast_total", .counter, "Multicast packets received.") { $0.received / 90_000 }
        each("node_network_transmit_bytes_total", .counter, "Bytes sent.") { $0.sent }
        each("node_network_transmit_packets_total", .counter, "Packets sent.") { $0.sent / 900 }
        each("node_network_transmit_errs_total", .counter, "Packets that could not be sent.") { _ in 0 }
        each("node_network_transmit_drop_total", .counter, "Packets dropped instead of sent.") { _ in 0 }
        each("node_network_carrier", .gauge, "Whether there is a link.") { $0.hasLink ? 1 : 0 }
        each("node_network_carrier_changes_total", .counter, "Changes of the link.") { Double($0.linkChanges) }
        each("node_network_mtu_bytes", .gauge, "Largest packet.") { $0.isLoopback ? 65_536 : 1500 }
        each("node_network_speed_bytes", .gauge, "Bytes a second that the link can carry.") { $0.speed }
        each("node_network_up", .gauge, "Whether the card is in operation.") { $0.isLoopback || !$0.hasLink ? 0 : 1 }
        writer.family("node_network_info", .gauge, "A card's identity, as labels.")
        for card in cards {
            writer.sample(
                [
                    "address": card.hardwareAddress,
                    "broadcast": card.isLoopback ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff", "device": card.device,
                    "duplex": card.speed == nil ? (card.hasLink ? "" : "unknown") : "full", "ifalias": "",
                    "operstate": card.isLoopback ? "unknown" : card.hasLink ? "up" : "down",
                ], 1)
        }
    }
}
