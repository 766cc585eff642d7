/// A job that a node worked on: a backup, a refresh of package lists.
struct WorldTask: Sendable {
    let node: String
    let processID: Int
    /// The start, in hundredths of a second since the node's.
    let processStart: Int
    /// Unix times.
    let start: Int
    let end: Int
    let type: String
    /// The vmid, or empty.
    let id: String
    /// How it ended: `OK`, `WARNINGS: 1` or an error's text.
    let outcome: String
    let isRunning: Bool

    /// Who started it.
    static let user = "root@pam"

    /// `UPID:pve1:000001EA:000492B3:6B002C5E:vzdump:110:root@pam:`
    var upid: String {
        func hexadecimal(_ value: Int) -> String {
            let digits = String(value, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
        }
        return "UPID:\(node):\(hexadecimal(processID)):\(hexadecimal(processStart)):\(hexadecimal(start)):\(type):\(id):\(Self.user):"
    }
}

extension World {
    /// A node begins one task in each slot of 10 minutes. One node after the other has one that takes the whole slot.
    private static let slotSeconds = 600

    /// The tasks that a node began in the last slots, newest first. What an outage cut off left no trace.
    func tasks(of node: Node, at moment: Double, slots: Int) -> [WorldTask] {
        let now = Int(timeline.epoch + moment)
        let latest = now / Self.slotSeconds
        return (0..<slots).compactMap { task(of: node, slot: latest - $0, now: now) }
    }

    private func task(of node: Node, slot: Int, now: Int) -> WorldTask? {
        var generator = SeededGenerator(seed: inventory.seed ^ UInt64(bitPattern: Int64(slot)), "task", node.index)
        let nodeCount = inventory.nodes.count
        let takesWholeSlot = slot % nodeCount == node.index
        let start = slot * Self.slotSeconds + (takesWholeSlot ? 0 : generator.below(200))
        let end = takesWholeSlot ? (slot + 1) * Self.slotSeconds : start + 5 + generator.below(300)
        guard start <= now else { return nil }
        let startMoment = Double(start) - timeline.epoch
        guard case .up(let bootedAt) = presence(of: node.index, at: startMoment),
            !wasDown(node: node.index, from: startMoment, to: Double(min(end, now)) - timeline.epoch)
        else { return nil }
        let guests = node.qemu + node.lxc
        let isBackup = !guests.isEmpty && slot % 4 != 0
        let outcome =
            switch (slot + node.index) % 8 {
            case 3: isBackup ? "job errors" : "command 'apt-get update' failed: exit code 100"
            case 6: "WARNINGS: 1"
            default: "OK"
            }
        return WorldTask(
            node: node.name, processID: 1_000 + generator.below(4_000_000), processStart: max(0, Int((startMoment - bootedAt) * 100)),
            start: start, end: end, type: isBackup ? "vzdump" : "aptupdate",
            id: isBackup ? "\(inventory.guests[guests[generator.below(guests.count)]].vmid)" : "", outcome: outcome, isRunning: end > now)
    }
}
