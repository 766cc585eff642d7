import JSON

/// The VMs of a node, live.
extension ProxmoxAnswers {
    /// How much a row tells.
    enum QemuDetail: Sendable {
        /// qemu
        case list
        /// qemu?full=1
        case full
        /// qemu/ID/status/current
        case current
    }

    /// /nodes/N/qemu[?full=1]
    func qemuList(_ view: NodeView, isFull: Bool) -> [UInt8] {
        document(reservingBytes: 256 + view.node.qemu.count * (isFull ? 4608 : 640)) { json in
            json.array { json in
                for index in view.node.qemu where rights.show(inventory.guests[index]) {
                    writeQemu(inventory.guests[index], view, isFull ? .full : .list, into: &json)
                }
            }
        }
    }

    /// /nodes/N/qemu/ID/status/current
    func qemuStatus(_ guest: Guest, _ view: NodeView) -> [UInt8] {
        document(reservingBytes: 5120) { writeQemu(guest, view, .current, into: &$0) }
    }

    private func writeQemu(_ guest: Guest, _ view: NodeView, _ detail: QemuDetail, into json: inout JSONWriter) {
        let reading = world.reading(of: guest, at: moment, nodeBootedAt: view.bootedAt)
        json.object { json in
            json.member("vmid", guest.vmid)
            json.member("name", guest.name)
            json.member("status", guest.isLive ? "running" : "stopped")
            json.member("cpus", guest.cpus)
            json.member("cpu", reading.cpu)
            json.member("maxmem", guest.memoryBytes)
            json.member("mem", reading.memoryBytes)
            if inventory.release.tellsPressure { json.member("memhost", reading.hostMemoryBytes) }
            json.member("maxdisk", guest.diskBytes)
            json.member("disk", 0)
            json.member("netin", reading.receivedBytes)
            json.member("netout", reading.sentBytes)
            json.member("uptime", Int(reading.uptimeSeconds))
            if let tags = guest.tags { json.member("tags", tags) }
            if let lock = guest.lock { json.member("lock", lock) }
            if guest.role == .template { json.member("template", 1) }
            if guest.isLive { writeProcess(guest, reading, into: &json) }
            if detail != .list { writeMonitor(guest, reading, into: &json) }
            if detail == .current { writeManagement(guest, into: &json) }
        }
    }

    /// What the kernel knows of the VM's process.
    private func writeProcess(_ guest: Guest, _ reading: GuestReading, into json: inout JSONWriter) {
        json.member("pid", reading.processID)
        if let minimum = guest.balloonMinimumBytes {
            json.member("balloon_min", minimum)
            json.member("shares", 1000)
        }
        guard inventory.release.tellsPressure else { return }
        let ioPressure = world.ioPressure(of: guest, at: moment)
        json.member("pressurecpusome", Double(reading.cpuPressure) / 100)
        json.member("pressurecpufull", 0)
        json.member("pressureiosome", Double(ioPressure) / 100)
        json.member("pressureiofull", Double(ioPressure / 2) / 100)
        json.member("pressurememorysome", Double(reading.memoryPressure) / 100)
        json.member("pressurememoryfull", Double(reading.memoryPressure / 2) / 100)
    }

    /// What QEMU itself says.
    private func writeMonitor(_ guest: Guest, _ reading: GuestReading, into json: inout JSONWriter) {
        json.member("qmpstatus", guest.role == .running ? "running" : guest.role == .paused ? "paused" : "stopped")
        guard guest.isLive else { return }
        json.member("running-machine", inventory.release.machine)
        json.member("running-qemu", inventory.release.emulator)
        json.member("diskread", reading.readBytes)
        json.member("diskwrite", reading.writtenBytes)
        json.member("balloon", guest.memoryBytes)
        json.key("ballooninfo")
        json.object { writeBalloon(guest, reading, into: &$0) }
        if guest.hasBalloonDriver { json.member("freemem", guest.memoryBytes - reading.memoryBytes) }
        json.key("blockstat")
        json.object { json in
            writeDisk("scsi0", reading.disks.0, guest.diskBytes, into: &json)
            writeDisk("scsi1", reading.disks.1, guest.diskBytes / 2, into: &json)
            writeDisk("scsi2", reading.disks.2, guest.diskBytes / 4, into: &json)
            writeDisk("ide2", nil, 0, into: &json)
        }
        json.key("nics")
        json.object { json in
            writeCard("tap\(guest.vmid)i0", reading.cards.0, into: &json)
            writeCard("tap\(guest.vmid)i1", reading.cards.1, into: &json)
        }
        writeSupport(into: &json)
    }

