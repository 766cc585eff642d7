import Primitives
import Testing
import Web

@Suite("One server that listens in many places")
struct ManyListenersTests {
    @Test("A handler learns through which listener a request came, whatever the request says of a host")
    func listener() async throws {
        let places = (2...40).map { ListenPlace.network(ListenAddress(host: "127.0.0.\($0)", port: 0)) }
        let server = try HTTPServer(try Listener.open(places, origin: "the test"), logger: .silent) { request in
            HTTPServerResponse(text: "\(request.listener)")
        }
        let client = try HTTPClient()
        let addresses = server.listeners.compactMap(\.address)
        #expect(addresses.count == places.count)
        // Back and forth, so that connections of several listeners are open at once.
        for round in 0..<3 {
            for (number, address) in round == 1 ? Array(addresses.enumerated().reversed()) : Array(addresses.enumerated()) {
                var request = HTTPRequest(url: address.url(), deadline: .after(seconds: 60))
                request.headers = [("Host", "\(addresses[(number + 7) % addresses.count])")]
                let answer = try await client.send(request)
                #expect(String(decoding: answer.body, as: UTF8.self) == "\(number)")
            }
        }
        client.close()
        await server.stop(withinSeconds: 5)
    }
}
