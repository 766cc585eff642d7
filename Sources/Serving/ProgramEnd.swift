import Glibc
package import Primitives

/// How a program ends.
package enum ProgramEnd {
    /// Prints the text and leaves: with 1 when it could not be written.
    package static func finish(_ text: String) -> Never {
        let isWritten = Files.writeAll(Array(text.utf8), to: STDOUT_FILENO)
        leave(isWritten ? 0 : 1)
    }

    /// `PROGRAM: …` on stderr; status 2 for a wrong command line, 1 for everything else.
    package static func fail(_ failure: Failure, of program: String) -> Never {
        let line = failure.description.split(whereSeparator: \.isNewline).joined(separator: " ")
        Files.writeAll(Array("\(program): \(line)\n".utf8), to: STDERR_FILENO)
        leave(failure.code == .usage ? 2 : 1)
    }

    /// Ends the process at once. `exit` would first destroy the globals of C++ libraries, while other threads still work with them.
    package static func leave(_ status: Int32) -> Never { _exit(status) }
}
