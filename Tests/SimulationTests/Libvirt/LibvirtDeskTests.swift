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

/// Who is served when, and what becomes of those who ask a QEMU that does not answer.
@Suite struct LibvirtDeskTests {
    private static let hung = [Step(after: 600, scenario: .guestHung), Step(after: 1500, scenario: .normal)]
    private static let noWait: UInt32 = 1 << 29

    @Test func `the first question waits for ever, the second does without, the third for half a minute`() throws {
        let trial = try LibvirtTrial(Self.hung)
        let (first, second) = (try trial.connect(), try trial.connect())
        #expect(try trial.statistics(first, flags: Self.noWait) == nil)
        let partial = try LibvirtTrial.counts(try trial.statistics(second, flags: Self.noWait))
        #expect(partial.count == 8)
        #expect(partial["db-1"]?.contains("balloon.current") == true && partial["db-1"]?.contains("balloon.rss") == false)
        #expect(partial["db-1"]?.contains("block.0.path") == true && partial["db-1"]?.contains("block.0.rd.reqs") == false)
        #expect(partial["web-1"]?.contains("block.0.rd.reqs") == true)
        #expect(try trial.statistics(second) == nil)
        trial.wait(29)
        #expect(try trial.sent(second).isEmpty)
        trial.wait(1.5)
        #expect(try LibvirtTrial.counts(try trial.sent(second).first)["db-1"] == partial["db-1"])
        trial.wait(10_000)
        #expect(try trial.sent(first).isEmpty)
        // QEMU answers again.
        trial.answers = LibvirtAnswers(world: trial.answers.world, moment: 1501)
        trial.wait(0.1)
        #expect(try LibvirtTrial.counts(try trial.sent(first).first)["db-1"]?.contains("block.0.rd.reqs") == true)
    }

