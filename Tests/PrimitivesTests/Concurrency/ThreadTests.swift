import Glibc
import Primitives
import Testing

@Suite("Thread")
struct ThreadTests {
    static let names: [(String, String)] = [
        ("short", "short"), ("exactly-fifteen", "exactly-fifteen"), ("sixteen-letters!", "sixteen-letters"),
        ("ééééééééé", "ééééééé"), ("a😀😀😀😀", "a😀😀😀"), ("", ""),
    ]

    @Test("It runs under its name, cut to whole characters that fit", arguments: names)
    func name(_ name: String, _ expected: String) async throws {
        let seen: String = try await withCheckedThrowingContinuation { continuation in
            do {
                try Thread.start(name) {
                    continuation.resume(with: Result { try Files.readLine("/proc/thread-self/comm") })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        #expect(seen == expected)
    }

    /// One that took SIGTERM would end the process without a word.
    @Test("It takes no signal that is waited for, and who starts it takes them as before")
    func signals() async throws {
        let seen = OneAnswer<[Bool]>()
        let before = Self.blocked()
        try Thread.start("masked") { seen.give(Self.blocked()) }
        #expect(Self.blocked() == before)
        #expect(await seen.value == [true, true, true, before[3]])
    }

    /// Whether the calling thread takes none of SIGHUP, SIGINT, SIGTERM and SIGCHLD.
    private static func blocked() -> [Bool] {
        var mask = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &mask)
        return [SIGHUP, SIGINT, SIGTERM, SIGCHLD].map { sigismember(&mask, $0) == 1 }
    }

    @Test("What it held is let go when it ends")
    func release() async throws {
        final class Held: Sendable {
            let released: CheckedContinuation<Void, Never>
            init(_ released: CheckedContinuation<Void, Never>) { self.released = released }
            deinit { released.resume() }
        }
        await withCheckedContinuation { continuation in
            let held = Held(continuation)
            try? Thread.start("holder") { _ = held }
        }
    }
}
