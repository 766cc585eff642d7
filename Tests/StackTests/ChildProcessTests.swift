import Glibc
import Primitives
import Synchronization
import Testing

@testable import Stack

extension ProcessTests {
    @Suite struct ChildProcessTests {
        private func run(_ script: String, directory: String? = nil) throws -> (ChildProcess.End?, String) {
            let folder = try TemporaryDirectory()
            let output = try ChildProcess.openOutput(folder.file("out"), appending: false)
            defer { close(output) }
            let request = ChildProcess.Request(
                program: "/bin/sh", arguments: ["-c", script], environment: ["A": "b c"], directory: directory)
            let child = try ChildProcess(starting: request, output: output)
            let end = child.waitForEnd(until: .after(seconds: 10))
            return (end, try Files.readLine(folder.file("out")))
        }

        @Test func itSeesItsArgumentsVariablesAndDirectoryAndNoDescriptorOfOurs() throws {
            // Without close-on-exec, as a careless library opens them.
            let open = [dup(STDERR_FILENO), dup(STDERR_FILENO)]
            defer { for descriptor in open { close(descriptor) } }
            let count = "n=0; i=3; while [ $i -lt 100 ]; do [ -e /proc/$$/fd/$i ] && n=$i; i=$((i+1)); done; echo $n"
            let (end, output) = try run("pwd; echo $A; echo err >&2; \(count)", directory: "/usr")
            #expect(end == .exited(status: 0))
            #expect(output == "/usr\nb c\nerr\n0")
        }

        @Test func itsEndIsToldInWords() throws {
            let (exited, _) = try run("exit 7")
            #expect("\(try #require(exited))" == "exited with status 7")
            let (killed, _) = try run("kill -9 $$")
            #expect("\(try #require(killed))" == "was ended by signal 9 (Killed)")
        }

        @Test func itEndsWithTheThreadThatStartedIt() async throws {
            let ended: ChildProcess.End? = await withCheckedContinuation { continuation in
                let handover = Mutex<Int32>(0)
                let watcher: @Sendable () -> Void = {
                    // Another thread looks on while the one that started the child is gone.
                    var status: Int32 = 0
                    let processID = handover.withLock { $0 }
                    let isBuried = processID > 0 && waitpid(processID, &status, 0) == processID
                    continuation.resume(returning: isBuried ? .killed(signal: status & 0x7F) : nil)
                }
                do {
                    try Thread.start("starter") {
                        let request = ChildProcess.Request(program: "/bin/sleep", arguments: ["30"])
                        let child = try? ChildProcess(starting: request, output: STDERR_FILENO)
                        handover.withLock { $0 = child?.processID ?? 0 }
                        do { try Thread.start("watcher", watcher) } catch { watcher() }
                    }
                } catch {
                    continuation.resume(returning: nil)
                }
            }
            #expect(ended == .killed(signal: SIGKILL))
        }
    }
}
