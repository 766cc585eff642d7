/// Processors and load.
extension HostExposition {
    /// CPU time by mode, whose sum on each CPU is the uptime, and the load averages.
    func writeProcessors(into writer: inout ExpositionWriter) {
        let work = world.work(of: node, from: bootedAt, to: max(bootedAt, moment), bootedAt: bootedAt)
        let threads = Double(node.threads)
        // Seconds per mode on a thread that has its even share of the work.
        let user = (work.host * 0.5 + work.qemu * 0.95 + work.lxc * 0.8) / threads
        let system = (work.host * 0.42 + work.qemu * 0.05 + work.lxc * 0.2) / threads
        let interrupts = work.host * 0.08 / threads
        let guest = work.qemu * 0.93 / threads
        let waiting = sinceBoot(node.ioWait)

        writer.family("node_cpu_guest_seconds_total", .counter, "Seconds that a CPU ran guests, by mode.")
        for thread in 0..<node.threads {
            let name = "\(thread)"
            writer.sample(["cpu": name, "mode": "nice"], 0)
            writer.sample(["cpu": name, "mode": "user"], Self.ticks(guest * share(of: thread)))
        }
        writer.family("node_cpu_seconds_total", .counter, "Seconds that a CPU spent in a mode.")
        for thread in 0..<node.threads {
            let (name, share) = ("\(thread)", share(of: thread))
            let idle = reading.uptimeSeconds - (user + system + interrupts + waiting) * share
            writer.sample(["cpu": name, "mode": "idle"], Self.ticks(idle))
            writer.sample(["cpu": name, "mode": "iowait"], Self.ticks(waiting * share))
            writer.sample(["cpu": name, "mode": "irq"], 0)
            writer.sample(["cpu": name, "mode": "nice"], 0)
            writer.sample(["cpu": name, "mode": "softirq"], Self.ticks(interrupts * share))
            writer.sample(["cpu": name, "mode": "steal"], 0)
            writer.sample(["cpu": name, "mode": "system"], Self.ticks(system * share))
            writer.sample(["cpu": name, "mode": "user"], Self.ticks(user * share))
        }

        let load = world.load(of: node, at: moment, bootedAt: bootedAt)
        writer.single("node_load1", .gauge, "Load average of 1 minute.", (load.one * 100).rounded() / 100)
        writer.single("node_load5", .gauge, "Load average of 5 minutes.", (load.five * 100).rounded() / 100)
        writer.single("node_load15", .gauge, "Load average of 15 minutes.", (load.fifteen * 100).rounded() / 100)
    }

    /// One thread of a pair works a little more than its even share and the other as much less.
    private func share(of thread: Int) -> Double {
        // The last of an odd number has no partner.
        if thread == node.threads - 1, thread % 2 == 0 { return 1 }
        let lean = 0.005 * Double(1 + thread / 2 % 6)
        return thread % 2 == 0 ? 1 + lean : 1 - lean
    }

    /// Kernels count in hundredths of a second.
    private static func ticks(_ seconds: Double) -> Double { (max(0, seconds) * 100).rounded(.down) / 100 }
}
