import Glibc
import Primitives
import Synchronization
import Testing

@Suite("Programs run to their end")
struct ChildProcessRunTests {
    private func run(_ script: String, seconds: Double = 20, outputBytes: Int = 1 << 20, isUnwanted: Bool = false) async throws
        -> ChildProcess.Outcome
    {
        let request = ChildProcess.Request(program: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/bin:/usr/bin"])
        let result: Result<ChildProcess.Outcome, Failure> = try await withCheckedThrowingContinuation { continuation in
            do {
                try Thread.start("run") {
                    ChildProcess.run(request, by: .after(seconds: seconds), outputBytes: outputBytes, isUnwanted: { isUnwanted }) {
                        continuation.resume(returning: $0)
                    }
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        return try result.get()
    }

    @Test("Output and errors are kept apart, and how it ended")
    func output() async throws {
        let outcome = try await run("echo out; echo err >&2; exit 3")
        #expect(outcome.conclusion == .ended(.exited(status: 3)) && outcome.isGone)
        #expect(outcome.output == Array("out\n".utf8) && outcome.errors == Array("err\n".utf8))
    }

    @Test("More than a pipe holds is read whole")
    func large() async throws {
        let outcome = try await run("head -c 900000 /dev/zero; echo end")
        #expect(outcome.conclusion == .ended(.exited(status: 0)) && outcome.output.count == 900_004)
    }

    @Test("One that prints more than the limit is killed", arguments: ["yes", "head -c 2000 /dev/zero"])
    func verbose(script: String) async throws {
        let outcome = try await run(script, outputBytes: 1000)
        #expect(outcome.conclusion == .verbose && outcome.output.count == 1000 && outcome.isGone)
    }

    @Test("Errors without end hold nothing up")
    func errors() async throws {
        let outcome = try await run("head -c 300000 /dev/zero >&2; echo done")
        #expect(outcome.conclusion == .ended(.exited(status: 0)) && outcome.errors.count == 4096 && outcome.output == Array("done\n".utf8))
    }

    @Test("One that is late is killed, also when it has closed its output")
    func late() async throws {
        for script in ["sleep 600", "exec sleep 600 >&- 2>&-", "trap '' TERM INT; while :; do sleep 1; done"] {
            let begin = ContinuousClock.now
            let outcome = try await run(script, seconds: 0.3)
            #expect(outcome.conclusion == .late && outcome.isGone)
            #expect((ContinuousClock.now - begin).seconds < 5)
        }
    }

    @Test("What it leaves behind holds nothing up")
    func leftovers() async throws {
        let outcome = try await run("sleep 600 & echo done")
        #expect(outcome.conclusion == .ended(.exited(status: 0)) && outcome.output == Array("done\n".utf8))
    }

    @Test("One that nobody wants any more is killed")
    func unwanted() async throws {
        #expect(try await run("sleep 600", isUnwanted: true).conclusion == .unwanted)
    }
}
