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
