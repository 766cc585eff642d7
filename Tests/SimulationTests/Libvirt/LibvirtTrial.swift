import Testing

@testable import Simulation

/// A client of a desk, without a socket: it says what libvirt's own clients say, and a clock that nobody waits for says when.
final class LibvirtTrial {
    var desk = LibvirtDesk()
    var answers: LibvirtAnswers
    var now = 0.0
    private var serial: UInt32 = 0

    init(_ steps: [Step] = [], at moment: Double = 700, domains: Int = 8) throws {
        answers = LibvirtAnswers(world: try host(steps, domains: domains), moment: moment)
    }

    var plan: KVMPlan { answers.plan }

    struct Message {
        let header: LibvirtHeader
        let payload: ArraySlice<UInt8>

        /// The message of an error.
        var complaint: String? {
            get throws {
                guard header.status == .error else { return nil }
                var reader = XDRReader(payload)
                _ = try reader.integer()
                _ = try reader.integer()
                return try reader.optionalString()
            }
        }

        /// Its number.
        var code: Int32? {
            get throws {
                guard header.status == .error else { return nil }
                var reader = XDRReader(payload)
                return try reader.integer()
            }
        }
    }

    func connect() throws -> Int {
        let client = desk.add(descriptor: -1, now: now)
        let reply = try #require(
            try call(client, .connectOpen) {
                $0.optionalString("qemu:///system"); $0.unsignedInteger(0)
            })
        #expect(reply.header.status == .ok)
        return client
    }

    /// Sends a call and returns its answer, nil when there is none yet.
    func call(_ client: Int, _ procedure: LibvirtProcedure, _ write: (inout XDRWriter) -> Void = { _ in }) throws -> Message? {
        try call(client, number: procedure.rawValue, write)
    }

    func call(_ client: Int, number: Int32, _ write: (inout XDRWriter) -> Void = { _ in }) throws -> Message? {
        serial += 1
        var writer = XDRWriter()
        write(&writer)
        send(LibvirtHeader(procedure: number, kind: .call, serial: serial).message(writer.bytes), client)
        let wanted = serial
        return try sent(client).first { $0.header.serial == wanted }
    }

    func send(_ bytes: [UInt8], _ client: Int) {
        desk.receive(bytes, from: client, now: now)
        while desk.takeMessage(of: client, answers, now: now) {}
    }

    /// What a client has been sent since the last question.
    func sent(_ client: Int) throws -> [Message] {
        guard let state = desk.clients[client] else { return [] }
        let bytes = state.withUnread { Array($0) }
        desk.hasSent(bytes.count, to: client)
        var framing = LibvirtFraming()
        framing.append(bytes)
        var messages: [Message] = []
        while let message = try framing.next() {
            var reader = XDRReader(message)
            messages.append(Message(header: try LibvirtHeader(&reader), payload: message.dropFirst(LibvirtProtocol.headerBytes)))
        }
        return messages
    }

    /// Time passes.
    func wait(_ seconds: Double) {
        now += seconds
        desk.tick(answers, now: now)
    }

    func write(_ domain: Int, _ writer: inout XDRWriter) { answers.write(plan.domains[domain], &writer) }

    /// Asks for the statistics of all domains.
    func statistics(_ client: Int, groups: DomainStatistics.Groups = .all, flags: UInt32 = 0) throws -> Message? {
        try call(client, .connectGetAllDomainStats) {
            $0.count(0)
            $0.unsignedInteger(groups.rawValue)
            $0.unsignedInteger(flags)
        }
    }

    /// How many values are told of each domain.
    static func counts(_ message: Message?) throws -> [String: [String]] {
        var reader = XDRReader(try #require(message).payload)
        var names: [String: [String]] = [:]
        for _ in 0..<(try reader.count(limit: 16_384, eachAtLeast: 24)) {
            let domain = try reader.string()
            _ = try reader.fixedOpaque(16)
            _ = try reader.integer()
            for _ in 0..<(try reader.count(limit: 262_144, eachAtLeast: 12)) {
                names[domain, default: []].append(try reader.string())
                switch try reader.integer() {
                case 1, 2, 6: _ = try reader.integer()
                case 7: _ = try reader.string()
                default: _ = try reader.unsignedHyper()
                }
            }
        }
        return names
    }
}