    /// Without the driver inside, QEMU knows only what it gave.
    private func writeBalloon(_ guest: Guest, _ reading: GuestReading, into json: inout JSONWriter) {
        json.member("actual", guest.memoryBytes)
        json.member("max_mem", guest.memoryBytes)
        guard guest.hasBalloonDriver else { return }
        json.member("total_mem", guest.memoryBytes - guest.memoryBytes / 32)
        json.member("free_mem", max(0, guest.memoryBytes - guest.memoryBytes / 32 - reading.memoryBytes))
        json.member("mem_swapped_in", reading.readBytes >> 14 & ~0xFFF)
        json.member("mem_swapped_out", reading.writtenBytes >> 13 & ~0xFFF)
        json.member("major_page_faults", reading.readBytes >> 18)
        json.member("minor_page_faults", reading.writtenBytes >> 10)
        json.member("last_update", Int(world.timeline.epoch + moment))
    }

    /// - Parameter disk: nil for a drive without a medium.
    private func writeDisk(_ name: StaticString, _ disk: GuestReading.Disk?, _ size: Int, into json: inout JSONWriter) {
        let counters = disk ?? GuestReading.Disk()
        json.key(name)
        json.object { json in
            json.member("rd_bytes", counters.readBytes)
            json.member("wr_bytes", counters.writtenBytes)
            json.member("unmap_bytes", counters.unmapOperations &* 65_536)
            json.member("rd_operations", counters.readOperations)
            json.member("wr_operations", counters.writeOperations)
            json.member("flush_operations", counters.flushOperations)
            json.member("unmap_operations", counters.unmapOperations)
            json.member("rd_total_time_ns", counters.readNanoseconds)
            json.member("wr_total_time_ns", counters.writeNanoseconds)
            json.member("flush_total_time_ns", counters.flushNanoseconds)
            json.member("unmap_total_time_ns", counters.unmapNanoseconds)
            json.member("rd_merged", 0)
            json.member("wr_merged", 0)
            json.member("unmap_merged", 0)
            json.member("wr_highest_offset", size / 4 * 3)
            json.member("failed_rd_operations", 0)
            json.member("failed_wr_operations", 0)
            json.member("failed_flush_operations", 0)
            json.member("failed_unmap_operations", 0)
            json.member("invalid_rd_operations", 0)
            json.member("invalid_wr_operations", 0)
            json.member("invalid_flush_operations", 0)
            json.member("invalid_unmap_operations", 0)
            json.member("account_failed", true)
            json.member("account_invalid", true)
            json.key("timed_stats")
            json.array { _ in }
            // Only a drive that has ever worked was idle since.
            if counters.readOperations + counters.writeOperations > 0 { json.member("idle_time_ns", counters.idleNanoseconds) }
        }
    }

    private func writeCard(_ name: String, _ card: GuestReading.Card, into json: inout JSONWriter) {
        json.key(text: name)
        json.object { json in
            json.member("netin", card.receivedBytes)
            json.member("netout", card.sentBytes)
        }
    }

    private func writeSupport(into json: inout JSONWriter) {
        json.key("proxmox-support")
        json.object { json in
            json.member("pbs-library-version", "1.5.2 (6ec4ad1)")
            json.member("pbs-dirty-bitmap", true)
            json.member("pbs-dirty-bitmap-migration", true)
            json.member("pbs-dirty-bitmap-savevm", true)
            json.member("pbs-masterkey", true)
            json.member("query-bitmap-info", true)
            json.member("backup-access-api", true)
            json.member("backup-fleecing", true)
            json.member("backup-max-workers", true)
        }
    }

    /// What the cluster adds to the detail of one guest.
    func writeManagement(_ guest: Guest, into json: inout JSONWriter) {
        if guest.hasAgent { json.member("agent", 1) }
        json.key("ha")
        json.object { json in
            json.member("managed", guest.isManaged ? 1 : 0)
            if guest.isManaged, let state = guest.haState { json.member("state", state) }
        }
    }
}
