import Glibc
import Primitives
import Testing

@testable import Stack

extension ProcessTests {
    @Suite struct StaleChildrenTests {
        /// A child that lives on when the thread of the test goes.
        private func sleeper() throws -> ChildProcess {
            var request = ChildProcess.Request(program: "/bin/sleep", arguments: ["30"])
            request.deathSignal = 0
            return try ChildProcess(starting: request, output: STDERR_FILENO)
        }

        @Test func aChildOfAnEarlierRunIsEndedAndItsFileRemoved() throws {
            let folder = try TemporaryDirectory()
            let paths = try folder.state()
            let child = try sleeper()
            let identity = try #require(ProcessIdentity.current(child.processID))
            try folder.write(identity.text, to: "run/prometheus.pid")
            try StaleChildren(paths: paths, logger: .silent).end()
            #expect(child.reap() == .killed(signal: SIGTERM))
            #expect(try Directory.names(paths.path("run")).isEmpty)
        }

        @Test func aProcessThatOnlyHasTheSameNumberIsLeftAlone() throws {
            let folder = try TemporaryDirectory()
            let paths = try folder.state()
            let child = try sleeper()
            let identity = try #require(ProcessIdentity.current(child.processID))
            try folder.write("\(identity.processID) \(identity.startTicks - 1) \(identity.boot)\n", to: "run/a.pid")
            try folder.write("rubbish", to: "run/b.pid")
            try StaleChildren(paths: paths, logger: .silent).end()
            #expect(child.reap() == nil)
            #expect(try Directory.names(paths.path("run")).isEmpty)
            child.signalGroup(SIGKILL)
            #expect(child.waitForEnd(until: .after(seconds: 10)) == .killed(signal: SIGKILL))
        }
    }
}
