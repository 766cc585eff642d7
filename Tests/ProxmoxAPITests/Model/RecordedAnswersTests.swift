import Testing

@testable import ProxmoxAPI

@Suite struct RecordedAnswersTests {
    @Test func version() throws {
        let version = try Recordings.decode("version.json", ProxmoxVersion.init)
        #expect(version.version == "9.2.11" && version.release == "9.2" && version.repositoryID == "14a22df35955d97d")
    }

    @Test func clusterStatus() throws {
        let status = try Recordings.decode("cluster-status.json", ClusterStatus.init)
        #expect(status.clusterName == "lab")
        #expect(status.isQuorate == true)
        #expect(status.nodes.map(\.name) == ["pve2", "pve3", "pve1"])
        #expect(status.nodes.map(\.isOnline) == [true, false, true])
    }

    @Test func clusterResources() throws {
        let resources = try Recordings.decode("cluster-resources.json", ClusterResources.init)
        #expect(resources.nodes.map(\.name) == ["pve3", "pve2", "pve1"])
        #expect(resources.nodes.map(\.status) == ["offline", "online", "online"])
        let (offline, node) = (resources.nodes[0], resources.nodes[2])
        #expect(offline.cpuRatio == nil && offline.memoryBytes == nil && offline.uptimeSeconds == nil)
        #expect(node.cpuRatio == 0.0963035019455253 && node.cpus == 2 && node.uptimeSeconds == 3006)
        #expect(node.memoryUsedBytes == 2_957_660_160 && node.memoryBytes == 25_276_514_304)

        // Pools and networks are left out.
        #expect(resources.guests.map(\.vmid) == [100, 101, 102, 103, 110, 120, 200, 210])
        #expect(resources.guests.map(\.kind.rawValue) == ["qemu", "qemu", "qemu", "qemu", "qemu", "qemu", "lxc", "lxc"])
        let (web, silent, container) = (resources.guests[0], resources.guests[5], resources.guests[6])
        #expect(web.node == "pve1" && web.name == "web-100" && web.status == "running" && web.tags == "prod;web" && web.pool == "prod")
        #expect(web.isTemplate == false && web.cpuRatio == 0.0203041267381385 && web.cpus == 2 && web.uptimeSeconds == 165)
        #expect(
            web.memoryUsedBytes == 8_101_888 && web.memoryBytes == 134_217_728 && web.diskUsedBytes == 0 && web.diskBytes == 4_294_967_296)
        #expect(
            silent.node == "pve3" && silent.status == "unknown" && silent.name == nil && silent.isTemplate == nil && silent.cpuRatio == nil)
        #expect(container.diskUsedBytes == 25_342_951_424 && container.tags == "ct" && container.pool == nil)
        #expect(resources.guests[2].isTemplate == true)

        #expect(
            resources.storages.map { "\($0.node)/\($0.name)" } == [
                "pve3/local", "pve2/local", "pve1/local", "pve3/nas", "pve2/nas", "pve1/nas", "pve1/gone",
            ])
        let (local, gone) = (resources.storages[2], resources.storages[6])
        #expect(local.type == "dir" && local.status == "available")
        #expect(local.usedBytes == 25_342_951_424 && local.totalBytes == 270_553_174_016)
        #expect(gone.status == "unknown" && gone.usedBytes == nil && gone.totalBytes == nil)
    }

    @Test(arguments: ["nodes-pve1-status.json", "nodes-pve2-status.json"])
    func nodeStatus(file: String) throws {
        let status = try Recordings.decode(file, NodeStatus.init)
        #expect(status.load1 == 0.46 && status.load5 == 0.54 && status.load15 == 0.83)
        #expect(status.ioWaitRatio == 0 && status.cpuMegahertz == 2596.14 && status.cores == 2 && status.sockets == 1)
        let root = try #require(status.rootFileSystem)
        #expect(root.totalBytes == 270_553_174_016 && root.usedBytes == 25_343_770_624 && root.freeBytes == 245_209_403_392)
        #expect(status.swap?.totalBytes == 0 && status.swap?.usedBytes == 0 && status.swap?.freeBytes == 0)
        #expect(status.sharedByKSMBytes == 0)
    }

    @Test func virtualMachines() throws {
        let machines = try Recordings.decode("nodes-pve1-qemu-full.json") { $0.compactMapElements(VirtualMachine.init) }
        #expect(machines.map(\.vmid) == [102, 101, 103, 100])
        #expect(machines.map(\.isTemplate) == [true, nil, nil, nil])
        #expect(machines.map(\.status) == ["stopped", "stopped", "running", "running"])
        let (stopped, web) = (machines[1], machines[3])
        #expect(stopped.disks.isEmpty && stopped.interfaces.isEmpty && stopped.processID == nil && stopped.diskReadBytes == nil)
        #expect(stopped.uptimeSeconds == 0 && stopped.memoryUsedBytes == 0 && stopped.networkInBytes == 0)
        #expect(web.name == "web-100" && web.tags == "prod;web" && web.cpus == 2 && web.uptimeSeconds == 174 && web.processID == 32235)
        #expect(web.memoryUsedBytes == 8_093_696 && web.memoryOnHostBytes == 8_093_696 && web.memoryBytes == 134_217_728)
        #expect(web.memoryFreeBytes == nil && web.balloonTargetBytes == 134_217_728 && web.diskBytes == 4_294_967_296)
        #expect(web.networkInBytes == 90 && web.networkOutBytes == 0 && web.diskReadBytes == 512 && web.diskWriteBytes == 0)
        #expect(web.balloon.actualBytes == 134_217_728 && web.balloon.maximumBytes == 134_217_728 && web.balloon.totalBytes == nil)
        #expect(web.pressure.cpuSome == 0 && web.pressure.memoryFull == 0)
        // In the order of names: the API gives them in another order each time.
        #expect(web.disks.map(\.name) == ["floppy0", "scsi0", "sd0"])
        #expect(machines[2].disks.map(\.name) == ["floppy0", "ide1-cd0", "sd0"])
        #expect(web.disks[1].readBytes == 512 && web.disks[1].reads == 1 && web.disks[1].readNanoseconds == 194_429)
        #expect(web.interfaces.map(\.name) == ["tap100i0"] && web.interfaces[0].receivedBytes == 90 && web.interfaces[0].sentBytes == 0)
        let other = try Recordings.decode("more-nodes-pve2-qemu-full-1.json") { $0.compactMapElements(VirtualMachine.init) }
        #expect(other.map(\.vmid) == [110] && other[0].disks[1].readNanoseconds == 293_556_139)
    }

    @Test func containers() throws {
        let containers = try Recordings.decode("nodes-pve1-lxc.json") { $0.compactMapElements(Container.init) }
        let container = try #require(containers.first)
        #expect(container.vmid == 200 && container.name == "ct-200" && container.tags == "ct" && container.status == "running")
        #expect(container.isTemplate == nil && container.cpus == 1 && container.uptimeSeconds == 175 && container.processID == 32319)
        #expect(container.memoryUsedBytes == 131_072 && container.memoryBytes == 268_435_456)
        #expect(container.swapUsedBytes == 0 && container.swapBytes == 134_217_728)
        #expect(container.diskUsedBytes == 25_343_791_104 && container.diskBytes == 270_553_174_016)
        #expect(container.networkInBytes == 0 && container.networkOutBytes == 0)
        #expect(container.diskReadBytes == 0 && container.diskWriteBytes == 0)
        // null without cgroup v2
        #expect(container.pressure.cpuSome == nil && container.pressure.ioFull == nil && container.pressure.memorySome == nil)
        let stopped = try Recordings.decode("more-nodes-pve2-lxc.json") { $0.compactMapElements(Container.init) }
        #expect(stopped.map(\.vmid) == [210] && stopped[0].processID == nil && stopped[0].pressure.cpuSome == nil)
    }
}
