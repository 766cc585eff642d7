import Testing

@testable import ProxmoxAPI

/// What a real API said when it was asked for what is asked for on timers.
@Suite struct RecordedNodeAnswersTests {
    @Test func subscription() throws {
        let subscription = try Recordings.decode("nodes-pve1-subscription.json", Subscription.init)
        #expect(
            subscription.status == "notfound" && subscription.level == nil && subscription.product == nil && subscription.nextDue == nil)
    }

    @Test(arguments: ["nodes-pve1-services.json", "more-nodes-pve2-services.json"])
    func services(file: String) throws {
        #expect(try Recordings.decode(file) { $0.rows(upTo: 9, by: \.name, NodeService.init) }.isEmpty)
    }

    @Test func storages() throws {
        let storages = try Recordings.decode("nodes-pve1-storage.json") { $0.rows(upTo: 9, by: \.name, NodeStorage.init) }
        #expect(storages.map(\.name) == ["gone", "local", "nas", "off"] && storages.map(\.type) == ["dir", "dir", "dir", "dir"])
        #expect(storages.map(\.availableBytes) == [nil, 76_099_416_064, 76_099_416_064, nil])
        #expect(storages.map(\.isEnabled) == [true, true, true, false])
    }

    @Test func disks() throws {
        for file in ["nodes-pve1-disks-list.json", "more-nodes-pve2-disks-list.json"] {
            let disks = try Recordings.decode(file) { $0.rows(upTo: 9, by: \.device, Disk.init) }
            let disk = try #require(disks.first)
            #expect(
                disks.count == 1 && disk.device == "vda" && disk.type == "unknown" && disk.model == "unknown" && disk.serial == "unknown")
            #expect(disk.sizeBytes == 274_877_906_944 && disk.isHealthy == nil && disk.lifeLeft == nil && !disk.mayHaveSmart)
        }
        let report = try Recordings.decode("nodes-pve1-disks-smart-vda.json", SmartReport.init)
        #expect(report.temperatureCelsius == nil && report.powerOnHours == nil && report.writtenBytes == nil)
    }

    @Test func pools() throws {
        for file in ["nodes-pve1-disks-zfs.json", "more-nodes-pve2-disks-zfs.json"] {
            let pools = try Recordings.decode(file) { $0.rows(upTo: 9, by: \.name, Pool.init) }
            #expect(pools.map(\.name) == ["rpool", "tank"] && pools.map(\.health) == ["ONLINE", "DEGRADED"])
            #expect(pools.map(\.sizeBytes) == [1_992_864_825_344, 7_988_639_170_560] && pools.map(\.fragmentation) == [12, 41])
            #expect(
                pools.map(\.allocatedBytes) == [412_316_860_416, 7_100_000_000_000]
                    && pools.map(\.freeBytes) == [1_580_547_964_928, 888_639_170_560])
            #expect(pools.map(\.deduplicationRatio) == [1, 1])
        }
    }

    @Test func poolDetails() throws {
        let tank = try Recordings.decode("nodes-pve1-disks-zfs-tank.json", PoolDetail.init)
        #expect(
            tank.devices.map(\.name) == ["mirror-0", "ata-A-part1", "ata-B-part1"] && tank.devices.map(\.isOnline) == [false, true, false])
        #expect(tank.devices.map(\.readErrors) == [0, 0, 3] && tank.devices.map(\.writeErrors) == [0, 0, 121] && tank.dataErrors == 0)
        #expect(tank.scan?.lastScrubLocalSeconds == 1_794_705_964 && tank.scan?.lastScrubErrors == 0)
        let rpool = try Recordings.decode("more-nodes-pve1-disks-zfs-rpool.json", PoolDetail.init)
        #expect(rpool.devices.isEmpty && rpool.scan == nil && rpool.dataErrors == nil)
    }

    @Test func statistics() throws {
        let first = try Recordings.decode("nodes-pve1-rrddata-average.json", NodeStatistics.init)
        #expect(
            first.cpuSome == 92.156 && first.ioSome == 0 && first.ioFull == 0 && first.memorySome == 0 && first.memoryFull == 0
                && first.arcBytes == 0)
        let second = try Recordings.decode("more-nodes-pve2-rrddata-timeframe-hour-cf-AVERAGE.json", NodeStatistics.init)
        #expect(second.cpuSome == 84.4401666666667 && second.ioSome == 0.181666666666667)
    }

    @Test func `refusals that say that there is nothing`() throws {
        let refusals = try Recordings.refusals()
        func error(_ path: String) throws -> ProxmoxError {
            let refusal = try #require(refusals.first { $0.path == "/api2/json" + path })
            return ProxmoxError(status: refusal.status, path, refusal.reason)
        }
        #expect(try error("/cluster/ceph/status").isLackOfCeph)
        #expect(try error("/nodes/pve1/apt/update").kind == .forbidden && error("/nodes/pve2/apt/update").kind == .forbidden)
        #expect(try error("/nodes/pve1/time").kind == .refused(status: 500))
    }
}
