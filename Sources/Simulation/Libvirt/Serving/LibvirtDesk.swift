/// Serves clients without a socket: takes messages, gives answers, and knows who waits for what.
///
/// It is told the time, so that a test need not wait.
struct LibvirtDesk {
    /// libvirtd's max_workers: so many calls that may ask a QEMU are served at once, whoever has made them.
    static let workerLimit = 20
    /// How often a client is asked whether it is there, and how often in vain: libvirtd's keepalive_interval and keepalive_count.
    static let pingSeconds = 5.0
    static let pingLimit = 5

    private(set) var clients: [Int: LibvirtClient] = [:]
    /// By domain.
    private var locks: [Int: DomainLock] = [:]
    /// Calls for which there is no worker yet.
    private var queue: [LibvirtCall] = []
    private var events = LibvirtEvents()
    private var lastNumber = 0

    /// Why clients have to go.
    private(set) var goodbyes: [(client: Int, reason: String)] = []

    /// Workers that wait for a QEMU.
    private var busy: Int { locks.values.reduce(0) { $0 + $1.busy } }
    var waitingCalls: Int { busy + queue.count }

    mutating func add(descriptor: Int32, now: Double) -> Int {
        lastNumber += 1
        clients[lastNumber] = LibvirtClient(number: lastNumber, descriptor: descriptor, now: now)
        return lastNumber
    }

    /// Forgets a client; what it has asked a QEMU goes on, as it does in libvirtd.
    mutating func remove(_ number: Int) {
        clients[number] = nil
        queue.removeAll { $0.client == number }
    }

    /// Forgets all clients and calls: libvirtd is gone.
    mutating func removeAll() {
        clients = [:]
        queue = []
        locks = [:]
        goodbyes = []
    }

    mutating func takeGoodbyes() -> [(client: Int, reason: String)] {
        defer { goodbyes = [] }
        return goodbyes
    }

    mutating func hasSent(_ count: Int, to number: Int) { clients[number]?.hasSent(count) }

    mutating func receive(_ bytes: some Collection<UInt8>, from number: Int, now: Double) {
        clients[number]?.input.append(bytes)
        clients[number]?.heardAt = now
        clients[number]?.unansweredPings = 0
    }

    // MARK: What time brings

    /// Sends what has happened, ends waits that are over, asks who is still there.
    mutating func tick(_ answers: LibvirtAnswers, now: Double) {
        for event in events.news(answers) {
            for number in clients.keys.sorted() { clients[number]?.tell(event) }
        }
        for domain in locks.keys.sorted() { look(at: domain, answers, now: now) }
        while !queue.isEmpty, busy < Self.workerLimit {
            let call = queue.removeFirst()
            clients[call.client]?.calls -= 1
            serve(call, answers, now: now)
        }
        for number in clients.keys.sorted() { ping(number, now: now) }
    }

    /// Gives a domain's lock to those who wait for it, or sends away who has waited too long.
    private mutating func look(at domain: Int, _ answers: LibvirtAnswers, now: Double) {
        let plan = answers.plan.domains[domain]
        let isFree = !answers.world.hangs(plan, at: answers.moment) && answers.world.lockedSince(plan, at: answers.moment) == nil
        if isFree {
            var lock = locks.removeValue(forKey: domain)
            for call in lock?.release() ?? [] { goOn(call, answers, now: now) }
        } else {
            for call in locks[domain]?.late(now: now) ?? [] { refuse(call, domain, answers, now: now) }
        }
    }

    private mutating func ping(_ number: Int, now: Double) {
        guard let client = clients[number], client.answersPings, now - max(client.heardAt, client.pingedAt) >= Self.pingSeconds else {
            return
        }
        guard client.unansweredPings < Self.pingLimit else {
            goodbyes.append((number, "it has not answered \(Self.pingLimit) pings"))
            return
        }
        let header = LibvirtHeader(program: LibvirtProtocol.keepaliveProgram, procedure: LibvirtProtocol.ping, kind: .message)
        clients[number]?.pingedAt = now
        clients[number]?.unansweredPings += 1
        clients[number]?.send(header.message())
    }

    // MARK: Messages

    /// Takes the next message of a client, if there is a whole one and it is listened to. Returns whether it did.
    mutating func takeMessage(of number: Int, _ answers: LibvirtAnswers, now: Double) -> Bool {
        guard clients[number]?.isHeard == true else { return false }
        do {
            guard let message = try clients[number]?.input.next() else { return false }
            var reader = XDRReader(message)
            let header: LibvirtHeader
            do throws(XDRReader.Problem) {
                header = try LibvirtHeader(&reader)
            } catch {
                goodbyes.append((number, "its message has no header that libvirt knows"))
                return false
            }
            take(header, ArraySlice(Array(message.dropFirst(LibvirtProtocol.headerBytes))), of: number, answers, now: now)
            return true
        } catch {
            goodbyes.append((number, "its message has the length \(error.length)"))
            return false
        }
    }

