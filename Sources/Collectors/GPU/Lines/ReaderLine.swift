/// What the helper tells the exporter: one line of JSON each.
enum ReaderLine: Sendable, Equatable {
    case hello(Hello)
    case card(CardSample)
    case event(XIDEvent)
    case calls([CallCount])
    case stuck(StuckCall)
    /// The last line: the helper leaves, and wants another in its place.
    case end(code: Int32, call: String)

    /// How the library came up.
    struct Hello: Sendable, Equatable {
        /// What the first call returned that says whether the library works; 12 when there is none.
        var code: Int32
        /// What went wrong, for a person.
        var reason = ""
        var driverVersion = ""
        var nvmlVersion = ""
        /// `12.4`
        var cudaVersion = ""
        /// UUIDs of the cards that were found.
        var cards: [String] = []
        /// How many there are, with those that did not answer.
        var count = 0
        /// Those that did not answer.
        var missing: [MissingCard] = []
    }

    /// A card that NVML counts and that does not say what it is: what the driver's files know of it.
    struct MissingCard: Sendable, Equatable {
        var index: Int
        /// Empty when nobody knows.
        var uuid = ""
        var busID = ""
        var name = ""
        var condition = CardCondition.unknown
    }

    struct XIDEvent: Sendable, Equatable {
        /// NVIDIA's catalogue has some two hundred.
        static let xids = 1...9999

        var uuid: String
        var xid: Int
        var unixSeconds: Double
    }

    /// How often a call has returned a code since the helper began.
    struct CallCount: Sendable, Equatable {
        var call: String
        var code: Int32
        var count: Int
    }

    /// A call that does not come back.
    struct StuckCall: Sendable, Equatable {
        /// Nil when it is no card's.
        var uuid: String?
        var call: String
        var seconds: Double
    }

    /// Longest line, with what ends it. A card with 4,096 processes has a third of it.
    static let limitBytes = 1 << 20
    /// Of texts of a line; NVML's longest has 96.
    static let textBytes = 128
    static let cardLimit = 64
    static let processLimit = 4096
    /// GPU instances of a process.
    static let processInstanceLimit = 16
    static let vgpuLimit = 512
    static let migLimit = 64
    static let factLimit = 1024
    static let callLimit = 2048
}
