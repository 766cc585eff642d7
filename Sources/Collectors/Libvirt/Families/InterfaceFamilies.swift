import Metrics

/// Network cards of a domain.
struct InterfaceFamilies: Sendable {
    private static let labels = LibvirtFamilies.domainLabels.adding("target_device")
    private static let infoLabels = labels.adding("interface_type", "source_bridge", "mac_address", "model_type", "mtu_size")

    private let table: FieldTable<DomainStatistics.Interface>
    private let info: Metric

    init(_ catalogue: inout Catalogue) {
        var table = FieldTable<DomainStatistics.Interface>("libvirt_domain_interface_stats_", labels: Self.labels, detail: .disk)
        func counter(_ name: String, _ help: String, _ field: DomainStatistics.Interface) {
            table.counter(&catalogue, name, help, field, source: "virDomainListGetStats net.N." + field.rawValue)
        }
        counter("receive_bytes_total", "Bytes that the guest has got.", .receiveBytes)
        counter("receive_packets_total", "Packets that the guest has got.", .receivePackets)
        counter("receive_errors_total", "Packets for the guest that were broken.", .receiveErrors)
        counter("receive_drops_total", "Packets for the guest that were dropped.", .receiveDrops)
        counter("transmit_bytes_total", "Bytes that the guest has sent.", .transmitBytes)
        counter("transmit_packets_total", "Packets that the guest has sent.", .transmitPackets)
        counter("transmit_errors_total", "Packets of the guest that were broken.", .transmitErrors)
        counter("transmit_drops_total", "Packets of the guest that were dropped.", .transmitDrops)
        info = catalogue.info(
            "libvirt_domain_interface_stats_info", "What is defined of the network card; source_bridge is a bridge, network or device.",
            labels: Self.infoLabels, detail: .disk, source: "virDomainGetXMLDesc devices/interface")
        self.table = table
    }

    /// - Parameter labels: those of the domain.
    func write(_ statistics: DomainStatistics, _ labels: LabelSet, into buffer: inout SampleBuffer) {
        for interface in statistics.interfaces {
            table.write(interface.fields, buffer.labels(Self.labels, extending: labels, interface.name), into: &buffer)
        }
    }

    func write(_ definition: DomainDefinition, _ domain: DomainBasics, _ uri: String, into buffer: inout SampleBuffer) {
        for interface in definition.interfaces {
            buffer.add(
                info,
                buffer.labels(
                    Self.infoLabels, uri, domain.name, domain.uuid, interface.target, interface.type, interface.source,
                    interface.hardwareAddress, interface.model, interface.largestPacket), true)
        }
    }
}
