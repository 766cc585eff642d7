import Testing

@testable import Simulation

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