    private mutating func take(
        _ header: LibvirtHeader, _ payload: ArraySlice<UInt8>, of number: Int, _ answers: LibvirtAnswers, now: Double
    ) {
        if header.program == LibvirtProtocol.keepaliveProgram, header.version == LibvirtProtocol.version {
            guard header.kind == .message, header.procedure == LibvirtProtocol.ping else { return }
            let pong = LibvirtHeader(program: header.program, procedure: LibvirtProtocol.pong, kind: .message)
            clients[number]?.send(pong.message())
            return
        }
        switch header.kind {
        case .call: break
        case .callWithFiles:
            fail(header, LibvirtError(.noSupport, "files that come with a call are not simulated", origin: .rpc), number)
            return
        case .stream, .streamHole: return
        case .reply, .message, .replyWithFiles:
            goodbyes.append((number, "it sends what only a server sends"))
            return
        }
        do throws(LibvirtError) {
            let procedure = try Self.procedure(header)
            if let reply = try answerOfConnection(procedure, payload, number, answers) {
                clients[number]?.send(header.answer(.ok).message(reply))
                return
            }
            guard clients[number]?.isOpen == true else { throw LibvirtError(.internalError, "connection not open", origin: .rpc) }
            serve(LibvirtCall(client: number, header: header, procedure: procedure, payload: payload), answers, now: now)
        } catch {
            fail(header, error, number)
        }
    }

    /// Errors: a program or a number that nobody knows; what changes something; what is not simulated.
    private static func procedure(_ header: LibvirtHeader) throws(LibvirtError) -> LibvirtProcedure {
        guard header.program == LibvirtProtocol.remoteProgram, header.version == LibvirtProtocol.version else {
            throw LibvirtError(.rpc, "Cannot find program \(Int32(bitPattern: header.program)) version \(header.version)", origin: .rpc)
        }
        if let procedure = LibvirtProcedure(rawValue: header.procedure) { return procedure }
        guard (1...LibvirtProcedure.last).contains(header.procedure), !LibvirtProcedure.isEvent(header.procedure) else {
            throw LibvirtError(.rpc, "unknown procedure: \(header.procedure)", origin: .rpc)
        }
        guard !LibvirtProcedure.isChange(header.procedure) else {
            throw LibvirtError(
                .operationDenied, "procedure \(header.procedure) would change something; what is simulated is changed by scenarios",
                origin: .rpc)
        }
        throw LibvirtError(.noSupport, "procedure \(header.procedure) is not simulated", origin: .rpc)
    }

    // MARK: Calls

    private mutating func serve(_ call: LibvirtCall, _ answers: LibvirtAnswers, now: Double) {
        guard call.procedure.isHighPriority || busy < Self.workerLimit else {
            clients[call.client]?.calls += 1
            queue.append(call)
            return
        }
        advance(call, answers, now: now)
    }

    /// Takes one lock after the other that a call needs, and answers when it has all of them or does without.
    private mutating func advance(_ call: LibvirtCall, _ answers: LibvirtAnswers, now: Double) {
        var call = call
        do throws(LibvirtError) {
            let need = try need(of: call, answers)
            for domain in need.domains where !call.without.contains(domain.index) {
                let isHeldElsewhere = answers.world.lockedSince(domain, at: answers.moment) != nil
                let outcome = locks[domain.index, default: DomainLock()].take(
                    call, mayWait: need.mayWait, isHeldElsewhere: isHeldElsewhere, now: now)
                if outcome == .waits {
                    clients[call.client]?.calls += 1
                    return
                }
                call.without.insert(domain.index)
            }
            var known = answers
            known.lockedOut = call.without
            known.occupied = locks.compactMapValues { $0.holder == nil ? nil : now - $0.heldSince }
            clients[call.client]?.send(call.header.answer(.ok).message(try known.answer(call.procedure, call.payload)))
        } catch {
            fail(call.header, error, call.client)
        }
    }

    private struct Need {
        var domains: [DomainPlan] = []
        var mayWait = true
    }

