import RawPeers
import Testing
@testable import Web

@Suite("Bodies that are made while they are sent")
struct BodyPiecesTests {
    /// So many pieces of so many bytes.
    private struct Pieces: Sequence, Sendable {
        let count: Int
        let size: Int

        func makeIterator() -> AnyIterator<[UInt8]> {
            var number = 0
            return AnyIterator {
                guard number < count else { return nil }
                defer { number += 1 }
                return [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)
            }
        }
    }

    @Test("All of it arrives, in order", arguments: [(0, 1), (1, 0), (1, 1), (3, 100_000), (5000, 1000), (10, 0)])
    func whole(_ count: Int, _ size: Int) async throws {
        let pieces = Pieces(count: count, size: size)
        try await serving({ _ in HTTPServerResponse(status: 200, body: .pieces(BodyPieces(pieces))) }) { server, client in
            for _ in 0..<2 {
                let answer = try await client.send(request(server.address.url()))
                #expect(answer.status == 200)
                #expect(answer.body == pieces.flatMap { $0 })
                #expect(answer.headers["content-length"] == nil)
            }
        }
    }

    @Test("A client of the first HTTP gets it too, and a HEAD gets none of it")
    func others() async throws {
        let pieces = Pieces(count: 3, size: 5)
        try await serving({ _ in HTTPServerResponse(status: 200, body: .pieces(BodyPieces(pieces))) }) { server, _ in
            let old = try await exchange(server.address.port, "GET / HTTP/1.0\r\nHost: x\r\n\r\n")
            #expect(old?.hasSuffix("\r\n\r\n\0\0\0\0\0\u{1}\u{1}\u{1}\u{1}\u{1}\u{2}\u{2}\u{2}\u{2}\u{2}") == true)
            let head = try await exchange(server.address.port, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(head?.hasSuffix("\r\n\r\n") == true)
        }
    }
}
