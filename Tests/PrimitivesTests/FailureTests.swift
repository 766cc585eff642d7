import Primitives
import Testing

@Suite("Failure")
struct FailureTests {
    @Test("It reads as one line, with what brought it about behind it")
    func description() {
        let cause = Failure(.environment, "cannot read a: No such file or directory")
        #expect("\(cause)" == "cannot read a: No such file or directory")
        #expect(
            "\(Failure(.configuration, "no configuration", cause: cause))" == "no configuration: cannot read a: No such file or directory")
        #expect(Failure(.usage, "x").code == .usage)
    }

    @Test("What others wrote cannot break the line or move the cursor")
    func controlCharacters() {
        let failure = Failure(.malformed, "no \"a\nb\r\u{1B}[2J\u{7F}\u{9B}é\u{1}😀\"")
        #expect(failure.message == #"no "a\u000ab\u000d\u001b[2J\u007f\u009bé\u0001😀""#)
        #expect(failure.description == failure.message)
        #expect(Failure(.malformed, "a\u{202E}b\u{2028}c\u{200B}\u{E0041}").message == #"a\u202eb\u2028c\u200b\udb40\udc41"#)
    }

    @Test("Of a message that repeats too much, the middle goes")
    func length() {
        let longest = "f.yml:1:1: \(String(repeating: "x", count: 878)); mend it"
        #expect(Failure(.malformed, longest).message == longest)
        for letter in ["x", "é", "😀", "\n"] {
            let message = Failure(.malformed, "f.yml:1:1: \(String(repeating: letter, count: 100_000)); mend it").message
            #expect(message.utf8.count < 900)
            #expect(message.hasPrefix("f.yml:1:1: ") && message.hasSuffix("; mend it"))
        }
    }

    @Test("The version's line")
    func version() {
        let version = Version(number: "0.1.0", revision: "1a2b3c4", swift: "6.3")
        #expect(version.line == "martlet 0.1.0 (revision 1a2b3c4, Swift 6.3)")
    }
}
