/// Processors and load.
extension LinuxExposition {
    /// CPU time by mode, whose sum on each CPU is the uptime, and the load averages.
    func writeProcessors(into writer: inout ExpositionWriter) {
        let work = machine.work
        writer.family("node_cpu_guest_seconds_total", .counter, "Seconds that a CPU ran guests, by mode.")
        for thread in 0..<machine.cpus {
            let name = "\(thread)"
            writer.sample(["cpu": name, "mode": "nice"], 0)
            writer.sample(["cpu": name, "mode": "user"], Self.ticks(work.guests * share(of: thread)))
        }
        writer.family("node_cpu_seconds_total", .counter, "Seconds that a CPU spent in a mode.")
        for thread in 0..<machine.cpus {
            let (name, share) = ("\(thread)", share(of: thread))
            let idle = machine.uptimeSeconds - (work.user + work.system + work.interrupts + work.waiting + work.stolen) * share
            writer.sample(["cpu": name, "mode": "idle"], Self.ticks(idle))
            writer.sample(["cpu": name, "mode": "iowait"], Self.ticks(work.waiting * share))
            writer.sample(["cpu": name, "mode": "irq"], 0)
            writer.sample(["cpu": name, "mode": "nice"], 0)
            writer.sample(["cpu": name, "mode": "softirq"], Self.ticks(work.interrupts * share))
            writer.sample(["cpu": name, "mode": "steal"], Self.ticks(work.stolen * share))
            writer.sample(["cpu": name, "mode": "system"], Self.ticks(work.system * share))
            writer.sample(["cpu": name, "mode": "user"], Self.ticks(work.user * share))
        }

        let load = machine.load
        writer.single("node_load1", .gauge, "Load average of 1 minute.", (load.one * 100).rounded() / 100)
        writer.single("node_load5", .gauge, "Load average of 5 minutes.", (load.five * 100).rounded() / 100)
        writer.single("node_load15", .gauge, "Load average of 15 minutes.", (load.fifteen * 100).rounded() / 100)
    }

    /// One thread of a pair works a little more than its even share and the other as much less.
    private func share(of thread: Int) -> Double {
        // The last of an odd number has no partner.
        if thread == machine.cpus - 1, thread % 2 == 0 { return 1 }
        let lean = machine.lean * Double(1 + thread / 2 % 6)
        return thread % 2 == 0 ? 1 + lean : 1 - lean
    }

    /// Kernels count in hundredths of a second.
    private static func ticks(_ seconds: Double) -> Double { (max(0, seconds) * 100).rounded(.down) / 100 }
}
