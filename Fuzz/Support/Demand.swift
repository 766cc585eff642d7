import Glibc

/// Ends the program unless the condition holds; libFuzzer then keeps the input.
package func demand(_ condition: Bool, _ expectation: @autoclosure () -> String) {
    if condition { return }
    let line = "demanded: \(expectation())\n"
    _ = Array(line.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    abort()
}

/// What every message must be: one line, short, without a byte that a terminal obeys.
package func demandFitForTerminal(_ message: String) {
    demand(!message.isEmpty, "an error says something")
    demand(message.utf8.count < 1_000, "an error is short, not \(message.utf8.count) bytes")
    demand(
        message.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) },
        "an error is one line without control characters: \(message.debugDescription)")
}
