import Primitives
import Testing

@testable import FirstConfiguration

@Suite struct TokenPasteTests {
    private static let secret = "5f0e9a52-1d0b-4a57-9d33-0c0a7a1f6a10"
    private static let table = [
        "┌──────────────┬──────────────────────────────────────┐",
        "│ key          │ value                                │",
        "╞══════════════╪══════════════════════════════════════╡",
        "│ full-tokenid │ monitor@pve!martlet                  │",
        "├──────────────┼──────────────────────────────────────┤",
        "│ info         │ {\"privsep\":\"1\"}                      │",
        "├──────────────┼──────────────────────────────────────┤",
        "│ value        │ \(secret) │",
        "└──────────────┴──────────────────────────────────────┘",
    ]

    @Test(
        "a token is read however it comes",
        arguments: [
            ["monitor@pve!martlet=\(secret)"],
            ["  monitor@pve!martlet=\(secret)\t"],
            ["PVEAPIToken=monitor@pve!martlet=\(secret)"],
            ["monitor@pve!martlet \(secret)"],
            ["monitor@pve!martlet:\(secret)"],
            ["monitor@pve!martlet = \(secret)"],
            ["monitor@pve!martlet: \(secret)"],
            ["Authorization: PVEAPIToken=monitor@pve!martlet=\(secret)"],
            [#"{"full-tokenid":"monitor@pve!martlet","info":{"privsep":"1"},"value":"\#(secret)"}"#],
            table,
            Array(table.dropLast()),
        ])
    func whole(_ lines: [String]) {
        let paste = TokenPaste(lines)
        #expect(paste.isWhole)
        #expect(paste.token()?.reveal() == "monitor@pve!martlet=\(Self.secret)")
    }

    @Test("a table is whole with the row of the secret and not before")
    func rows() {
        for count in 1..<8 { #expect(!TokenPaste(Array(Self.table.prefix(count))).isWhole, "\(count) lines") }
        #expect(TokenPaste(Array(Self.table.prefix(8))).isWhole)
    }

    @Test("a table without the secret ends, and is no token")
    func withoutSecret() {
        let paste = TokenPaste(Self.table.filter { !$0.contains(Self.secret) })
        #expect(paste.isWhole)
        #expect(paste.token(identity: "monitor@pve!martlet") == nil)
    }

    @Test("the row of the secret alone needs the name")
    func row() {
        let paste = TokenPaste([Self.table[7]])
        #expect(paste.isWhole && paste.token() == nil)
        #expect(paste.token(identity: "a@pam!b")?.reveal() == "a@pam!b=\(Self.secret)")
    }

    @Test("halves are told apart")
    func halves() {
        #expect(TokenPaste(["monitor@pve!martlet"]).identity == "monitor@pve!martlet")
        #expect(TokenPaste(["monitor@pve!martlet"]).secret == nil)
        #expect(TokenPaste(["monitor@pve!martlet="]).secret == nil)
        #expect(TokenPaste([Self.secret]).identity == nil)
        #expect(TokenPaste([Self.secret]).secret?.reveal() == Self.secret)
    }

    @Test("what is no token is none", arguments: ["", " ", "what is this", "│", "│ value │", "{\"value\":1}", "!=", "@!=x", "a@b!c=d e"])
    func rubbish(_ text: String) { #expect(TokenPaste([text]).token(identity: "x@y z!") == nil) }

    @Test(
        "what is not quite a token has no half that would be shown",
        arguments: [
            "monitor@pve!martlet\(secret)", "monitor@pve!\(secret)", "monitor@pve!a\(secret)=x", "\(secret)@pve!martlet",
            "monitor@pve! \(secret)",
            "monitor@pve!martlet;\(secret)", "monitor@pve!martlet not-a-secret", "monitor@pve!martlet:a:b", "monitor@pve!1st",
            "pve!martlet",
            "a:b@pve!c \(secret)", "monitor@pve!a!b=\(secret)",
            "{\"full-tokenid\":\"monitor@pve!a\(secret)\"}", "│ full-tokenid │ monitor@pve!a-\(secret) │",
        ])
    func notQuite(_ text: String) {
        let paste = TokenPaste([text])
        #expect(paste.identity == nil)
        #expect(paste.token() == nil)
    }

    @Test("names are told from secrets")
    func identities() {
        for good in ["monitor@pve!martlet", "me@example.org@ad!a", "o'neil@pam!Look_2.b-c"] {
            #expect(TokenIdentity.isWhole(good), "\(good)")
        }
        for bad in ["", "!", "@!a", "a@!b", "a@b!", "a@b!1", "a@b!c d", "a b@c!d", "a@b!c=d", "a@b!c:d", "a@b:c!d", "ü@pve!a"] {
            #expect(!TokenIdentity.isWhole(bad), "\(bad)")
        }
        // A secret may begin with a letter, as a name does.
        #expect(!TokenIdentity.isName("af0e9a52-1d0b-4a57-9d33-0c0a7a1f6a10"))
    }
}
