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

    @Test("The version's line")
    func version() {
        let version = Version(number: "0.1.0", revision: "1a2b3c4", swift: "6.3")
        #expect(version.line == "martlet 0.1.0 (revision 1a2b3c4, Swift 6.3)")
    }
}
