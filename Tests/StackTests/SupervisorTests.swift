import Glibc
import Primitives
import Testing

@testable import Stack

extension ProcessTests {
    @Suite struct SupervisorTests {
        @Test func aChildThatCrashesIsStartedAgain() async throws {
            let folder = try TemporaryDirectory()
            let log = LogRecorder()
            let supervisor = try Supervisor(paths: folder.state(), logger: log.logger)
            try await supervisor.start([shellService("crasher", .simulators, "echo out; echo x >> \(folder.file("runs")); exit 3")])
            #expect(await eventually { folder.lines(of: "runs").count >= 2 })
            #expect(log.all.contains("crasher exited with status 3; starting it again in 0.5 s"))
            #expect(log.all.contains("log=\(folder.file("log/crasher.log"))"))
            #expect(folder.lines(of: "log/crasher.log").count >= 2)
            #expect(await eventually { supervisor.status["crasher"]?.note == "exited with status 3, starts again within 1 s" })
            await supervisor.stop(withinSeconds: 5)
            #expect(!Files.exists(folder.file("run/crasher.pid")))
        }

        @Test func aChildThatIgnoresTheSignalIsKilledInTime() async throws {
            let folder = try TemporaryDirectory()
            let log = LogRecorder()
            let supervisor = try Supervisor(paths: folder.state(), logger: log.logger)
            let script = "trap '' TERM; echo up > \(folder.file("up")); while :; do sleep 0.05; done"
            try await supervisor.start([shellService("stubborn", .simulators, script)])
            #expect(await eventually { !folder.lines(of: "up").isEmpty })
            let processID = try #require(supervisor.status["stubborn"]?.processID)
            let file = ProcessIdentity(parsing: try Files.readLine(folder.file("run/stubborn.pid")))
            #expect(file == ProcessIdentity.current(processID))
            let before = ContinuousClock.now
            await supervisor.stop(withinSeconds: 0.3)
            #expect(ContinuousClock.now - before >= .milliseconds(300))
            #expect(log.all.contains("stubborn did not end in time and is killed"))
            #expect(log.all.contains("msg=\"stopped stubborn\" how=\"was ended by signal 9 (Killed)\""))
            #expect(ProcessIdentity.current(processID) == nil)
            #expect(try Directory.names(folder.file("run")).isEmpty)
            #expect(supervisor.status["stubborn"] == Supervisor.Status(note: "stopped"))
        }

        @Test func theyEndInTheOppositeOrderOfTheirStart() async throws {
            let folder = try TemporaryDirectory()
            let supervisor = try Supervisor(paths: folder.state(), logger: .silent)
            func polite(_ name: String, _ stage: Service.Stage) -> Service {
                // A moment between signal and end, in which the next one must not get its signal.
                let onSignal =
                    "echo \(name) begins >> \(folder.file("order")); sleep 0.1; echo \(name) ends >> \(folder.file("order")); exit 0"
                return shellService(
                    name, stage, "trap '\(onSignal)' TERM; echo up >> \(folder.file("up")); while :; do sleep 0.02; done")
            }
            try await supervisor.start([polite("c", .exporters), polite("b", .alertmanager), polite("a", .prometheus)])
            #expect(await eventually { folder.lines(of: "up").count == 3 })
            async let first: Void = supervisor.stop(withinSeconds: 10)
            await supervisor.stop(withinSeconds: 10)
            await first
            #expect(folder.lines(of: "order") == ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"])
        }

        @Test func aProgramThatCannotBeStartedIsAnError() async throws {
            let folder = try TemporaryDirectory()
            let supervisor = try Supervisor(paths: folder.state(), logger: .silent)
            let missing = folder.file("no-such-program")
            await #expect {
                try await supervisor.start([service("broken", program: missing)])
            } throws: {
                "\($0)" == "cannot start \(missing): No such file or directory"
            }
            await supervisor.stop(withinSeconds: 1)
        }

        @Test func afterTheStopNothingStarts() async throws {
            let folder = try TemporaryDirectory()
            let supervisor = try Supervisor(paths: folder.state(), logger: .silent)
            await supervisor.stop(withinSeconds: 1)
            await supervisor.stop(withinSeconds: 1)
            await #expect {
                try await supervisor.start([shellService("late", .simulators, "sleep 30")])
            } throws: {
                "\($0)" == "the stack has been stopped"
            }
        }

        @Test func whatAChildLeavesBehindEndsWithIt() async throws {
            let folder = try TemporaryDirectory()
            let supervisor = try Supervisor(paths: folder.state(), logger: .silent)
            let script = "sleep 30 & echo $! >> \(folder.file("left")); exit 1"
            try await supervisor.start([shellService("parent", .simulators, script)])
            #expect(await eventually { !folder.lines(of: "left").isEmpty })
            let left = try #require(folder.lines(of: "left").first.flatMap { Int32($0) })
            #expect(await eventually { ProcessIdentity.current(left) == nil })
            await supervisor.stop(withinSeconds: 5)
        }
    }
}
