/// How a field's bytes are delimited.
package enum WireType: UInt8, Sendable {
    case varint = 0
    case fixed64 = 1
    /// A length, then as many bytes.
    case length = 2
    case startGroup = 3
    case endGroup = 4
    case fixed32 = 5
}
