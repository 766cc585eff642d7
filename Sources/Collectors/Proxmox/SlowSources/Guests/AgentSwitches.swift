import Synchronization

/// Which virtual machines of a cluster have their agent switched on, as their configurations say: a machine without one need not be asked.
final class AgentSwitches: Sendable {
    private let state = Mutex<[Int: Bool]>([:])

    /// What is known of the guests of a picture; others are forgotten.
    func known(of picture: ClusterPicture) -> [Int: Bool] {
        state.withLock { switches in
            if switches.count > picture.guestsInOrder.count { switches = switches.filter { picture.guest($0.key) != nil } }
            return switches
        }
    }

    func learn(_ vmid: Int, _ isOn: Bool) { state.withLock { $0[vmid] = isOn } }
}
