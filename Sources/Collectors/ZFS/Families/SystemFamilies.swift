import Metrics

/// Which ZFS this is, and how old what `zpool` said is.
struct SystemFamilies: Sendable {
    private static let infoLabels = LabelSchema("version")
    private static let commandLabels = LabelSchema("command")

    private let info: Metric
    private let success: Metric
    private let age: Metric
    private let duration: Metric

    init(_ catalogue: inout Catalogue) {
        info = catalogue.info("zfs_info", "Version of ZFS in the kernel.", labels: Self.infoLabels, source: "/sys/module/zfs/version")
        success = catalogue.gauge(
            "zfs_zpool_command_success", "1 if zpool answered when it was last asked.", labels: Self.commandLabels, source: "martlet")
        age = catalogue.gauge(
            "zfs_zpool_command_age_seconds", "How old the answer is that is shown; absent when there is none.", labels: Self.commandLabels,
            source: "martlet")
        duration = catalogue.gauge(
            "zfs_zpool_command_duration_seconds", "How long zpool took when it was last asked.", labels: Self.commandLabels,
            source: "martlet")
    }

    func write(version: String, into buffer: inout SampleBuffer) {
        buffer.add(info, buffer.labels(Self.infoLabels, version), true)
    }

    func write(_ reports: PoolReports.View, into buffer: inout SampleBuffer) {
        for command in ZpoolCommand.allCases {
            let labels = buffer.labels(Self.commandLabels, command.rawValue)
            if let attempt = reports.attempts[command] {
                buffer.add(success, labels, attempt.problem == nil)
                buffer.add(duration, labels, attempt.durationSeconds)
            }
            buffer.add(age, labels, reports.ages[command])
        }
    }
}
