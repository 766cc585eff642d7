import Primitives

/// A password's bcrypt hash as `htpasswd -B` prints it: `$2y$10$`, a salt of 22 characters, a digest of 31. Prints as `***`.
package struct BcryptHash: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Why a text is no hash that can be used.
    package enum Problem: Error, Equatable {
        /// Not bcrypt at all, or cut short: the text may be the password itself.
        case shape
        /// `$2x$`: made by an implementation that took some passwords for others.
        case brokenVariant
        case cost(Int)
    }

    /// bcrypt's least, and the most that fits: each step doubles the work, and a check of 15 takes two seconds or three of the ten
    /// that a scrape has, and one of 31 would keep everybody else waiting for a day and a half.
    package static let costs = 4...15

    /// The work of a check is 2 to the power of this.
    package let cost: Int
    private let salt: String
    let digest: String

    private init(cost: Int, salt: String, digest: String) {
        self.cost = cost
        self.salt = salt
        self.digest = digest
    }

    /// Reads `$2a$`, `$2b$` or `$2y$`, which differ in their makers only.
    package init(parsing text: String) throws(Problem) {
        let bytes = Array(text.utf8)
        guard bytes.count == 60, bytes.prefix(2).elementsEqual("$2".utf8), bytes[3] == UInt8(ascii: "$"), bytes[6] == UInt8(ascii: "$"),
            bytes[4...5].allSatisfy({ 0x30...0x39 ~= $0 }), bytes[7...].allSatisfy(Self.isOfAlphabet)
        else { throw .shape }
        guard [UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "y")].contains(bytes[2]) else {
            throw bytes[2] == UInt8(ascii: "x") ? .brokenVariant : .shape
        }
        let cost = Int(bytes[4] - 0x30) * 10 + Int(bytes[5] - 0x30)
        guard Self.costs.contains(cost) else { throw .cost(cost) }
        self.init(
            cost: cost, salt: String(decoding: bytes[7..<29], as: UTF8.self), digest: String(decoding: bytes[29...], as: UTF8.self))
    }

    /// A hash that no password is known for: comparing with it takes as long as with a real one of that cost.
    static func dummy(cost: Int) -> BcryptHash {
        BcryptHash(cost: cost.clamped(to: costs), salt: String(repeating: ".", count: 22), digest: String(repeating: ".", count: 31))
    }

    /// What bcrypt is told: variant, cost and salt. Always `b`, as it is in C what the others are elsewhere.
    var setting: String { "$2b$\(cost < 10 ? "0" : "")\(cost)$\(salt)" }

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    private static func isOfAlphabet(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
