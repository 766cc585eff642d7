import Glibc

/// An IPv4 address as a number.
struct IPv4: Equatable, CustomStringConvertible {
    private let number: UInt32

    private init(number: UInt32) { self.number = number }

    /// Reads `127.0.0.1`.
    init?(_ text: String) {
        var address = in_addr()
        guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
        number = UInt32(bigEndian: address.s_addr)
    }

    /// The address so many places further on.
    func advanced(by offset: Int) -> IPv4 { IPv4(number: number &+ UInt32(truncatingIfNeeded: offset)) }

    /// `127.0.0.1`
    var description: String { [24, 16, 8, 0].map { String(number >> UInt32($0) & 0xFF) }.joined(separator: ".") }
}
