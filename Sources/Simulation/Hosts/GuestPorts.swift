/// On which ports exporters inside guests answer.
struct GuestPorts: Sendable {
    /// Of node_exporter, in Linux and in containers.
    var linux: UInt16 = 9100
    /// Of windows_exporter.
    var windows: UInt16 = 9182

    /// The port of a guest's exporter.
    func port(of guest: Guest, in world: World) -> UInt16 { world.isWindows(guest) ? windows : linux }
}

extension World {
    /// Whether the exporter inside a guest answers, in a world whose guests can be reached.
    func hasAnsweringExporter(_ guest: Guest, at moment: Double) -> Bool {
        dealt.firstGuestAddress != nil && guest.hasExporter && !guest.isGone && isSettled(guest, at: moment)
            && !has(.exportersDead, guest, at: moment)
    }
}