    /// Whose QEMUs a call asks that do not answer, or not to it.
    private func need(of call: LibvirtCall, _ answers: LibvirtAnswers) throws(LibvirtError) -> Need {
        func isHard(_ domain: DomainPlan) -> Bool {
            answers.world.hangs(domain, at: answers.moment) || answers.world.lockedSince(domain, at: answers.moment) != nil
        }
        var arguments = LibvirtArguments(call.payload, answers.world, at: answers.moment)
        if call.procedure == .connectGetAllDomainStats {
            let order = try answers.statisticsOrder(&arguments)
            return Need(domains: order.asks ? order.domains.filter(isHard) : [], mayWait: order.mayWait)
        }
        guard call.procedure.needsDomainLock else { return Need() }
        return Need(domains: [try arguments.domain()].filter(isHard))
    }

    private mutating func goOn(_ call: LibvirtCall, _ answers: LibvirtAnswers, now: Double) {
        clients[call.client]?.calls -= 1
        advance(call, answers, now: now)
    }

    /// Answers who has waited for a lock in vain: the bulk call goes on without it, all others get an error.
    private mutating func refuse(_ call: LibvirtCall, _ domain: Int, _ answers: LibvirtAnswers, now: Double) {
        if call.procedure == .connectGetAllDomainStats {
            var call = call
            call.without.insert(domain)
            goOn(call, answers, now: now)
            return
        }
        clients[call.client]?.calls -= 1
        let holder = locks[domain]?.holder?.procedure.holderName ?? Self.foreignHolder
        fail(
            call.header, LibvirtError(.operationTimeout, "cannot acquire state change lock (held by monitor=\(holder))"), call.client)
    }

    /// Who has the lock of a domain that no client of ours has.
    private static let foreignHolder = "remoteDispatchDomainMigratePrepare3Params"

    private mutating func fail(_ header: LibvirtHeader, _ error: LibvirtError, _ number: Int) {
        clients[number]?.send(header.answer(.error).message(error.payload))
    }

    // MARK: The connection

    /// virDrvFeature: those that a daemon has, whatever it manages.
    private static let features: Set<Int32> = [2, 3, 4, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16]
    private static let keepaliveFeature: Int32 = 10
    /// The last virDomainEventID that libvirt 9.0 knows.
    private static let lastEvent: Int32 = 26

    /// What is about the connection and not about the host; nil for the rest.
    private mutating func answerOfConnection(
        _ procedure: LibvirtProcedure, _ payload: ArraySlice<UInt8>, _ number: Int, _ answers: LibvirtAnswers
    ) throws(LibvirtError) -> [UInt8]? {
        var arguments = LibvirtArguments(payload, answers.world, at: answers.moment)
        var writer = XDRWriter()
        switch procedure {
        case .authList: writer.array([Int32(0)]) { $0.integer($1) }
        case .connectOpen:
            let uri = try arguments.optionalString() ?? "qemu:///system"
            guard clients[number]?.isOpen == false else { throw LibvirtError(.internalError, "connection is already open", origin: .rpc) }
            guard uri == "qemu:///system" || uri == "qemu:///session" || uri.isEmpty else {
                throw LibvirtError(.noConnect, HostileText.oneLine(uri, limit: 200), origin: .none)
            }
            clients[number]?.isOpen = true
        case .connectClose: clients[number]?.isLeaving = true
        case .connectSupportsFeature:
            let feature = try arguments.integer()
            if feature == Self.keepaliveFeature { clients[number]?.answersPings = true }
            writer.boolean(Self.features.contains(feature))
        case .connectDomainEventCallbackRegisterAny:
            let event = try arguments.integer()
            let domain = try arguments.optionalDomain()
            guard (0...Self.lastEvent).contains(event) else {
                throw LibvirtError(.internalError, "unsupported event ID \(event)", origin: .rpc)
            }
            writer.integer(try register(LibvirtClient.Callback(event: event, domain: domain?.uuid), number))
        case .connectNetworkEventRegisterAny, .connectStoragePoolEventRegisterAny, .connectNodeDeviceEventRegisterAny,
            .connectSecretEventRegisterAny:
            // Nothing ever happens to these.
            writer.integer(try register(LibvirtClient.Callback(event: -1, domain: nil), number))
        case .connectDomainEventCallbackDeregisterAny, .connectNetworkEventDeregisterAny, .connectStoragePoolEventDeregisterAny,
            .connectNodeDeviceEventDeregisterAny, .connectSecretEventDeregisterAny:
            try clients[number]?.remove(callback: try arguments.integer())
        case .connectRegisterCloseCallback, .connectUnregisterCloseCallback: break
        default: return nil
        }
        return writer.bytes
    }

    private mutating func register(_ callback: LibvirtClient.Callback, _ number: Int) throws(LibvirtError) -> Int32 {
        guard clients[number]?.isOpen == true, let added = try clients[number]?.add(callback) else {
            throw LibvirtError(.internalError, "connection not open", origin: .rpc)
        }
        return added
    }
}
