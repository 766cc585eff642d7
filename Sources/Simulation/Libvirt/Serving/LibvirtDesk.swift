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
    private var lock = DomainLock()
    /// Calls for which there is no worker yet.
    private var queue: [LibvirtCall] = []
    private var events = LibvirtEvents()
    private var lastNumber = 0

    /// Why clients have to go.
    private(set) var goodbyes: [(client: Int, reason: String)] = []

    var waitingCalls: Int { lock.busy + queue.count }

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
        lock = DomainLock()
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
        if answers.world.hungDomain(at: answers.moment) == nil {
            for call in lock.release() { finish(call, answers) }
        } else {
            for call in lock.late(now: now) { refuse(call, answers) }
        }
        while !queue.isEmpty, lock.busy < Self.workerLimit {
            let call = queue.removeFirst()
            clients[call.client]?.calls -= 1
            serve(call, answers, now: now)
        }
        for number in clients.keys.sorted() { ping(number, now: now) }
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
        guard call.procedure.isHighPriority || lock.busy < Self.workerLimit else {
            clients[call.client]?.calls += 1
            queue.append(call)
            return
        }
        do throws(LibvirtError) {
            guard let need = try need(of: call, answers) else {
                finishNow(call, answers)
                return
            }
            switch lock.take(call, mayWait: need.mayWait, now: now) {
            case .waits: clients[call.client]?.calls += 1
            case .doesWithout: finishNow(call, answers.without(need.domain))
            }
        } catch {
            fail(call.header, error, call.client)
        }
    }

    private struct Need {
        let domain: Int
        let mayWait: Bool
    }

    /// Whether a call asks the QEMU that does not answer.
    private func need(of call: LibvirtCall, _ answers: LibvirtAnswers) throws(LibvirtError) -> Need? {
        guard let hung = answers.world.hungDomain(at: answers.moment) else { return nil }
        var arguments = LibvirtArguments(call.payload, answers.world, at: answers.moment)
        if call.procedure == .connectGetAllDomainStats {
            let order = try answers.statisticsOrder(&arguments)
            guard order.asks, order.domains.contains(where: { $0.index == hung }) else { return nil }
            return Need(domain: hung, mayWait: order.mayWait)
        }
        guard call.procedure.needsDomainLock, try arguments.domain().index == hung else { return nil }
        return Need(domain: hung, mayWait: true)
    }

    private mutating func finishNow(_ call: LibvirtCall, _ answers: LibvirtAnswers) {
        do throws(LibvirtError) {
            clients[call.client]?.send(call.header.answer(.ok).message(try answers.answer(call.procedure, call.payload)))
        } catch {
            fail(call.header, error, call.client)
        }
    }

    private mutating func finish(_ call: LibvirtCall, _ answers: LibvirtAnswers) {
        clients[call.client]?.calls -= 1
        finishNow(call, answers)
    }

    /// Answers who has waited for the lock in vain: the bulk call with what there is without it, all others with an error.
    private mutating func refuse(_ call: LibvirtCall, _ answers: LibvirtAnswers) {
        if call.procedure == .connectGetAllDomainStats, let hung = answers.world.hungDomain(at: answers.moment) {
            finish(call, answers.without(hung))
            return
        }
        clients[call.client]?.calls -= 1
        let holder = lock.holder?.procedure.holderName ?? "remoteDispatchConnectGetAllDomainStats"
        fail(
            call.header, LibvirtError(.operationTimeout, "cannot acquire state change lock (held by monitor=\(holder))"), call.client)
    }

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

extension LibvirtAnswers {
    /// The same without the lock of a domain.
    func without(_ domain: Int) -> LibvirtAnswers {
        var answers = self
        answers.lockedOut = domain
        return answers
    }
}
