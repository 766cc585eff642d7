import CharConvShim

// Text written as bytes: the building blocks of exposition, JSON and log lines. None of them allocates beyond the array's growth.

extension [UInt8] {
    package mutating func append(utf8 text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }

    package mutating func append(utf8 text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// The integer in decimal digits.
    @inlinable
    package mutating func append(decimal value: Int64) {
        if value >= 0 && value < 10 {
            append(0x30 &+ UInt8(truncatingIfNeeded: value))
            return
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var position = 20
            var rest = value.magnitude
            repeat {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                position -= 1
                digits[position] = 0x30 &+ UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest != 0
            if value < 0 {
                position -= 1
                digits[position] = 0x2D
            }
            append(contentsOf: UnsafeBufferPointer(rebasing: digits[position..<20]))
        }
    }

    /// A finite number in its shortest form that reads back to the same value; whole numbers without a fraction.
    @inlinable
    package mutating func append(finite value: Double) {
        // Past 1e15 the shortest form is the exponent's.
        if value.magnitude < 1e15, let whole = Int64(exactly: value) {
            append(decimal: whole)
        } else {
            append(fraction: value)
        }
    }

    @usableFromInline
    package mutating func append(fraction value: Double) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
            guard let start = text.baseAddress else { return }
            let count = mlt_format_double(value, start)
            UnsafeRawBufferPointer(start: start, count: count).withMemoryRebound(to: UInt8.self) { append(contentsOf: $0) }
        }
    }
}
