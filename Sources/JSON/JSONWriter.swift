import Primitives

/// Writes JSON into bytes, in the order of the calls; commas come by themselves.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(reservingBytes capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// `{ … }`
    @inlinable
    package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        open(UInt8(ascii: "{"))
        try body(&self)
        close(UInt8(ascii: "}"))
    }

    /// `[ … ]`
    @inlinable
    package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        open(UInt8(ascii: "["))
        try body(&self)
        close(UInt8(ascii: "]"))
    }

    /// `"name":`, followed by one value. The name is taken as it stands: plain letters only.
    package mutating func key(_ name: StaticString) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(utf8: name)
        bytes.append(utf8: "\":" as StaticString)
        needsComma = false
    }

    /// `"name":` of any text.
    package mutating func key(text name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ text: String) {
        comma()
        bytes.append(quoted: text)
    }

    /// A number; what is not finite becomes null, as JSON has no word for it.
    package mutating func number(_ value: Double) {
        comma()
        if value.isFinite { bytes.append(finite: value) } else { bytes.append(utf8: "null" as StaticString) }
    }

    package mutating func integer(_ value: Int) {
        comma()
        bytes.append(decimal: Int64(value))
    }

    package mutating func bool(_ value: Bool) {
        comma()
        bytes.append(utf8: value ? "true" : "false" as StaticString)
    }

    package mutating func null() {
        comma()
        bytes.append(utf8: "null" as StaticString)
    }

    // MARK: name and value in one

    package mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }
    package mutating func member(_ name: StaticString, _ value: Int) {
        key(name)
        integer(value)
    }
    package mutating func member(_ name: StaticString, _ value: Double) {
        key(name)
        number(value)
    }
    package mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        bool(value)
    }

    @usableFromInline
    package mutating func open(_ bracket: UInt8) {
        comma()
        bytes.append(bracket)
        needsComma = false
    }

    @usableFromInline
    package mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }
}
