import Primitives
import Synchronization
import RawPeers
import Testing

@testable import Web

@Suite("Bodies that come over time")
struct BodyStreamTests {
    @Test("All of it arrives, in order, from a server with one loop and many readers", arguments: [1, 3_000, 200_000])
    func whole(_ size: Int) async throws {
        let handler: HTTPHandler = { _ in
            let stream = BodyStream()
            Task.detached {
                for number in 0..<20 {
                    // Some come while the connection sleeps, some while it is awake.
                    if number % 3 == 0 { try? await Task.sleep(for: .milliseconds(3)) }
                    while !stream.send([UInt8](repeating: UInt8(number), count: size)), !stream.isOver {
                        try? await Task.sleep(for: .milliseconds(1))
                    }
                }
                stream.finish()
            }
            return HTTPServerResponse(status: 200, body: .stream(stream))
        }
        let expected = (0..<20).flatMap { [UInt8](repeating: UInt8($0), count: size) }
        try await serving(handler) { server, client in
            let url = server.address.url()
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 { group.addTask { try await client.send(request(url)).body == expected } }
                for try await isWhole in group { #expect(isWhole) }
            }
        }
    }

    @Test("A piece is there before the next is made")
    func pace() async throws {
        let streams = Mutex<[BodyStream]>([])
        let handler: HTTPHandler = { _ in
            let stream = BodyStream()
            stream.send(Array("first".utf8))
            streams.withLock { $0.append(stream) }
            return HTTPServerResponse(status: 200, body: .stream(stream))
        }
        try await serving(handler) { server, _ in
            let port = server.address.port
            let seen = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let read: @Sendable () -> Void = {
                    let connection = RawConnection(port: port)
                    _ = connection?.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    continuation.resume(returning: connection?.read(through: "first") != nil)
                }
                do { try Thread.start("reader", read) } catch { continuation.resume(returning: false) }
            }
            #expect(seen)
            // The reader has gone, which is noticed with one of the next pieces.
            let deadline = Deadline.after(seconds: 20)
            let stream = try #require(streams.withLock { $0.first })
            while stream.send([1]), !deadline.hasPassed { try? await Task.sleep(for: .milliseconds(5)) }
            #expect(stream.isOver)
        }
    }

    @Test("A server that stops ends a stream that sleeps, and whoever makes it is told")
    func stop() async throws {
        let stream = BodyStream()
        let server = try HTTPServer(listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "the test", logger: .silent) { _ in
            HTTPServerResponse(status: 200, body: .stream(stream))
        }
        let client = try HTTPClient()
        defer { client.close() }
        let url = server.address.url()
        async let answer = try? client.send(request(url))
        while server.counts.answered.isEmpty { try? await Task.sleep(for: .milliseconds(5)) }
        let began = ContinuousClock.now
        await server.stop(withinSeconds: 0.2)
        _ = await answer
        #expect((ContinuousClock.now - began).seconds < 10)
        #expect(stream.isOver)
        let isWanted = stream.send([1])
        #expect(!isWanted)
    }
}
