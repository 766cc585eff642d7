/// What the machine with the cards shows at a moment.
struct GPUState: Sendable {
    /// A message of the driver about a card.
    struct Event: Sendable, Equatable {
        let unixSeconds: Double
        let card: Int
        let xid: Int
    }

    static let vgpuTypeName = "NVIDIA L40S-12Q"
    /// Four of them leave the host a little.
    static let vgpuFramebufferBytes = 11_520 << 20
    static let vgpusPerCard = 4
    static let vgpuFrameRateLimit = 60

    /// Unix time.
    let unixSeconds: Double
    let driver: GPUDriver
    let cards: [CardReading]
    /// Those of the last minutes, in the order of time.
    var events: [Event]
    /// A code in place of every answer, also of initialisation.
    let driverCode: Int
}
