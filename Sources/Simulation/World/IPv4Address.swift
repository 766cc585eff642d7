import Glibc
import Primitives

/// An IPv4 address that can be counted on.
struct IPv4Address: Sendable, Equatable, CustomStringConvertible {
    /// The address as a number, the first part highest.
    let bits: UInt32

    init(bits: UInt32) { self.bits = bits }

    init(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) {
        bits = UInt32(first) << 24 | UInt32(second) << 16 | UInt32(third) << 8 | UInt32(fourth)
    }

    /// nil when the text is not a dotted address.
    init?(_ text: String) {
        var address = in_addr()
        guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
        bits = UInt32(bigEndian: address.s_addr)
    }

    /// The first of `count` addresses that a flag asks for.
    ///
    /// Errors: no address, or one that so many others do not follow on.
    init(first text: String, of count: Int, origin: String) throws(Failure) {
        guard let address = IPv4Address(text) else {
            throw Failure(.usage, "\(origin) \"\(HostileText.oneLine(text))\" is not an IPv4 address")
        }
        guard UInt64(address.bits) + UInt64(max(0, count)) <= UInt64(UInt32.max) else {
            throw Failure(.usage, "\(origin) \(address): there are no \(count) addresses from there on")
        }
        self = address
    }

    /// The address so many places further on.
    func advanced(by count: Int) -> IPv4Address { IPv4Address(bits: bits &+ UInt32(truncatingIfNeeded: count)) }

    var description: String { "\(bits >> 24).\(bits >> 16 & 0xFF).\(bits >> 8 & 0xFF).\(bits & 0xFF)" }
}
