/// A guest that runs, as the system inside sees it at one moment: what its exporter starts from.
struct GuestState: Sendable {
    let world: World
    let guest: Guest
    /// Seconds since the world's epoch.
    let moment: Double
    /// When the system inside started, on the same scale.
    let startedAt: Double
    /// As the system inside counts: a move to another node does not begin it anew.
    let reading: GuestReading
    let inside: GuestInside
    /// Seconds of work of each CPU since the start.
    let workSeconds: Double

    /// - Parameter nodeBootedAt: of the guest's node, which is on.
    init(_ guest: Guest, in world: World, at moment: Double, nodeBootedAt: Double) {
        self.world = world
        self.guest = guest
        self.moment = moment
        startedAt = world.boot(of: guest, nodeBootedAt: nodeBootedAt)
        reading = world.reading(of: guest, at: moment, nodeBootedAt: nodeBootedAt, isInside: true)
        inside = GuestInside(guest, in: world, at: moment, reading: reading)
        workSeconds = world.cpuArea(of: guest, from: startedAt, to: moment)
    }

    /// Unix times.
    var time: Double { world.timeline.epoch + moment }
    var bootTime: Double { world.timeline.epoch + startedAt }

    /// What the system inside has: firmware and devices take a little of what a VM was given.
    var memoryBytes: Int { guest.kind == .qemu ? guest.memoryBytes - guest.memoryBytes / 32 : guest.memoryBytes }
    var availableBytes: Int { max(0, memoryBytes - reading.memoryBytes) }

    /// CPUs at work, on average over the last seconds before the moment.
    func busyCPUs(over seconds: Double) -> Double {
        let start = max(startedAt, moment - seconds)
        guard moment - start > 1 else { return reading.cpu * Double(guest.cpus) }
        return world.cpuArea(of: guest, from: start, to: moment) / (moment - start) * Double(guest.cpus)
    }

    /// How long something has troubled the guest since its system started.
    func seconds(of scenario: Scenario) -> Double { world.seconds(of: scenario, guest, from: startedAt, to: moment) }

    /// Seconds since the start in which the first, second or third disk had work: never more than a fifth of them, unless disks are slow.
    func busySeconds(ofDisk number: Int) -> Double {
        guest.diskWrites.area(from: startedAt, to: moment) / guest.diskWrites.peak * [0.2, 0.1, 0.02][number]
            + seconds(of: .diskLatency) * [0.7, 0.5, 0][number]
    }
}
