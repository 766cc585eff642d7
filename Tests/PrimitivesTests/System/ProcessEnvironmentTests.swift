import Glibc
import Primitives
import Testing

@Suite("The process and its programs")
struct ProcessEnvironmentTests {
    @Test("Variables are those that getenv finds")
    func variables() throws {
        let path = try #require(getenv("PATH").map { String(cString: $0) })
        #expect(ProcessEnvironment.all["PATH"] == path)
        #expect(!ProcessEnvironment.hostName.isEmpty)
    }

    @Test("Programs are found on PATH, by their path, or not")
    func programs() {
        #expect(ProcessEnvironment.findProgram("sh", path: "/nowhere::/bin") == "/bin/sh")
        #expect(ProcessEnvironment.findProgram("/bin/sh", path: "") == "/bin/sh")
        #expect(ProcessEnvironment.findProgram("/bin/none") == nil)
        #expect(ProcessEnvironment.findProgram("sh", path: "") == nil)
        #expect(ProcessEnvironment.findProgram("none-of-that-name") == nil)
    }

    static let messages: [(Int32, String)] = [
        (ENOENT, "No such file or directory"), (EADDRINUSE, "Address already in use"), (99_999, "error 99999"), (-1, "error -1"),
    ]

    @Test("Errors of the system in words", arguments: messages)
    func message(_ code: Int32, _ expected: String) { #expect(systemMessage(code) == expected) }
}
