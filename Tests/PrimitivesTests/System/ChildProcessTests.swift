import Glibc
import Primitives
import Testing

@Suite("Child processes")
struct ChildProcessTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// What came of a shell script that ran on a thread of its own.
    private func run(_ script: String, _ change: @escaping @Sendable (inout ChildProcess.Request) -> Void = { _ in }) async throws -> (
        end: ChildProcess.End?, output: String
    ) {
        let output = "\(folder.path)/output"
        let end: Result<ChildProcess.End?, Failure> = try await onThread {
            do throws(Failure) {
                var request = ChildProcess.Request(program: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/bin:/usr/bin"])
                change(&request)
                let descriptor = try ChildProcess.openOutput(output, appending: false)
                defer { close(descriptor) }
                let child = try ChildProcess(starting: request, output: descriptor)
                return .success(child.waitForEnd(until: .after(seconds: 20)))
            } catch {
                return .failure(error)
            }
        }
        return (try end.get(), String(decoding: try Files.read(output), as: UTF8.self))
    }

    /// Runs blocking work on a thread that lasts as long as the work: a child ends with the thread that started it.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try Thread.start("child") { continuation.resume(returning: body()) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    static let ends: [(String, ChildProcess.End, String)] = [
        ("true", .exited(status: 0), "exited with status 0"), ("exit 7", .exited(status: 7), "exited with status 7"),
        ("kill -KILL $$", .killed(signal: SIGKILL), "was ended by signal 9 (Killed)"),
        ("kill -TERM $$", .killed(signal: SIGTERM), "was ended by signal 15 (Terminated)"),
    ]

    @Test("How it ended, and in words", arguments: ends)
    func end(_ script: String, _ expected: ChildProcess.End, _ words: String) async throws {
        let end = try await run(script).end
        #expect(end == expected)
        #expect(end?.description == words)
    }

    @Test("Output and errors go to the descriptor; the environment is the one given; nothing is inherited but that")
    func surroundings() async throws {
        let folder = folder.path
        let result = try await run("echo $WORD; echo bad >&2; pwd; env | grep -c . ; ls /proc/self/fd | wc -l; cat") {
            $0.environment["WORD"] = "said"
            $0.directory = folder
        }
        // PATH, WORD, and what the shell itself exports: PWD, and _ in some. Descriptors: 0, 1, 2 and that of the listing.
        let lines = result.output.split(separator: "\n")
        #expect(lines.prefix(3) == ["said", "bad", Substring(folder)])
        #expect(lines.last == "4")
        #expect(result.end == .exited(status: 0))
    }

    @Test(
        "A program that cannot be started is named with the reason",
        arguments: [("/nowhere/at/all", "No such file or directory"), ("/etc", "Permission denied")])
    func unstartable(_ program: String, _ reason: String) async throws {
        await #expect("cannot start \(program): \(reason)") {
            _ = try await run("") { $0.program = program }
        } throws: { "\($0)" == "cannot start \(program): \(reason)" }
    }

    @Test("A deadline ends the waiting, a signal reaches the whole group")
    func signals() async throws {
        let output = "\(folder.path)/output"
        let ends = try await onThread { () -> [ChildProcess.End?] in
            guard let descriptor = try? ChildProcess.openOutput(output, appending: true) else { return [] }
            defer { close(descriptor) }
            // The group's second member holds the descriptor of a shell that waits for it.
            let request = ChildProcess.Request(
                program: "/bin/sh", arguments: ["-c", "sleep 600 & wait"], environment: ["PATH": "/bin:/usr/bin"])
            guard let child = try? ChildProcess(starting: request, output: descriptor) else { return [] }
            let early = child.waitForEnd(until: .after(seconds: 0))
            child.signalGroup(SIGTERM)
            let late = child.waitForEnd(until: .after(seconds: 20))
            child.signalGroup(SIGTERM)
            return [early, late, child.reap()]
        }
        #expect(ends == [nil, .killed(signal: SIGTERM), .killed(signal: SIGTERM)])
    }
}
