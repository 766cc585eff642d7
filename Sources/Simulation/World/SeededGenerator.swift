import Glibc

/// A stream of numbers that depends on nothing but what it was seeded with (SplitMix64), in every process and release alike.
struct SeededGenerator: Sendable {
    private var state: UInt64

    /// - Parameter purpose: separates the streams of one seed, so that a new stream leaves the others as they were.
    init(seed: UInt64, _ purpose: StaticString, _ index: Int = 0) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in UnsafeBufferPointer(start: purpose.utf8Start, count: purpose.utf8CodeUnitCount) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        state = Self.mixed(seed ^ Self.mixed(hash) ^ Self.mixed(UInt64(bitPattern: Int64(index)) &* 0x9E37_79B9_7F4A_7C15))
    }

    /// The next 64 bits.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    /// A number from 0 up to, but not, 1.
    mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number between the two, all equally likely.
    mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * fraction() }

    /// Between two positive numbers, with small ones as frequent as large ones are by their order of magnitude.
    mutating func logUniform(_ low: Double, _ high: Double) -> Double { exp(uniform(log(low), log(high))) }

    /// A whole number from 0 up to, but not, `bound`.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

    /// So many digits, in lower case.
    mutating func hexadecimal(digits: Int) -> String {
        String(decoding: (0..<digits).map { _ in Self.digits[below(16)] }, as: UTF8.self)
    }

    /// A UUID of no version.
    mutating func uuid() -> String { [8, 4, 4, 4, 12].map { hexadecimal(digits: $0) }.joined(separator: "-") }

    private static let digits = Array("0123456789abcdef".utf8)

    /// Puts the elements in an order of its own.
    mutating func shuffle<Element>(_ elements: inout [Element]) {
        for index in elements.indices.dropFirst().reversed() { elements.swapAt(index, below(index + 1)) }
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
