import Primitives
import RawPeers
import Synchronization
import Testing
import Web

@Suite("Addresses that a request may not reach")
struct AllowedAddressTests {
    @Test("The address is asked about, not the name, and what is refused is never connected to", arguments: ["127.0.0.1", "localhost"])
    func refused(host: String) async throws {
        let accepted = Mutex(0)
        let server = try RawServer { connection in
            accepted.withLock { $0 += 1 }
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        let url = server.url.replacing("127.0.0.1", with: host)
        let asked = Mutex<Set<IPAddress>>([])
        try await asking { client in
            let error = await client.error(
                of: request(url) {
                    $0.mayConnect = { address in
                        asked.withLock { _ = $0.insert(address) }
                        return false
                    }
                })
            #expect(error?.kind == .connect, "\(String(describing: error))")
            #expect(accepted.withLock { $0 } == 0)
            #expect(asked.withLock { $0 }.contains { $0.description == "127.0.0.1" || $0.description == "::1" })
            // A connection that another request has opened is not taken without asking.
            #expect(await client.error(of: request(url)) == nil)
            #expect(await client.failure(request(url) { $0.mayConnect = { _ in false } }) == .connect)
            #expect(await client.error(of: request(url) { $0.mayConnect = { _ in true } }) == nil)
        }
        #expect(accepted.withLock { $0 } == 2)
    }

    @Test("Headers are heard before the body, and may end the answer")
    func headers() async throws {
        let server = try RawServer { connection in
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nbegin")
        }
        let pieces = Mutex(0)
        try await asking { client in
            let error = await client.error(
                of: request(server.url) {
                    $0.onHeaders = { $0["content-length"] != "99999" }
                    $0.onBodyPiece = { piece in
                        pieces.withLock { $0 += piece.count }
                        return true
                    }
                })
            #expect(error?.kind == .cancelled)
        }
        #expect(pieces.withLock { $0 } == 0)
    }

    @Test("Addresses are made of their bytes", arguments: ["192.0.2.1", "2001:db8::1", "::1", "0.0.0.0"])
    func bytes(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(IPAddress(address.bytes) == address)
        #expect(IPAddress(Array(address.bytes.dropLast())) == nil)
    }

    @Test("An IPv4 address within IPv6 is that IPv4 address")
    func mapped() {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1]
        #expect(IPAddress(mapped)?.description == "10.0.0.1")
    }
}
