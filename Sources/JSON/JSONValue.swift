import SimdJSONShim

/// A value of a `JSONDocument`. It points into the document: keep it inside the closure that handed it out.
///
/// Reading is lenient: a number may be written as a string, a Bool as 0 or 1. What is absent, null or of another kind is nil.
package struct JSONValue {
    let place: mlt_json_place

    package var isNull: Bool { mlt_json_kind_of(place) == mlt_json_null }
    package var isObject: Bool { mlt_json_kind_of(place) == mlt_json_object }
    package var isArray: Bool { mlt_json_kind_of(place) == mlt_json_array }
    /// Whether it is written as text, for those who must not be lenient.
    package var isString: Bool { mlt_json_kind_of(place) == mlt_json_string }
    /// Whether it is written as true or false.
    package var isBoolean: Bool { mlt_json_kind_of(place) == mlt_json_true || mlt_json_kind_of(place) == mlt_json_false }

    /// A finite number: of a number, of text that is one, or 1 and 0 of true and false.
    package var number: Double? {
        switch mlt_json_kind_of(place) {
        case mlt_json_int64: Double(mlt_json_int64_of(place))
        case mlt_json_uint64: Double(mlt_json_uint64_of(place))
        case mlt_json_double: mlt_json_double_of(place)
        case mlt_json_true: 1
        case mlt_json_false: 0
        case mlt_json_string: numberOfText
        default: nil
        }
    }

    /// A whole number by the same rules: any that fits when it is written as one, else within ±2⁵³.
    package var integer: Int? {
        if mlt_json_kind_of(place) == mlt_json_int64 { return Int(mlt_json_int64_of(place)) }
        guard let number, number.magnitude <= 9_007_199_254_740_992 else { return nil }
        return Int(exactly: number)
    }

    /// true of true, a number that is not 0, `"1"`, `"true"`, `"yes"` and `"on"`.
    package var flag: Bool? {
        if let number { return number != 0 }
        switch text {
        case "true", "yes", "on": return true
        case "false", "no", "off", "": return false
        default: return nil
        }
    }

    /// The text of a string; a number or Bool as it would be written.
    package var text: String? {
        switch mlt_json_kind_of(place) {
        case mlt_json_string: withText { String(decoding: $0, as: UTF8.self) }
        case mlt_json_int64: String(mlt_json_int64_of(place))
        case mlt_json_uint64: String(mlt_json_uint64_of(place))
        case mlt_json_double: "\(mlt_json_double_of(place))"
        case mlt_json_true: "true"
        case mlt_json_false: "false"
        default: nil
        }
    }

    /// The member of that name; nil also when this is no object. Of a name given twice, the first.
    package subscript(name: StaticString) -> JSONValue? {
        var found: JSONValue?
        forEachMember { key, value in
            if found == nil, key == name { found = value }
        }
        return found
    }

    /// Calls `body` with each member of an object, and not at all when this is none.
    package func forEachMember(_ body: (JSONKey, JSONValue) throws -> Void) rethrows {
        guard isObject else { return }
        var cursor = 0
        var key: UnsafePointer<UInt8>?
        var size = 0
        var value = mlt_json_place()
        while mlt_json_next_member(place, &cursor, &key, &size, &value) != 0 {
            try body(JSONKey(bytes: UnsafeBufferPointer(start: key, count: size)), JSONValue(place: value))
        }
    }

    /// Whether an array has so many elements at most; it is not read further than that.
    package func hasElements(upTo limit: Int) -> Bool {
        guard isArray else { return false }
        var (cursor, count) = (0, 0)
        var element = mlt_json_place()
        while count <= limit, mlt_json_next_element(place, &cursor, &element) != 0 { count += 1 }
        return count <= limit
    }

    /// Calls `body` with each element of an array, and not at all when this is none.
    package func forEachElement(_ body: (JSONValue) throws -> Void) rethrows {
        guard isArray else { return }
        var cursor = 0
        var element = mlt_json_place()
        while mlt_json_next_element(place, &cursor, &element) != 0 { try body(JSONValue(place: element)) }
    }

    private func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        var size = 0
        return body(UnsafeBufferPointer(start: mlt_json_string_of(place, &size), count: size))
    }

    /// Only decimal text counts: `Double("nan")` and `Double("0x10")` are numbers to Swift, not to who wrote the field.
    private var numberOfText: Double? {
        withText { bytes in
            guard !bytes.isEmpty, bytes.count <= 32 else { return nil }
            let decimal = bytes.allSatisfy { byte in
                (0x30...0x39).contains(byte) || byte == 0x2E || byte == 0x2D || byte == 0x2B || byte == 0x65 || byte == 0x45
            }
            guard decimal, let number = Double(String(decoding: bytes, as: UTF8.self)), number.isFinite else { return nil }
            return number
        }
    }
}

/// The name of an object's member, compared without making a String.
package struct JSONKey {
    let bytes: UnsafeBufferPointer<UInt8>

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    @inlinable
    package static func == (key: JSONKey, name: StaticString) -> Bool { key.equals(name.utf8Start, name.utf8CodeUnitCount) }

    /// Lets a `switch` over literals choose a member.
    @inlinable
    package static func ~= (name: StaticString, key: JSONKey) -> Bool { key == name }

    @usableFromInline
    package func equals(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        guard bytes.count == count else { return false }
        for index in 0..<count where bytes[index] != start[index] { return false }
        return true
    }
}
