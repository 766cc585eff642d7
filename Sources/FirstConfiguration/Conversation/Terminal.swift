import Glibc
package import Primitives
import Synchronization

/// A person at a terminal. What is hidden is not echoed, and the terminal is as it was whichever way the program ends.
package final class Terminal: Conversation {
    private struct State {
        /// As the terminal was before its echo was turned off.
        var before: termios?
        /// Bytes behind the last line that was read.
        var rest: [UInt8] = []
    }

    private let state = Mutex(State())
    /// Longer lines are no answers.
    private static let lineLimit = 16384

    package init() {}

    /// Whether somebody can be asked: both what is shown and what is typed is at a terminal.
    package static var isThere: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    /// How long lines may be at a terminal: its width, and no more than can be read well.
    package static func columns(of descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 else { return WrappedText.width }
        return min(100, Int(size.ws_col))
    }

    package var isAttended: Bool { true }

    package func show(_ text: String) { Files.writeAll(Array((text + "\n").utf8), to: STDOUT_FILENO) }

    package func answer(_ question: Question) async throws(Failure) -> String {
        while true {
            let standard = question.standard.map { " [\($0)]" } ?? ""
            prompt("\(question.text)\(standard): ")
            let line = try await line()
            if !line.isEmpty { return line }
            if let standard = question.standard { return standard }
            show(question.hint)
        }
    }

    package func hiddenAnswer(_ question: Question, isWhole: @escaping @Sendable ([String]) -> Bool) async throws(Failure) -> [String] {
        try hide()
        defer { restore() }
        prompt("\(question.text): ")
        var lines: [String] = []
        repeat { lines.append(try await line()) } while !isWhole(lines)
        // What was pasted behind it is no answer to the next question, and must not be seen either.
        try? await Task.sleep(for: .milliseconds(200))
        show("")
        return lines
    }

    /// Shows what is typed again, and forgets what was typed and not read. Does nothing when nothing is hidden; from any thread.
    package func restore() {
        state.withLock { state in
            guard var before = state.before else { return }
            state.before = nil
            state.rest = []
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
        }
    }

    private func hide() throws(Failure) {
        let isHidden = state.withLock { state in
            var settings = termios()
            guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return false }
            let before = settings
            settings.c_lflag &= ~tcflag_t(ECHO)
            // Who stops the program here, or has it dump its memory, would be left with a terminal that shows nothing.
            withUnsafeMutableBytes(of: &settings.c_cc) { keys in
                for key in [VSUSP, VQUIT] where keys.indices.contains(Int(key)) { keys[Int(key)] = 0 }
            }
            // Known before it is needed: a signal may come between.
            state.before = before
            return tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) == 0
        }
        guard isHidden else {
            restore()
            throw Failure(.environment, "cannot turn off the terminal's echo, and a secret would be seen: \(systemMessage(errno))")
        }
    }

    private func prompt(_ text: String) { Files.writeAll(Array(text.utf8), to: STDOUT_FILENO) }

    /// The next line. Waits on a thread of its own, as the reading blocks.
    private func line() async throws(Failure) -> String {
        let result: Result<String, Failure> = await withCheckedContinuation { continuation in
            do throws(Failure) {
                try Thread.start("terminal") { [self] in
                    continuation.resume(returning: Result { () throws(Failure) in try readLine() })
                }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    private func readLine() throws(Failure) -> String {
        while true {
            if let line = takeLine() { return line }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(.environment, "the input has ended, and nothing was written") }
            let length = state.withLock { state in
                state.rest += bytes.prefix(count)
                return state.rest.count
            }
            guard length <= Self.lineLimit else {
                throw Failure(.limit, "a line of the input is longer than any answer; nothing was written")
            }
        }
    }

    private func takeLine() -> String? {
        state.withLock { state in
            guard let end = state.rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            defer { state.rest.removeFirst(end + 1) }
            var line = state.rest[..<end]
            while let last = line.last, last <= 0x20 { line.removeLast() }
            while let first = line.first, first <= 0x20 { line.removeFirst() }
            return String(decoding: line, as: UTF8.self)
        }
    }
}
