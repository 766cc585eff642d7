import Metrics
import ProxmoxAPI

/// The node's ZFS pools, down to the errors of each disk: the list, the node's clock, and then each pool, one after the other.
struct PoolSource: SlowSource {
    struct Reading: Sendable {
        /// What the node's clock shows beyond UTC: zpool writes times in the node's zone.
        ///
        /// Of today; where clocks were changed since the last scrub, that is an hour off.
        var offsetSeconds: Double
        var pools: [(pool: Pool, detail: PoolDetail?)]
    }

    /// Pools that are asked for in detail.
    private static let detailLimit = 64

    var profile = SlowProfile(
        name: "zfs", scope: .node, periodSeconds: 300, endpoint: "/nodes/N/disks/zfs, /nodes/N/disks/zfs/POOL, /nodes/N/time")
    private let families: PoolFamilies

    init(_ catalogue: inout Catalogue) { families = PoolFamilies(&catalogue) }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: Reading?) async throws(ProxmoxError) -> Reading {
        let pools = try await call.client.pools(subject.node, http: call.http, by: call.deadline)
        var reading = Reading(offsetSeconds: last?.offsetSeconds ?? 0, pools: pools.map { ($0, nil) })
        guard !pools.isEmpty else { return reading }
        var patience = SlowPatience()
        do throws(ProxmoxError) {
            reading.offsetSeconds = try await call.client.time(subject.node, http: call.http, by: call.deadline).offsetSeconds
        } catch {
            // Without it, what was last known will do, and UTC before that.
            guard try patience.goesOn(after: error) || error.kind == .forbidden else { return reading }
        }
        for index in reading.pools.indices.filter({ reading.pools[$0].pool.hasDetail }).prefix(Self.detailLimit) {
            do throws(ProxmoxError) {
                reading.pools[index].detail = try await call.client.poolDetail(
                    subject.node, reading.pools[index].pool.name, http: call.http, by: call.deadline)
                patience.succeeded()
            } catch {
                guard try patience.goesOn(after: error) else { break }
            }
        }
        return reading
    }

    func write(_ subject: SlowSubject, _ reading: Reading, into page: inout SlowPage) {
        for (pool, detail) in reading.pools {
            let labels = page.buffer.labels(PoolFamilies.labels, page.cluster, subject.node, pool.name)
            families.write(labels, pool, into: &page.buffer)
            if let detail { families.write(labels, detail, offsetSeconds: reading.offsetSeconds, into: &page.buffer) }
        }
    }
}
