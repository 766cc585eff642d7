import Testing
@testable import Web

@Suite("Authorization fields")
struct BasicCredentialsTests {
    static let good: [(header: String, user: String, password: String)] = [
        ("Basic YWxpY2U6c2VjcmV0", "alice", "secret"), ("basic YWxpY2U6c2VjcmV0", "alice", "secret"),
        ("BASIC   YWxpY2U6c2VjcmV0", "alice", "secret"), ("Basic YWxpY2U6", "alice", ""), ("Basic OnNlY3JldA==", "", "secret"),
        ("Basic Og==", "", ""), ("Basic YTpiOmM=", "a", "b:c"), ("Basic em/DqzrDqQ==", "zoë", "é"), ("Basic YTo/Pz8+Pj4=", "a", "???>>>"),
    ]

    @Test("What says user and password", arguments: good)
    func reads(_ row: (header: String, user: String, password: String)) {
        let credentials = BasicCredentials(authorizationHeader: row.header)
        #expect(credentials?.user == row.user)
        #expect(credentials?.password == Array(row.password.utf8))
    }

    @Test("A password need not be UTF-8")
    func bytes() {
        #expect(BasicCredentials(authorizationHeader: "Basic YTr/")?.password == [0xFF])
    }

    static let bad = [
        "", "Basic", "Basic ", "BasicYWxpY2U6c2VjcmV0", "Bearer YWxpY2U6c2VjcmV0", "YWxpY2U6c2VjcmV0", " Basic YWxpY2U6c2VjcmV0",
        "Basic\tYWxpY2U6c2VjcmV0", "Basic YWxpY2U6c2VjcmV0 ", "Basic YWxpY2U6c2VjcmV", "Basic YWxpY2U6c2Vjcm=", "Basic YWxpY2U6c2VjcmV0=",
        "Basic YWxpY2U6c2VjcmV0====", "Basic YWxpY2U6c2Vj,mV0", "Basic YWxpY2U6c2Vj\nmV0", "Basic YWxpY2U6c2Vj-mV0", "Basic alice:secret",
        // No colon; bits that are left over; padding in the middle; a user that is no UTF-8; a zero byte in password and user.
        "Basic YWxpY2U=", "Basic Oh==", "Basic YTph=GI6", "Basic /zph", "Basic YTpiAGM=", "Basic AGE6Yg==",
        "Basic " + String(repeating: "YTph", count: 1000), "Basic ＹＴｐｉ",
    ]

    @Test("What does not", arguments: bad)
    func refuses(_ header: String) { #expect(BasicCredentials(authorizationHeader: header) == nil) }

    @Test("Every password comes back as it was sent", arguments: 0...40)
    func roundTrip(_ count: Int) {
        let password = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count * 11) | 1 }
        #expect(BasicCredentials(authorizationHeader: basic("alice", password))?.password == password)
    }
}

/// `Basic …`, made apart from what reads it.
func basic(_ user: String, _ password: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    let bytes = Array("\(user):".utf8) + password
    var text = "Basic "
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)].map(Int.init)
        let bits = (group + [0, 0]).prefix(3).reduce(0) { $0 * 256 + $1 }
        for place in 0..<4 { text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : "=") }
    }
    return text
}

func basic(_ user: String, _ password: String) -> String { basic(user, Array(password.utf8)) }
