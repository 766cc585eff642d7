import Metrics

/// Errors of a card's memory, and what it has set aside because of them.
enum ErrorTable {
    static func declare(in table: inout FactTable, _ catalogue: inout Catalogue) {
        table.gauge(
            &catalogue, "ecc_mode_enabled", "1 if the card's memory has error correction switched on.", .eccMode,
            source: "nvmlDeviceGetEccMode current")
        table.gauge(
            &catalogue, "retired_pages", "Pages of memory that were taken out of use, by cause.", by: "cause",
            [("single_bit", .retiredSingleBit), ("double_bit", .retiredDoubleBit)], source: "nvmlDeviceGetFieldValues 29, 30")
        table.gauge(
            &catalogue, "retirement_pending", "1 if pages wait for a restart to be taken out of use.", .retirementPending,
            source: "nvmlDeviceGetFieldValues 31, else nvmlDeviceGetRetiredPagesPendingStatus")
        table.gauge(
            &catalogue, "remapped_rows", "Rows of memory that were replaced by spare ones, by the kind of their errors.", by: "kind",
            [("correctable", .remappedCorrectable), ("uncorrectable", .remappedUncorrectable)],
            source: "nvmlDeviceGetFieldValues 142, 143, else nvmlDeviceGetRemappedRows")
        table.gauge(
            &catalogue, "remap_pending", "1 if rows wait for a reset to be replaced.", .remapPending,
            source: "nvmlDeviceGetFieldValues 144, else nvmlDeviceGetRemappedRows isPending")
        table.gauge(
            &catalogue, "remap_failed", "1 if a row could not be replaced.", .remapFailed,
            source: "nvmlDeviceGetFieldValues 145, else nvmlDeviceGetRemappedRows failureOccurred")
        table.gauge(
            &catalogue, "recovery_action",
            "What the driver advises to do: 0 nothing, 1 reset the card, 2 restart the machine, 3 drain peer-to-peer, 4 drain and reset, "
                + "5 recover the IMEX domain, 6 reset the bus, 7 restart the system.",
            .recoveryAction, source: "nvmlDeviceGetFieldValues 230")
        table.gauge(
            &catalogue, "xid_listening", "1 while XID errors of the card are listened for, 0 when the driver does not let us.",
            .listensForXIDs, source: "nvmlDeviceRegisterEvents")
    }
}

/// Errors that ECC has found: two families with two labels beyond the card's.
struct ECCFamilies: Sendable {
    private static let labels = FactTable.labels.adding("kind", "location")
    private let metrics: [(ECCCounter, Metric)]

    init(_ catalogue: inout Catalogue) {
        let source = "nvmlDeviceGetMemoryErrorCounter; location other is nvmlDeviceGetTotalEccErrors less these"
        let aggregate = catalogue.counter(
            "llm_monitor_gpu_ecc_errors_total", "Errors of memory in the life of the card; all locations together are NVML's total.",
            labels: Self.labels, source: source)
        let volatile = catalogue.counter(
            "llm_monitor_gpu_ecc_volatile_errors_total",
            "Errors of memory since the driver was loaded; all locations together are NVML's total.", labels: Self.labels, source: source)
        metrics = [(.aggregate, aggregate), (.volatile, volatile)]
    }

    func write(_ sample: CardSample, into buffer: inout SampleBuffer) {
        for (counter, metric) in metrics {
            for kind in ECCKind.allCases {
                for location in ECCLocation.allCases {
                    guard let value = sample.facts[.ecc(kind, counter, location)], value.isFinite, value >= 0 else { continue }
                    let labels = buffer.labels(
                        Self.labels, sample.identity.uuid, String(sample.identity.index), kind.rawValue, location.rawValue)
                    buffer.add(metric, labels, value)
                }
            }
        }
    }
}
