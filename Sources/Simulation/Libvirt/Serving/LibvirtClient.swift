/// What is known of a client: what it has sent and is to get, and what it has asked to be told.
struct LibvirtClient {
    /// Of whom something is told.
    struct Callback {
        let event: Int32
        /// nil for every domain.
        let domain: [UInt8]?
    }

    /// Callbacks of one client.
    static let callbackLimit = 1000
    /// Calls of one client that are served at once; libvirtd's max_client_requests.
    static let callLimit = 5
    /// A client that reads more slowly than it asks is not listened to until it has read.
    static let unreadBytes = 1 << 20
    /// A client that reads nothing and is told more than this is closed.
    static let outputLimit = 64 << 20

    let number: Int
    let descriptor: Int32
    var input = LibvirtFraming()
    private(set) var output: [UInt8] = []
    private var sent = 0

    var isOpen = false
    /// Whether it is closed as soon as it has everything.
    var isLeaving = false
    /// Calls that it waits for.
    var calls = 0
    private(set) var callbacks: [Int32: Callback] = [:]
    private var lastCallback: Int32 = 0

    /// Whether it answers pings.
    var answersPings = false
    var heardAt: Double
    var pingedAt: Double
    var unansweredPings = 0

    init(number: Int, descriptor: Int32, now: Double) {
        self.number = number
        self.descriptor = descriptor
        heardAt = now
        pingedAt = now
    }

    var unread: Int { output.count - sent }
    /// Whether it is listened to.
    var isHeard: Bool { !isLeaving && calls < Self.callLimit && unread < Self.unreadBytes }

    mutating func send(_ message: [UInt8]) {
        if sent == output.count {
            output = message
            sent = 0
        } else {
            output += message
        }
    }

    /// What is to be sent next.
    func withUnread<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        output.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
    }

    mutating func hasSent(_ count: Int) {
        sent += count
        if sent == output.count {
            output = []
            sent = 0
        } else if sent > 1 << 20 {
            output.removeFirst(sent)
            sent = 0
        }
    }

    /// Errors: it has asked for too much.
    mutating func add(_ callback: Callback) throws(LibvirtError) -> Int32 {
        guard callbacks.count < Self.callbackLimit else {
            throw LibvirtError(.operationInvalid, "one client may ask for \(Self.callbackLimit) kinds of events", origin: .rpc)
        }
        lastCallback += 1
        callbacks[lastCallback] = callback
        return lastCallback
    }

    /// Errors: there is none of that number.
    mutating func remove(callback number: Int32) throws(LibvirtError) {
        guard callbacks.removeValue(forKey: number) != nil else {
            throw LibvirtError(.internalError, "domain event callback \(number) not registered", origin: .rpc)
        }
    }
}
