import Testing
import Web

@Suite("Header fields")
struct HTTPHeadersTests {
    static let lookups: [(String, String?)] = [
        ("Content-Type", "text/plain"), ("content-type", "text/plain"), ("CONTENT-TYPE", "text/plain"), ("x-twice", "one"), ("X-Empty", ""),
        ("X-É", "é"), ("x-é", nil),
        ("Content", nil), ("Content-Type ", nil), ("", nil), ("X_Twice", nil), ("X-Twic\u{65}", "one"), ("@-Twice", nil),
    ]

    @Test("Names are compared without regard to the case of ASCII letters, and to nothing else", arguments: lookups)
    func lookup(_ name: String, _ expected: String?) {
        var headers = HTTPHeaders([("Content-Type", "text/plain"), ("X-Twice", "one"), ("x-twice", "two"), ("X-Empty", "")])
        headers.add("X-É", "é")
        #expect(headers[name] == expected)
    }

    @Test("Fields keep their order and their writing")
    func order() {
        var headers = HTTPHeaders()
        headers.add("b", "1")
        headers.add("A", "2")
        headers.add("b", "3")
        #expect(headers.fields.map { "\($0.name)=\($0.value)" } == ["b=1", "A=2", "b=3"])
    }
}
