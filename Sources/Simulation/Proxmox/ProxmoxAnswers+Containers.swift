import JSON

/// The containers of a node, live.
extension ProxmoxAnswers {
    /// /nodes/N/lxc
    func lxcList(_ view: NodeView) -> [UInt8] {
        document(reservingBytes: 256 + view.node.lxc.count * 640) { json in
            json.array { json in
                for index in view.node.lxc where rights.show(inventory.guests[index]) {
                    json.object { writeContainer(inventory.guests[index], view, into: &$0) }
                }
            }
        }
    }

    /// /nodes/N/lxc/ID/status/current
    func lxcStatus(_ guest: Guest, _ view: NodeView) -> [UInt8] {
        document { json in
            json.object { json in
                writeContainer(guest, view, into: &json)
                writeManagement(guest, into: &json)
            }
        }
    }

    private func writeContainer(_ guest: Guest, _ view: NodeView, into json: inout JSONWriter) {
        let reading = world.reading(of: guest, at: moment, nodeBootedAt: view.bootedAt)
        json.member("vmid", guest.vmid)
        json.member("name", guest.name)
        json.member("type", "lxc")
        json.member("status", guest.isLive ? "running" : "stopped")
        json.member("cpus", guest.cpus)
        json.member("cpu", reading.cpu)
        json.member("maxmem", guest.memoryBytes)
        json.member("mem", reading.memoryBytes)
        json.member("maxswap", guest.swapBytes)
        json.member("swap", reading.swapUsedBytes)
        json.member("maxdisk", guest.diskBytes)
        json.member("disk", reading.diskUsedBytes)
        json.member("diskread", reading.readBytes)
        json.member("diskwrite", reading.writtenBytes)
        json.member("netin", reading.receivedBytes)
        json.member("netout", reading.sentBytes)
        json.member("uptime", Int(reading.uptimeSeconds))
        if let tags = guest.tags { json.member("tags", tags) }
        if let lock = guest.lock { json.member("lock", lock) }
        if guest.role == .template { json.member("template", 1) }
        guard guest.isLive else { return }
        json.member("pid", reading.processID)
        guard inventory.release.tellsPressure else { return }
        let ioPressure = world.ioPressure(of: guest, at: moment)
        // Text, where a VM's are numbers.
        json.member("pressurecpusome", hundredthsText(reading.cpuPressure))
        json.member("pressurecpufull", hundredthsText(reading.cpuPressure / 2))
        json.member("pressureiosome", hundredthsText(ioPressure))
        json.member("pressureiofull", hundredthsText(ioPressure / 2))
        json.member("pressurememorysome", hundredthsText(reading.memoryPressure))
        json.member("pressurememoryfull", hundredthsText(reading.memoryPressure / 2))
    }
}
