import Glibc
import Primitives
import RawPeers
import Testing
@testable import Web

@Suite("A server's bounds and its end")
struct ServerLimitTests {
    @Test("Past the limit of requests in flight comes 503, at once, and then they go on")
    func inFlight() async throws {
        let gate = Gate()
        var limits = HTTPServer.Limits()
        limits.requestsInFlight = 3
        try await serving(
            limits: limits,
            { _ in
                await gate.pass()
                return HTTPServerResponse(text: "done")
            }
        ) { server, client in
            let url = server.address.url()
            try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                for _ in 0..<3 { group.addTask { try await client.send(request(url)) } }
                await gate.arrivals(3)
                #expect(server.counts.inFlight == 3)
                for _ in 0..<2 {
                    let refused = try await client.send(request(url))
                    #expect(refused.status == 503)
                    #expect(refused.text == "Limit of 3 requests in flight reached.\n")
                }
                #expect(server.counts.refused == 2)
                gate.open()
                for try await answer in group { #expect(answer.text == "done") }
            }
            #expect(try await client.send(request(url)).status == 200)
            #expect(server.counts.answered == [200: 4, 503: 2])
        }
    }

    @Test(
        "The last quarter of the places is for addresses that have none, also where a path has places of its own",
        arguments: [(8, 6), (5, 4), (4, 3), (3, 3), (1, 1)], ["/", "/own"])
    func shares(_ places: (limit: Int, forOne: Int), _ path: String) async throws {
        let (limit, forOne) = places
        let gate = Gate()
        var limits = HTTPServer.Limits()
        limits.requestsInFlight = path == "/" ? limit : 1
        limits.ownLimits = path == "/" ? [:] : [path: limit]
        let places = HandlerPlaces(limits)
        @Sendable func ask(_ client: UInt32) async -> Int {
            await places.handle(HTTPServerRequest(method: "GET", path: path, client: .four(client))) { _ in
                await gate.pass()
                return HTTPServerResponse(text: "")
            }.status
        }
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<forOne { group.addTask { await ask(1) } }
            await gate.arrivals(forOne)
            #expect(await ask(1) == 503)
            for other in forOne..<limit { group.addTask { await ask(UInt32(other + 10)) } }
            await gate.arrivals(limit)
            #expect(await ask(2) == 503)
            gate.open()
            for await status in group { #expect(status == 200) }
        }
        #expect(places.counts.inFlight == 0 && places.counts.refused == 2)
        for _ in 0..<2 { #expect(await ask(1) == 200, "what was taken is given back") }
    }

    @Test("A path with a limit of its own neither fills the common one nor is filled by it")
    func ownLimit() async throws {
        let gate = Gate()
        var limits = HTTPServer.Limits()
        limits.requestsInFlight = 1
        limits.ownLimits = ["/own": 2]
        try await serving(
            limits: limits,
            { request in
                if request.path != "/free" { await gate.pass() }
                return HTTPServerResponse(text: "done")
            }
        ) { server, client in
            let url = server.address.url()
            try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                for _ in 0..<2 { group.addTask { try await client.send(request(url + "/own")) } }
                await gate.arrivals(2)
                #expect(try await client.send(request(url + "/own")).text == "Limit of 2 requests in flight reached.\n")
                #expect(try await client.send(request(url + "/free")).text == "done")
                group.addTask { try await client.send(request(url + "/other")) }
                await gate.arrivals(3)
                #expect(try await client.send(request(url + "/free")).text == "Limit of 1 requests in flight reached.\n")
                gate.open()
                for try await answer in group { #expect(answer.text == "done") }
            }
            for path in ["/own", "/free", "/other"] { #expect(try await client.send(request(url + path)).status == 200) }
        }
    }

    @Test("A path without a limit is answered when all places are taken, and takes none itself")
    func unlimitedPath() async throws {
        let gate = Gate()
        var limits = HTTPServer.Limits()
        limits.requestsInFlight = 1
        limits.unlimitedPaths = ["/health"]
        try await serving(
            limits: limits,
            { request in
                if request.path != "/free" { await gate.pass() }
                return HTTPServerResponse(text: "done")
            }
        ) { server, client in
            let url = server.address.url()
            try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                for _ in 0..<3 { group.addTask { try await client.send(request(url + "/health")) } }
                await gate.arrivals(3)
                #expect(try await client.send(request(url + "/free")).text == "done")
                group.addTask { try await client.send(request(url + "/other")) }
                await gate.arrivals(4)
                #expect(try await client.send(request(url + "/free")).status == 503)
                gate.open()
                for try await answer in group { #expect(answer.text == "done") }
            }
        }
    }

    @Test("Two hundred at the same time, on two hundred connections")
    func parallel() async throws {
        var limits = HTTPServer.Limits()
        limits.requestsInFlight = 300
        limits.connections = 300
        limits.threads = 2
        let gate = Gate()
        try await serving(
            limits: limits,
            { request in
                await gate.pass()
                return HTTPServerResponse(text: request.path)
            }
        ) { server, _ in
            let client = try HTTPClient(connectionsPerHost: 200)
            defer { client.close() }
            let url = server.address.url()
            try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for number in 0..<200 {
                    group.addTask { (number, try await client.send(request("\(url)/\(number)")).text) }
                }
                await gate.arrivals(200)
                #expect(server.counts.inFlight == 200)
                gate.open()
                for try await (number, text) in group { #expect(text == "/\(number)") }
            }
        }
    }

    @Test("Two hundred over few connections are all served")
    func queued() async throws {
        try await serving(echo) { server, _ in
            let client = try HTTPClient(connectionsPerHost: 4)
            defer { client.close() }
            let url = server.address.url()
            let opened = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<200 { group.addTask { try await client.send(request("\(url)/\(number)")).connectionsOpened } }
                return try await group.reduce(0, +)
            }
            #expect(opened <= 4)
        }
    }

    @Test("Past the limit, the connection that has waited longest makes room, and the others go on")
    func connections() async throws {
        var limits = HTTPServer.Limits()
        limits.connections = 2
        try await serving(limits: limits, echo) { server, _ in
            let port = server.address.port
            let statuses = try await onThread { () -> [Int?] in
                let ask = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
                guard let first = RawConnection(port: port), let second = RawConnection(port: port) else { return [] }
                var answers: [Int?] = []
                for connection in [first, second] {
                    connection.send(ask)
                    answers.append(connection.readAnswer()?.status)
                }
                guard let third = RawConnection(port: port) else { return answers }
                for connection in [third, second, first] {
                    connection.send(ask)
                    answers.append(connection.readAnswer()?.status)
                }
                return answers
            }
            #expect(statuses == [200, 200, 200, 200, nil])
            #expect(server.counts.connectionsEnded["crowded"] == 1)
        }
    }

    @Test(
        "A connection on which nothing moves is closed",
        arguments: ["", "GET / HTTP/1.1\r\nHost:", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"])
    func idle(_ sent: String) async throws {
        var limits = HTTPServer.Limits()
        (limits.headerSeconds, limits.bodySeconds) = (1, 1)
        try await serving(limits: limits, echo) { server, _ in
            let port = server.address.port
            let answer = try await onThread { () -> (text: String, seconds: Double) in
                let start = ContinuousClock.now
                guard let connection = RawConnection(port: port) else { return ("refused", 0) }
                connection.send(sent)
                return (connection.readToEnd(), (ContinuousClock.now - start).seconds)
            }
            #expect(answer.text.isEmpty || answer.text.hasPrefix("HTTP/1.1 408 "))
            // The reader's own patience is a minute.
            #expect(answer.seconds < 50)
        }
    }

    @Test("A request that waits for its handler is not idle")
    func patientHandler() async throws {
        let gate = Gate()
        var limits = HTTPServer.Limits()
        limits.headerSeconds = 1
        try await serving(
            limits: limits,
            { request in
                if request.path == "/wait" { await gate.pass() }
                return HTTPServerResponse(text: request.path)
            }
        ) { server, client in
            let url = server.address.url()
            async let waiting = client.send(request(url + "/wait"))
            await gate.arrivals(1)
            // Another connection grows old and is closed meanwhile.
            let port = server.address.port
            let nothing = try await onThread { RawConnection(port: port)?.readToEnd() }?.isEmpty
            #expect(nothing == true)
            gate.open()
            let text = try await waiting.text
            #expect(text == "/wait")
        }
    }

    @Test("A client that goes while its handler runs takes nobody with it", arguments: [false, true])
    func goneClient(_ reset: Bool) async throws {
        let gate = Gate()
        try await serving({ request in
            if request.path == "/wait" { await gate.pass() }
            return HTTPServerResponse(status: 200, body: .bytes([UInt8](repeating: 0x78, count: 3_000_000)))
        }) { server, client in
            let port = server.address.port
            try await onThread {
                for count in 1...5 {
                    guard let connection = RawConnection(port: port) else { return }
                    if reset { connection.resetWhenClosed() }
                    connection.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
                    // A reset would take back what has not been read yet.
                    let deadline = Deadline.after(seconds: 60)
                    while server.counts.inFlight < count && !deadline.hasPassed { sched_yield() }
                }
            }
            await gate.arrivals(5)
            gate.open()
            #expect(try await client.send(request(server.address.url())).body.count == 3_000_000)
        }
        // `serving` has stopped the server, which waits for all five answers to be over.
    }

    @Test("Two servers on one port: the second's error names port and flag")
    func busyPort() async throws {
        try await serving(echo) { server, _ in
            let error = #expect(throws: Failure.self) {
                try HTTPServer(listen: server.address, origin: "--web.listen-address", logger: .silent, handler: echo)
            }
            #expect(error?.code == .environment)
            #expect(error?.message == "port \(server.address.port) on 127.0.0.1 is in use; choose another with --web.listen-address")
        }
    }

    // MARK: the end

    @Test("Stopping lets a request in flight finish, down to the last byte of its answer")
    func stopWaits() async throws {
        let gate = Gate()
        let size = 8_000_000
        try await serving({ _ in
            await gate.pass()
            return HTTPServerResponse(status: 200, body: .bytes([UInt8](repeating: 0x78, count: size)))
        }) { server, client in
            let url = server.address.url()
            async let answer = client.send(request(url))
            await gate.arrivals(1)
            async let stopped: Void = server.stop(withinSeconds: 60)
            gate.open()
            let received = try await answer.body.count
            #expect(received == size)
            await stopped
            #expect(server.counts.inFlight == 0)
            #expect(await client.failure(request(url)) == .connect)
        }
    }

    @Test("Who is connected when a server stops is answered, also one whose connection or request nobody has read yet")
    func stopAnswersAll() async throws {
        for round in 0..<10 {
            let server = try HTTPServer(
                listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "the test", logger: .silent,
                handler: { _ in HTTPServerResponse(text: "in") })
            let port = server.address.port
            let waiting = RawConnection(port: port)
            let asked = (0..<100).compactMap { _ in RawConnection(port: port) }
            for connection in asked { connection.send("GET /\(round) HTTP/1.1\r\nHost: localhost\r\n\r\n") }
            #expect(asked.count == 100 && waiting != nil)
            let start = ContinuousClock.now
            await server.stop(withinSeconds: 60)
            // The one that asks nothing keeps nobody waiting.
            #expect((ContinuousClock.now - start).seconds < 20)
            let answered = asked.count { connection in
                guard let answer = connection.readAnswer() else { return false }
                return answer.status == 200 && answer.body == "in"
            }
            #expect(answered == 100)
            #expect(RawConnection(port: port) == nil)
        }
    }

    @Test("Past its limit, stopping answers 503 and is done, and the handlers' late answers harm nobody", arguments: [1, 20])
    func stopGivesUp(_ count: Int) async throws {
        let gate = Gate()
        let finished = Gate()
        try await serving({ _ in
            await gate.pass()
            Task.detached { await finished.pass() }
            return HTTPServerResponse(text: "late")
        }) { server, client in
            let url = server.address.url()
            try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                for _ in 0..<count { group.addTask { try await client.send(request(url)) } }
                await gate.arrivals(count)
                let start = ContinuousClock.now
                await server.stop(withinSeconds: 0.05)
                #expect((ContinuousClock.now - start).seconds < 30)
                for try await answer in group {
                    #expect(answer.status == 503)
                    #expect(answer.text == "Shutting down.\n")
                }
            }
            gate.open()
            await finished.arrivals(count)
            finished.open()
        }
    }

    @Test("Stopping in a cancelled task still waits for requests in flight")
    func stopCancelled() async throws {
        let gate = Gate()
        try await serving({ _ in
            await gate.pass()
            return HTTPServerResponse(text: "finished")
        }) { server, client in
            let url = server.address.url()
            async let answer = client.send(request(url))
            await gate.arrivals(1)
            let stopping = Task { await server.stop(withinSeconds: 60) }
            stopping.cancel()
            gate.open()
            let text = try await answer.text
            #expect(text == "finished")
            await stopping.value
        }
    }

    @Test("Stopping twice, at the same time and again, is stopping once")
    func stopTwice() async throws {
        try await serving(echo) { server, client in
            _ = try await client.send(request(server.address.url()))
            async let one: Void = server.stop(withinSeconds: 1)
            async let other: Void = server.stop(withinSeconds: 1)
            _ = await (one, other)
            await server.stop(withinSeconds: 1)
        }
    }

    @Test("Servers start and stop under fire")
    func startAndStop() async throws {
        for round in 0..<8 {
            var limits = HTTPServer.Limits()
            limits.threads = 1 + round % 2
            let server = try HTTPServer(
                listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "the test", limits: limits, logger: .silent,
                handler: { _ in
                    await Task.yield()
                    return HTTPServerResponse(text: "x")
                })
            let client = try HTTPClient()
            let url = server.address.url()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        // Until the server is gone.
                        for _ in 0..<200 {
                            guard let answer = try? await client.send(request(url)), answer.status == 200 else { return }
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<(round * 12) { await Task.yield() }
                    await server.stop(withinSeconds: round % 3 == 0 ? 0 : 0.05)
                }
            }
            client.close()
        }
    }
}
