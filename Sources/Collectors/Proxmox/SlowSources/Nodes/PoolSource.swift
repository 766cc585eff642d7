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
        /// The scan of each pool that ended the last scrub that was seen: the API tells of the last scan only, whatever it was.
        var scrubs: [String: PoolScan] = [:]
    }

    /// Pools that are asked for in detail.
    private static let detailLimit = 64

    var profile = SlowProfile(
        name: "zfs", scope: .node, periodSeconds: 300, endpoint: "/nodes/N/disks/zfs, /nodes/N/disks/zfs/POOL, /nodes/N/time")
    private let families: PoolFamilies

    init(_ catalogue: inout Catalogue) { families = PoolFamilies(&catalogue) }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: Reading?) async throws(ProxmoxError) -> Reading {
        let pools = try await call.client.pools(subject.node, http: call.http, by: call.deadline)
        let scrubs = (last?.scrubs ?? [:]).filter { name, _ in pools.contains { $0.name == name } }
        var reading = Reading(offsetSeconds: last?.offsetSeconds ?? 0, pools: pools.map { ($0, nil) }, scrubs: scrubs)
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
                let name = reading.pools[index].pool.name
                let detail = try await call.client.poolDetail(subject.node, name, http: call.http, by: call.deadline)
                reading.pools[index].detail = detail
                if let scan = detail.scan, scan.isFirst || scan.lastScrubLocalSeconds != nil || scan.lastScrubErrors != nil {
                    reading.scrubs[name] = scan.isFirst ? nil : scan
                }
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
            if let scrub = reading.scrubs[pool.name] {
                families.write(labels, scrub: scrub, offsetSeconds: reading.offsetSeconds, into: &page.buffer)
            }
            if let detail { families.write(labels, detail, into: &page.buffer) }
        }
    }
}
