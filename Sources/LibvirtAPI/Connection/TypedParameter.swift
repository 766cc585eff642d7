import LibvirtShim

/// One figure of those that libvirt tells by name: `virTypedParameter`.
package struct TypedParameter: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case integer(Int64)
        case unsigned(UInt64)
        case double(Double)
        case bool(Bool)
        case text(String)
    }

    /// `block.0.rd.bytes`
    package let name: String
    package let value: Value

    package init(name: String, value: Value) {
        self.name = name
        self.value = value
    }

    /// The value as a number; nil for a text.
    package var number: Double? {
        switch value {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .double(let value): value
        case .bool(let value): value ? 1 : 0
        case .text: nil
        }
    }

    package var text: String? { if case .text(let text) = value { text } else { nil } }

    /// Copies parameters out of the library's memory; those of a type that is younger than this list are left out.
    static func read(_ parameters: UnsafePointer<virTypedParameter>?, count: Int32) -> [TypedParameter] {
        guard let parameters, count > 0 else { return [] }
        var read: [TypedParameter] = []
        read.reserveCapacity(Int(count))
        for parameter in UnsafeBufferPointer(start: parameters, count: Int(count)) {
            guard let value = value(parameter) else { continue }
            let name = withUnsafeBytes(of: parameter.field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            read.append(TypedParameter(name: name, value: value))
        }
        return read
    }

    private static func value(_ parameter: virTypedParameter) -> Value? {
        switch UInt32(bitPattern: parameter.type) {
        case VIR_TYPED_PARAM_INT.rawValue: .integer(Int64(parameter.value.i))
        case VIR_TYPED_PARAM_UINT.rawValue: .unsigned(UInt64(parameter.value.ui))
        case VIR_TYPED_PARAM_LLONG.rawValue: .integer(parameter.value.l)
        case VIR_TYPED_PARAM_ULLONG.rawValue: .unsigned(parameter.value.ul)
        case VIR_TYPED_PARAM_DOUBLE.rawValue: .double(parameter.value.d)
        case VIR_TYPED_PARAM_BOOLEAN.rawValue: .bool(parameter.value.b != 0)
        case VIR_TYPED_PARAM_STRING.rawValue: parameter.value.s.map { .text(String(cString: $0)) }
        default: nil
        }
    }

    /// Asks for parameters that the library allocates, reads them and frees them. Throws when the call answers with less than 0.
    static func ask(
        _ connection: LibvirtConnection,
        _ call: (_ parameters: UnsafeMutablePointer<virTypedParameterPtr?>, _ count: UnsafeMutablePointer<Int32>) -> Int32
    ) throws(LibvirtError) -> [TypedParameter] {
        var parameters: virTypedParameterPtr?
        var count: Int32 = 0
        try connection.check(call(&parameters, &count))
        defer { mlt_virt_typed_params_free(connection.library.doors, parameters, count) }
        return read(parameters, count: count)
    }
}
