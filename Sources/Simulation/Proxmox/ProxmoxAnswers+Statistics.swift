import JSON

/// What the round robin databases keep of nodes.
extension ProxmoxAnswers {
    /// Over what the rows go.
    enum Timeframe: String, Sendable, CaseIterable {
        case hour, day, week, month, year, decade

        /// Between two rows.
        var stepSeconds: Int {
            switch self {
            case .hour: 60
            case .day: 1800
            case .week: 10_800
            case .month: 43_200
            case .year: 604_800
            case .decade: 6_048_000
            }
        }
    }

    /// How values of one row are brought together. Waves are so slow that it makes no difference.
    enum Consolidation: String, Sendable, CaseIterable {
        case average = "AVERAGE"
        case maximum = "MAX"
    }

    /// Rows of an answer.
    private static let rowCount = 60

    /// /nodes/N/rrddata: rows up to the last that is full, the oldest first. Where nothing was measured there is only the time.
    func statistics(_ view: NodeView, _ timeframe: Timeframe) -> [UInt8] {
        let step = timeframe.stepSeconds
        let last = unixSeconds / step * step
        return document(reservingBytes: Self.rowCount * 640) { json in
            json.array { json in
                for time in stride(from: last - (Self.rowCount - 1) * step, through: last, by: step) {
                    json.object { json in
                        json.member("time", time)
                        writeRow(view.node, from: time - step, to: time, into: &json)
                    }
                }
            }
        }
    }

    private func writeRow(_ node: Node, from start: Int, to end: Int, into json: inout JSONWriter) {
        let (from, to) = (Double(start) - world.timeline.epoch, Double(end) - world.timeline.epoch)
        guard case .up(let bootedAt) = world.presence(of: node.index, at: from), from >= bootedAt,
            !world.wasDown(node: node.index, from: from, to: to), !world.wasSilent(node: node.index, from: from, to: to)
        else { return }
        let middle = (from + to) / 2
        let reading = world.reading(of: node, at: middle, bootedAt: bootedAt)
        let received = node.network.value(at: middle)
        json.member("cpu", reading.cpu)
        json.member("maxcpu", node.threads)
        json.member("iowait", reading.ioWait)
        let queue = world.has(.hostSaturated, node, at: middle) ? Double(node.threads) * 2 : 0
        json.member("loadavg", reading.busyThreads + reading.ioWait * Double(node.threads) + queue)
        json.member("memtotal", node.memoryBytes)
        json.member("memused", reading.memoryUsedBytes)
        json.member("swaptotal", node.swapBytes)
        json.member("swapused", reading.swapUsedBytes)
        json.member("roottotal", node.rootBytes)
        json.member("rootused", reading.rootUsedBytes)
        json.member("netin", received)
        json.member("netout", received * 0.7)
        guard inventory.release.tellsPressure else { return }
        let pressure = world.cpuPressure(of: node, at: middle) * 100
        let inputOutput = world.ioPressure(of: node, at: middle) * 100
        let memory = world.memoryPressure(of: node, at: middle) * 100
        json.member("memavailable", reading.memoryAvailableBytes)
        json.member("arcsize", world.cache(of: node, at: middle, used: reading.memoryUsedBytes).size)
        json.member("pressurecpusome", pressure)
        json.member("pressureiosome", inputOutput)
        json.member("pressureiofull", inputOutput * 0.8)
        json.member("pressurememorysome", memory)
        json.member("pressurememoryfull", memory * 0.8)
    }
}
