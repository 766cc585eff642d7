/// Writes XDR (RFC 4506): big-endian, in steps of four bytes.
struct XDRWriter {
    private(set) var bytes: [UInt8] = []

    init() {}

    mutating func unsignedInteger(_ value: UInt32) { append(UInt64(value), bytes: 4) }
    mutating func integer(_ value: Int32) { unsignedInteger(UInt32(bitPattern: value)) }
    /// A count or number of ours, kept within what 32 bits hold.
    mutating func integer(_ value: Int) { integer(Int32(clamping: value)) }
    mutating func count(_ value: Int) { unsignedInteger(UInt32(clamping: value)) }
    mutating func unsignedHyper(_ value: UInt64) { append(value, bytes: 8) }
    mutating func hyper(_ value: Int64) { unsignedHyper(UInt64(bitPattern: value)) }
    mutating func double(_ value: Double) { unsignedHyper(value.bitPattern) }
    mutating func boolean(_ value: Bool) { unsignedInteger(value ? 1 : 0) }

    /// Without a count: both sides know it.
    mutating func fixedOpaque(_ value: [UInt8]) {
        bytes += value
        bytes.append(contentsOf: repeatElement(0, count: (4 - value.count % 4) % 4))
    }

    mutating func opaque(_ value: [UInt8]) {
        count(value.count)
        fixedOpaque(value)
    }

    mutating func string(_ value: String) { opaque(Array(value.utf8)) }

    mutating func optionalString(_ value: String?) {
        boolean(value != nil)
        if let value { string(value) }
    }

    /// An array with its count before it.
    mutating func array<Element>(_ elements: some Collection<Element>, _ write: (inout XDRWriter, Element) -> Void) {
        count(elements.count)
        for element in elements { write(&self, element) }
    }

    /// Bytes that XDR has written already.
    mutating func append(_ written: [UInt8]) { bytes += written }

    private mutating func append(_ value: UInt64, bytes count: Int) {
        for shift in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> (UInt64(shift) * 8))) }
    }
}
