/// A state of a guest that was kept.
struct GuestSnapshot: Sendable {
    let name: String
    let description: String
    /// Unix time, before the world's epoch.
    let time: Int
    let parent: String?
}

extension World {
    /// One guest in six has some, each made from the one before; the oldest first. Templates have none.
    func snapshots(of guest: Guest, at moment: Double) -> [GuestSnapshot] {
        guard guest.role != .template else { return [] }
        var generator = SeededGenerator(seed: inventory.seed, "snapshots", guest.index)
        guard generator.below(6) == 0 else {
            guard let span = trouble(.snapshotOld, guest, at: moment) else { return [] }
            let time = max(0, Int(timeline.epoch + span.start) - 90 * LocalTime.daySeconds)
            return [GuestSnapshot(name: "forgotten", description: "before upgrade", time: time, parent: nil)]
        }
        let count = 1 + generator.below(3)
        var time = Int(timeline.epoch) - LocalTime.daySeconds * (count * 20 + generator.below(200))
        return (1...count).map { number in
            time += 3600 + generator.below(19 * LocalTime.daySeconds)
            return GuestSnapshot(
                name: "snap\(number)", description: number == 1 ? "before upgrade" : "", time: max(0, time),
                parent: number == 1 ? nil : "snap\(number - 1)")
        }
    }
}
