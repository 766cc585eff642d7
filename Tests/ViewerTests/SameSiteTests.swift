import Testing
import Web

@testable import Viewer

@Suite struct SameSiteTests {
    private static func request(_ headers: [(name: String, value: String)], method: String = "POST", path: String = "/")
        -> HTTPServerRequest
    {
        HTTPServerRequest(method: method, path: path, headers: HTTPHeaders([("Host", "localhost:3000")] + headers))
    }

    private static let plain = SameSite(isSecure: { false }, external: nil)
    private static let proxied = SameSite(isSecure: { false }, external: Origin(parsing: "https://boards.example.org"))

    @Test func `only the origin that was called may change something`() {
        #expect(Self.plain.isOurs(Self.request([("Origin", "http://localhost:3000")])))
        #expect(Self.plain.isOurs(Self.request([("Origin", "HTTP://LocalHost:3000"), ("Sec-Fetch-Site", "same-origin")])))
        #expect(Self.proxied.isOurs(Self.request([("Origin", "https://boards.example.org")])))
        #expect(Self.proxied.isOurs(Self.request([("Origin", "https://boards.example.org:443")])))
        #expect(SameSite(isSecure: { true }, external: nil).isOurs(Self.request([("Origin", "https://localhost:3000")])))
    }

    @Test(arguments: [
        [], [("Origin", "null")], [("Origin", "")], [("Origin", "http://localhost")], [("Origin", "http://localhost:3001")],
        [("Origin", "https://localhost:3000")], [("Origin", "http://evil.example")], [("Origin", "http://localhost:3000.evil.example")],
        [("Origin", "http://localhost:3000/x")], [("Origin", "https://boards.example.org")],
        [("Origin", "http://localhost:3000"), ("Sec-Fetch-Site", "cross-site")],
        [("Origin", "http://localhost:3000"), ("Sec-Fetch-Site", "same-site")],
    ])
    func `others may not`(_ headers: [(String, String)]) {
        #expect(!Self.plain.isOurs(Self.request(headers.map { (name: $0.0, value: $0.1) })))
    }

    @Test func `what is said twice is said by nobody`() {
        let twice = [(name: "Origin", value: "http://localhost:3000"), (name: "Origin", value: "http://evil.example")]
        #expect(Self.plain.isForeign(Self.request(twice)) && !Self.plain.isOurs(Self.request(twice)))
    }

    @Test func `behind a proxy that speaks TLS its name without TLS is another's`() {
        let headers = HTTPHeaders([("Host", "boards.example.org"), ("Origin", "http://boards.example.org")])
        #expect(!Self.proxied.isOurs(HTTPServerRequest(method: "POST", path: "/", headers: headers)))
    }

    @Test func `who is no browser may read`() {
        #expect(!Self.plain.isForeign(Self.request([], method: "GET")))
        #expect(!Self.plain.isForeign(Self.request([("Sec-Fetch-Site", "none")], method: "GET")))
        // A proxy in front that speaks TLS.
        #expect(!Self.plain.isForeign(Self.request([("Origin", "https://localhost:3000")])))
    }

    @Test(arguments: [
        ("https://boards.example.org", "boards.example.org"), ("http://Boards.example.org:8080/", "boards.example.org"),
        ("http://[::1]:3000", "::1"),
    ])
    func `an origin has a host`(_ url: String, _ host: String) { #expect(Origin(parsing: url)?.host == host) }

    @Test func `a link may be followed, an image may not be loaded`() {
        let link = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
        let image = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")]
        #expect(!Self.plain.isForeign(Self.request(link.map { (name: $0.0, value: $0.1) }, method: "GET")))
        #expect(Self.plain.isForeign(Self.request(link.map { (name: $0.0, value: $0.1) }, method: "POST")))
        for path in ["/api/boards/x", "/export.csv"] {
            #expect(Self.plain.isForeign(Self.request(link.map { (name: $0.0, value: $0.1) }, method: "GET", path: path)))
        }
        #expect(Self.plain.isForeign(Self.request(image.map { (name: $0.0, value: $0.1) }, method: "GET")))
        #expect(Self.plain.isForeign(Self.request([("Origin", "http://evil.example")], method: "GET")))
    }
}
