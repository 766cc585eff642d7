/// What the cards of a simulated machine are for.
package enum GPUProfile: String, Sendable, CaseIterable {
    /// H200s with vLLM in containers, the last one with a service, an LXC guest and somebody's notebook.
    case llm
    /// H200s that many share: on each of them a model, three notebooks in containers, and a training run of a service.
    case notebooks
    /// H200s in MIG devices, each of them somebody's container.
    case mig
    /// L40Ss in vGPUs of the virtual machines of the simulated Proxmox cluster.
    case vgpu
    /// A card or more of each of the three; no one machine has this, but every board has something to show.
    case mixed
    /// RTX cards with fans, a screen and a video that is encoded.
    case desktop

    /// What one card is for.
    enum Role: Sendable { case serving, instances, shared, desktop }

    /// What the card at a position is for, of so many.
    func role(of card: Int, among count: Int) -> Role {
        switch self {
        case .llm, .notebooks: .serving
        case .mig: .instances
        case .vgpu: .shared
        case .desktop: .desktop
        case .mixed:
            // From the back: two for virtual machines where there are eight, one in instances.
            if count > 1, card >= count - (count >= 8 ? 2 : 1) {
                .shared
            } else if count > 2, card == count - (count >= 8 ? 3 : 2) {
                .instances
            } else {
                .serving
            }
        }
    }
}
