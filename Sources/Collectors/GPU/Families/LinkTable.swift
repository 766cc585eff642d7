import Metrics

/// PCIe and NVLink.
enum LinkTable {
    static func declare(in table: inout FactTable, _ catalogue: inout Catalogue) {
        table.counter(
            &catalogue, "pcie_bytes_total", "Bytes that the card has sent and received over PCIe.", by: "direction",
            [("transmit", .pcieTransmitted), ("receive", .pcieReceived)], source: "nvmlDeviceGetFieldValues 197, 198")
        table.gauge(
            &catalogue, "pcie_bytes_per_second",
            "Bytes that the card sends and receives over PCIe, of 20 ms before the sample; only of drivers that do not count them.",
            by: "direction", [("transmit", .pcieTransmitRate), ("receive", .pcieReceiveRate)],
            source: "nvmlDeviceGetPcieThroughput * 1000")
        table.counter(
            &catalogue, "pcie_replays_total", "Packets that had to be sent again over PCIe.", .pcieReplays,
            source: "nvmlDeviceGetFieldValues 94, else nvmlDeviceGetPcieReplayCounter")
        table.gauge(
            &catalogue, "pcie_link_generation", "Generation of PCIe that the link has now; idle cards take a lower one.", .pcieGeneration,
            source: "nvmlDeviceGetCurrPcieLinkGeneration")
        table.gauge(&catalogue, "pcie_link_width", "Lanes that the link has now.", .pcieWidth, source: "nvmlDeviceGetCurrPcieLinkWidth")
        table.gauge(
            &catalogue, "pcie_link_max_generation", "Highest generation of PCIe that card and slot can have.", .pcieGenerationMax,
            source: "nvmlDeviceGetMaxPcieLinkGeneration")
        table.gauge(
            &catalogue, "pcie_link_max_width", "Most lanes that card and slot can have.", .pcieWidthMax,
            source: "nvmlDeviceGetMaxPcieLinkWidth")
        table.counter(
            &catalogue, "nvlink_bytes_total", "Bytes that the card has sent and received over all of its NVLinks.", by: "direction",
            [("transmit", .nvlinkTransmitted), ("receive", .nvlinkReceived)],
            source: "nvmlDeviceGetFieldValues 202, 204, else 138, 139 * 1024")
        table.counter(
            &catalogue, "nvlink_errors_total", "Errors of all NVLinks of the card.", by: "kind",
            NVLinkError.allCases.map { ($0.rawValue, .nvlinkErrors($0)) }, source: "nvmlDeviceGetFieldValues 38, 45, 52, 59")
        table.gauge(
            &catalogue, "nvlink_links_active", "NVLinks of the card that are up.", .nvlinkActive, source: "nvmlDeviceGetNvLinkState")
    }
}
