import Glibc
import Primitives
import Testing

@testable import Stack

@Suite struct ProcessIdentityTests {
    private let stat =
        "42 (a) b (c) S 1 42 42 0 -1 4194304 1 0 0 0 3 4 0 0 20 0 5 0 98765 1000 10 18446744073709551615 1 1 0 0 0 0 0 0 0\n"

    @Test func theNameMayHoldSpacesAndParentheses() throws {
        let fields = try #require(ProcessIdentity.fields(of: stat))
        #expect(fields.state == "S")
        #expect(fields.startTicks == 98765)
    }

    @Test(arguments: ["", "42", "42 (a", "42 (a) S 1 2", "42 (a) S 1 42 42 0 -1 4194304 1 0 0 0 3 4 0 0 20 0 5 0 x 1000"])
    func aLineThatIsNoneHasNoFields(line: String) { #expect(ProcessIdentity.fields(of: line) == nil) }

    @Test func aProcessFileReadsBack() throws {
        let identity = ProcessIdentity(processID: 42, startTicks: 98765, boot: "b-1")
        #expect(identity.text == "42 98765 b-1\n")
        #expect(ProcessIdentity(parsing: identity.text) == identity)
    }

    @Test(arguments: ["", "42", "42 1", "x 1 b", "42 x b", "42 1 b c", "0 1 b", "1 1 b", "-5 1 b", "99999999999 1 b"])
    func aProcessFileThatIsNoneIsNothing(text: String) { #expect(ProcessIdentity(parsing: text) == nil) }

    @Test func thisProcessIsItselfAndNoOther() throws {
        let own = try #require(ProcessIdentity.current(getpid()))
        #expect(own.isAlive())
        let earlier = ProcessIdentity(processID: own.processID, startTicks: own.startTicks - 1, boot: own.boot)
        #expect(!earlier.isAlive())
        let otherBoot = ProcessIdentity(processID: own.processID, startTicks: own.startTicks, boot: "other")
        #expect(!otherBoot.isAlive())
    }

    @Test(arguments: [("S", true), ("D", true), ("Z", false), ("X", false)])
    func whatHasEndedIsNotAlive(state: String, isAlive: Bool) throws {
        let proc = try TemporaryDirectory()
        for folder in ["42", "sys/kernel/random"] { try Files.makeDirectory(proc.file(folder)) }
        try proc.write("b-1\n", to: "sys/kernel/random/boot_id")
        try proc.write(stat.replacing(") S ", with: ") \(state) "), to: "42/stat")
        let identity = ProcessIdentity(processID: 42, startTicks: 98765, boot: "b-1")
        #expect(identity.isAlive(proc: proc.path) == isAlive)
        #expect(ProcessIdentity.current(43, proc: proc.path) == nil)
    }
}