    @Test func `a question about the domain alone fails after half a minute and names the holder`() throws {
        let trial = try LibvirtTrial(Self.hung)
        let client = try trial.connect()
        #expect(try trial.statistics(client) == nil)
        let (name, uuid) = (trial.plan.domains[1].name, trial.plan.domains[1].uuid)
        func ask(_ trial: LibvirtTrial, _ procedure: LibvirtProcedure) throws -> LibvirtTrial.Message? {
            try trial.call(client, procedure) {
                $0.string(name)
                $0.fixedOpaque(uuid)
                $0.integer(Int32(2))
                $0.string("vda")
            }
        }
        #expect(try ask(trial, .domainBlockStats) == nil)
        // What needs no QEMU is answered all the while.
        #expect(try ask(trial, .domainGetInfo)?.header.status == .ok)
        #expect(try trial.statistics(client, groups: [.state, .interface])?.header.status == .ok)
        trial.wait(31)
        let refusal = try #require(try trial.sent(client).first)
        #expect(
            try refusal.complaint
                == "Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchConnectGetAllDomainStats)")
        #expect(try refusal.code == 68)
    }

    @Test func `of many that hang each costs its half minute, and each holder waits for its own`() throws {
        let trial = try LibvirtTrial([Step(after: 600, scenario: .guestsHung), Step(after: 1500, scenario: .normal)])
        let (first, second, third) = (try trial.connect(), try trial.connect(), try trial.connect())
        #expect(try trial.statistics(first, flags: Self.noWait) == nil)
        // The lock of the first domain is taken; it gets that of the second, and waits there.
        #expect(try trial.statistics(second, flags: Self.noWait) == nil)
        #expect(trial.desk.waitingCalls == 2)
        // So does this one at the third, after its half minutes for the first two.
        #expect(try trial.statistics(third) == nil)
        trial.wait(31)
        trial.wait(31)
        trial.wait(31)
        #expect(try trial.sent(third).isEmpty)
        trial.answers = LibvirtAnswers(world: trial.answers.world, moment: 1501)
        trial.wait(0.1)
        for client in [first, second, third] {
            let told = try LibvirtTrial.counts(try trial.sent(client).first)
            #expect(told["build-1"]?.contains("block.0.rd.reqs") == true)
            #expect(told["web-1"]?.contains("block.0.rd.reqs") == (client == first))
        }
        #expect(trial.desk.waitingCalls == 0)
    }

    @Test func `libvirt says whom it waits for`() throws {
        func control(_ trial: LibvirtTrial, _ client: Int) throws -> [UInt64] {
            let domain = trial.plan.domains[1]
            let reply = try #require(
                try trial.call(client, .domainGetControlInfo) {
                    $0.string(domain.name)
                    $0.fixedOpaque(domain.uuid)
                    $0.integer(Int32(2))
                    $0.unsignedInteger(0)
                })
            var reader = XDRReader(reply.payload)
            return [UInt64(try reader.unsignedInteger()), UInt64(try reader.unsignedInteger()), try reader.unsignedHyper()]
        }
        let trial = try LibvirtTrial(Self.hung)
        let (one, other) = (try trial.connect(), try trial.connect())
        // Before anybody has asked QEMU nobody knows.
        #expect(try control(trial, one) == [0, 0, 0])
        #expect(try trial.statistics(other) == nil)
        trial.wait(7.5)
        #expect(try control(trial, one) == [2, 0, 7500])
        let locked = try LibvirtTrial([Step(after: 600, scenario: .guestLocked)])
        let client = try locked.connect()
        #expect(try control(locked, client) == [1, 0, 100_000])
        // Nobody waits for ever there, and without waiting there is less.
        let told = try LibvirtTrial.counts(try locked.statistics(client, flags: Self.noWait))
        #expect(told["db-1"]?.contains("balloon.rss") == false && told["web-1"]?.contains("balloon.rss") == true)
        #expect(try locked.statistics(client) == nil)
        locked.wait(31)
        #expect(try locked.sent(client).count == 1)
    }

    @Test func `a client with five open questions is not listened to`() throws {
        let trial = try LibvirtTrial(Self.hung)
        let client = try trial.connect()
        for _ in 0..<5 { #expect(try trial.statistics(client) == nil) }
        #expect(try trial.call(client, .connectGetHostname) == nil)
        trial.wait(31)
        // Four have been answered, and the one that waited behind them can be taken.
        #expect(try trial.sent(client).count == 4)
        let isTaken = trial.desk.takeMessage(of: client, trial.answers, now: trial.now)
        #expect(isTaken)
        #expect(try trial.sent(client).count == 1)
    }

    @Test func `twenty workers that wait leave none for others, whoever has hung up`() throws {
        let trial = try LibvirtTrial(Self.hung)
        for _ in 0..<4 {
            let client = try trial.connect()
            for _ in 0..<5 { _ = try trial.statistics(client) }
            trial.desk.remove(client)
        }
        let client = try trial.connect()
        #expect(trial.desk.waitingCalls == 20)
        // This needs one of them, though it asks no QEMU; a list does not.
        #expect(try trial.statistics(client, groups: [.state]) == nil)
        #expect(try trial.call(client, .connectNumOfDomains)?.header.status == .ok)
        trial.wait(31)
        #expect(try LibvirtTrial.counts(try trial.sent(client).first).count == 8)
    }

    @Test func `nothing can be changed, and what nobody knows is said so`() throws {
        let trial = try LibvirtTrial()
        let client = try trial.connect()
        #expect(try trial.call(client, number: 12)?.code == 29)
        #expect(try trial.call(client, number: 253)?.code == 3)
        for number: Int32 in [0, -1, 9999, .max, .min, 318] {
            #expect(try trial.call(client, number: number)?.complaint == "unknown procedure: \(number)")
        }
        #expect(trial.desk.goodbyes.isEmpty)
        let stranger = trial.desk.add(descriptor: -1, now: 0)
        #expect(try trial.call(stranger, .connectGetHostname)?.complaint == "internal error: connection not open")
    }

    @Test(arguments: LibvirtProcedure.allCases) func `any payload is answered`(procedure: LibvirtProcedure) throws {
        var generator = SeededGenerator(seed: 5, "payload", Int(procedure.rawValue))
        for length in [0, 4, 7, 24, 40, 400] {
            let trial = try LibvirtTrial()
            let client = try trial.connect()
            for fill in [0, 0xFF, nil] as [UInt8?] {
                let bytes = (0..<length).map { _ in fill ?? UInt8(generator.below(256)) }
                #expect(try trial.call(client, procedure) { $0.append(bytes) } != nil, "\(procedure) \(bytes)")
                if procedure == .connectClose { return }
            }
            #expect(trial.desk.goodbyes.isEmpty)
        }
    }

    @Test func `who pings is answered, and who does not answer has to go`() throws {
        let trial = try LibvirtTrial()
        let client = try trial.connect()
        let ping = LibvirtHeader(program: LibvirtProtocol.keepaliveProgram, procedure: 1, kind: .message)
        trial.send(ping.message(), client)
        var pong = ping
        pong.procedure = 2
        #expect(try trial.sent(client).map(\.header) == [pong])
        _ = try trial.call(client, .connectSupportsFeature) { $0.integer(Int32(10)) }
        for _ in 0..<LibvirtDesk.pingLimit {
            trial.wait(5.5)
            #expect(try trial.sent(client).map(\.header) == [ping])
        }
        #expect(trial.desk.goodbyes.isEmpty)
        trial.wait(5.5)
        let gone = trial.desk.takeGoodbyes().map(\.client)
        #expect(gone == [client])
    }

    @Test func `who has asked is told what a domain does`() throws {
        let steps = [Step(after: 600, scenario: .guestPausedIOError), Step(after: 1500, scenario: .normal)]
        let trial = try LibvirtTrial(steps, at: 500)
        let (all, one, none) = (try trial.connect(), try trial.connect(), try trial.connect())
        let other = trial.plan.domains[0]
        for (client, event, domain) in [(all, 0, nil), (all, 6, nil), (one, 0, other)] as [(Int, Int32, DomainPlan?)] {
            let number = trial.answers
            let reply = try trial.call(client, .connectDomainEventCallbackRegisterAny) {
                $0.integer(event)
                $0.boolean(domain != nil)
                if let domain { number.write(domain, &$0) }
            }
            #expect(reply?.header.status == .ok)
        }
        trial.wait(0.1)
        trial.answers = LibvirtAnswers(world: trial.answers.world, moment: 601)
        trial.wait(0.1)
        #expect(try trial.sent(all).map(\.header.procedure) == [324, 318])
        #expect(try trial.sent(one).isEmpty)
        #expect(try trial.sent(none).isEmpty)
        trial.answers = LibvirtAnswers(world: trial.answers.world, moment: 1501)
        trial.wait(0.1)
        let resumed = try #require(try trial.sent(all).first)
        var reader = XDRReader(resumed.payload)
        let (callback, name) = (try reader.integer(), try reader.string())
        _ = try reader.fixedOpaque(16)
        _ = try reader.integer()
        let event = try reader.integer()
        #expect(callback == 1 && name == "db-1" && event == 4)
    }

    @Test(arguments: [LibvirtHeader.Kind.reply, .message, .replyWithFiles]) func `what only servers send ends a connection`(
        kind: LibvirtHeader.Kind
    ) throws {
        let trial = try LibvirtTrial()
        let client = try trial.connect()
        trial.send(LibvirtHeader(procedure: 1, kind: kind).message(), client)
        let gone = trial.desk.takeGoodbyes().map(\.client)
        #expect(gone == [client])
    }
}
