import SQLiteShim

/// A row of an answer, for as long as the closure runs that was given it. Columns count from 0.
///
/// Reading is strict: what is null, absent or of another kind is nil. A whole number reads as a real one too.
package struct DatabaseRow {
    let statement: OpaquePointer

    package func value(_ column: Int) -> DatabaseValue {
        let place = Int32(clamping: column)
        guard place >= 0, place < mlt_sqlite_column_count(statement) else { return .null }
        switch Int(mlt_sqlite_column_kind(statement, place)) {
        case mlt_sqlite_integer: return .integer(mlt_sqlite_column_integer(statement, place))
        case mlt_sqlite_float: return .real(mlt_sqlite_column_double(statement, place))
        case mlt_sqlite_text: return .text(withBytes(place) { String(decoding: $0, as: UTF8.self) })
        case mlt_sqlite_blob: return .blob(withBytes(place) { Array($0) })
        default: return .null
        }
    }

    package func integer(_ column: Int) -> Int64? {
        guard case .integer(let number) = value(column) else { return nil }
        return number
    }

    package func real(_ column: Int) -> Double? {
        switch value(column) {
        case .integer(let number): Double(number)
        case .real(let number): number
        default: nil
        }
    }

    package func flag(_ column: Int) -> Bool { integer(column) ?? 0 != 0 }

    package func text(_ column: Int) -> String? {
        guard case .text(let text) = value(column) else { return nil }
        return text
    }

    package func blob(_ column: Int) -> [UInt8]? {
        guard case .blob(let bytes) = value(column) else { return nil }
        return bytes
    }

    private func withBytes<Result>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        var size = 0
        let bytes = mlt_sqlite_column_bytes(statement, column, &size)
        return body(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : size))
    }
}
