import JSON
package import Primitives
package import Web

/// Of the rows of `/nodes/N/rrddata` the newest value of each key: the last rows are often still empty, and PVE 8 has none of the keys.
package struct NodeStatistics: Sendable {
    /// Pressure stall information, in percent of time.
    package let cpuSome: Double?
    package let ioSome: Double?
    package let ioFull: Double?
    package let memorySome: Double?
    package let memoryFull: Double?
    /// Of ZFS's cache.
    package let arcBytes: Double?

    /// The value of the row with the latest time so far.
    private struct Newest {
        var time = -Double.infinity
        var value: Double?

        mutating func take(_ value: Double?, at time: Double) {
            guard let value, time >= self.time else { return }
            (self.time, self.value) = (time, value)
        }
    }

    init?(_ data: JSONValue) {
        guard data.hasElements(upTo: ProxmoxClient.rowLimit) else { return nil }
        var (cpuSome, ioSome, ioFull) = (Newest(), Newest(), Newest())
        var (memorySome, memoryFull, arcBytes) = (Newest(), Newest(), Newest())
        data.forEachElement { row in
            guard let time = row["time"]?.number else { return }
            row.forEachMember { key, value in
                switch key {
                case "pressurecpusome": cpuSome.take(value.number, at: time)
                case "pressureiosome": ioSome.take(value.number, at: time)
                case "pressureiofull": ioFull.take(value.number, at: time)
                case "pressurememorysome": memorySome.take(value.number, at: time)
                case "pressurememoryfull": memoryFull.take(value.number, at: time)
                case "arcsize": arcBytes.take(value.number, at: time)
                default: break
                }
            }
        }
        self.cpuSome = cpuSome.value
        self.ioSome = ioSome.value
        self.ioFull = ioFull.value
        self.memorySome = memorySome.value
        self.memoryFull = memoryFull.value
        self.arcBytes = arcBytes.value
    }
}

extension ProxmoxClient {
    /// `/nodes/N/rrddata` of the last hour, a row for each minute.
    package func statistics(_ node: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> NodeStatistics {
        try await get(
            "/nodes/\(Self.pathPart(node))/rrddata?timeframe=hour&cf=AVERAGE", node: node, http: http, by: deadline,
            decode: NodeStatistics.init)
    }
}
