import Metrics
import ProxmoxAPI

/// The node's physical disks and what they say of themselves: the list, and then each disk, one after the other.
struct DiskSource: SlowSource {
    struct HeardDisk: Sendable {
        let disk: Disk
        /// nil of a disk that has none, or that was not heard.
        var smart: SmartReport?
    }

    private static let labels = NodeFamilies.labels.adding("device", "model", "serial", "type")
    /// Disks that are asked about themselves.
    private static let smartLimit = 128

    /// A node asks its disks with smartctl, which may take ten seconds for each; the list waits for all of them.
    var profile = SlowProfile(
        name: "disks", scope: .node, periodSeconds: 3600, endpoint: "/nodes/N/disks/list, /nodes/N/disks/smart", timeoutSeconds: 60)
    private let health: Metric
    private let lifeLeft: Metric
    private let capacity: Metric
    private let temperature: Metric
    private let powerOnHours: Metric
    private let written: Metric
    private let availableSpare: Metric
    private let percentageUsed: Metric

    init(_ catalogue: inout Catalogue) {
        func gauge(_ name: String, _ help: String, _ source: String) -> Metric {
            catalogue.gauge("pve_disk_" + name, help, labels: Self.labels, source: "/nodes/N/disks/" + source)
        }
        health = gauge(
            "health_status", "1 if the disk finds itself healthy, 0 if it expects to fail; absent when it does not say.",
            "list health == PASSED or OK")
        lifeLeft = gauge(
            "wearout_left_ratio", "Share of the life that its maker foresaw for the disk that is left, 0-1.", "list wearout / 100")
        capacity = gauge("capacity_bytes", "Size of the disk.", "list size")
        temperature = gauge(
            "temperature_celsius", "Temperature of the disk.", "smart attribute 194, else 190; of NVMe the text's Temperature")
        powerOnHours = gauge(
            "power_on_hours", "Hours that the disk has been switched on.", "smart attribute 9; of NVMe the text's Power On Hours")
        written = gauge(
            "data_written_bytes", "Bytes that were written to the disk in its life.",
            "smart attribute 241, else 246; of NVMe the text's Data Units Written * 512000")
        availableSpare = gauge(
            "available_spare_percent", "Spare cells that an NVMe disk has left, 0-100.", "smart the text's Available Spare")
        percentageUsed = gauge(
            "percentage_used", "Used part of the life that its maker foresaw for an NVMe disk, 0-100 and beyond.",
            "smart the text's Percentage Used")
    }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: [HeardDisk]?) async throws(ProxmoxError) -> [HeardDisk] {
        let disks = try await call.client.disks(subject.node, http: call.http, by: call.deadline)
        var readings = disks.map { HeardDisk(disk: $0, smart: nil) }
        var patience = SlowPatience()
        for index in readings.indices.filter({ readings[$0].disk.mayHaveSmart }).prefix(Self.smartLimit) {
            do throws(ProxmoxError) {
                readings[index].smart = try await call.client.smartReport(
                    subject.node, readings[index].disk.path, http: call.http, by: call.deadline)
                patience.succeeded()
            } catch {
                // A disk that fails may take its own values along, and not those of the others.
                guard try patience.goesOn(after: error) else { break }
            }
        }
        return readings
    }

    func write(_ subject: SlowSubject, _ readings: [HeardDisk], into page: inout SlowPage) {
        for reading in readings {
            let (disk, smart) = (reading.disk, reading.smart)
            let labels = page.buffer.labels(
                Self.labels, page.cluster, subject.node, disk.device, disk.model, disk.serial, disk.type)
            page.buffer.add(health, labels, disk.isHealthy)
            page.buffer.add(lifeLeft, labels, disk.lifeLeft.map { $0 / 100 })
            page.buffer.add(capacity, labels, disk.sizeBytes)
            page.buffer.add(temperature, labels, smart?.temperatureCelsius)
            page.buffer.add(powerOnHours, labels, smart?.powerOnHours)
            page.buffer.add(written, labels, smart?.writtenBytes)
            page.buffer.add(availableSpare, labels, smart?.availableSpare)
            page.buffer.add(percentageUsed, labels, smart?.percentageUsed)
        }
    }
}
