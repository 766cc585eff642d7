import Metrics

/// Which cards there are, how they are, and what befell them.
struct CardFamilies: Sendable {
    private static let infoLabels = FactTable.labels.adding(
        "name", "pci_bus_id", "driver_version", "cuda_version", "virtualization_mode", "architecture")
    private static let stateLabels = FactTable.labels.adding("state")
    private static let xidLabels = FactTable.labels.adding("xid")
    private static let states = StateSet(stateLabels, CardBook.CardState.allCases.map(\.rawValue))

    private let devices: Metric
    private let info: Metric
    private let state: Metric
    private let xids: Metric
    private let xidTimes: Metric

    /// Those that one watches are there before the first of them, so that `increase` sees it.
    static let watchedXIDs = [48, 62, 64, 74, 79, 95, 119, 120]

    init(_ catalogue: inout Catalogue) {
        devices = catalogue.gauge(
            "llm_monitor_gpu_devices", "Cards that NVML counts on this machine, with those that do not answer.",
            source: "nvmlDeviceGetCount_v2")
        info = catalogue.info(
            "llm_monitor_gpu_info", "A card, also one that does not answer; then of what was known of it before, or of the driver's files.",
            labels: Self.infoLabels,
            source: "nvmlDeviceGetName, -PciInfo_v3, -VirtualizationMode, -Architecture, nvmlSystemGetDriverVersion, -CudaDriverVersion_v2")
        state = catalogue.gauge(
            "llm_monitor_gpu_state",
            "1 for the state that the card is in, 0 for the others; unknown is one that nothing good or bad is known of.",
            labels: Self.stateLabels, source: "what calls of NVML return")
        xids = catalogue.counter(
            "llm_monitor_gpu_xid_errors_total", "XID errors of the card since the exporter began.", labels: Self.xidLabels,
            source: "nvmlEventSetWait_v2 eventData")
        xidTimes = catalogue.gauge(
            "llm_monitor_gpu_xid_last_timestamp_seconds", "When the XID error was seen last, in seconds since 1970.",
            labels: Self.xidLabels, source: "nvmlEventSetWait_v2")
    }

    func write(devices count: Int, into buffer: inout SampleBuffer) { buffer.add(devices, .empty, Double(count)) }

    func write(
        _ card: CardBook.Card, _ current: CardBook.CardState, _ hello: ReaderLine.Hello?, _ labels: LabelSet,
        into buffer: inout SampleBuffer
    ) {
        let (identity, index) = (card.identity, String(card.identity.index))
        buffer.add(
            info,
            buffer.labels(
                Self.infoLabels, identity.uuid, index, identity.name, identity.busID, hello?.driverVersion ?? "",
                hello?.cudaVersion ?? "", identity.virtualizationMode, identity.architecture), true)
        buffer.add(state, extending: labels, known: Self.states, current.rawValue)
        let watched = card.hasListened ? Self.watchedXIDs : []
        for xid in Set(card.xids.keys).union(watched).sorted() {
            let set = buffer.labels(Self.xidLabels, identity.uuid, index, String(xid))
            buffer.add(xids, set, Double(card.xids[xid]?.count ?? 0))
            buffer.add(xidTimes, set, card.xids[xid]?.last)
        }
    }
}
