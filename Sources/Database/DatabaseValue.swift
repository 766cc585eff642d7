/// What stands in a column, or is bound to a question mark.
package enum DatabaseValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

/// What can be bound to a question mark.
package protocol DatabaseBindable: Sendable {
    var databaseValue: DatabaseValue { get }
}

extension DatabaseValue: DatabaseBindable {
    package var databaseValue: DatabaseValue { self }
}
extension Int: DatabaseBindable {
    package var databaseValue: DatabaseValue { .integer(Int64(self)) }
}
extension Int32: DatabaseBindable {
    package var databaseValue: DatabaseValue { .integer(Int64(self)) }
}
extension Int64: DatabaseBindable {
    package var databaseValue: DatabaseValue { .integer(self) }
}
extension Double: DatabaseBindable {
    /// SQLite has no NaN: it is bound as null.
    package var databaseValue: DatabaseValue { isNaN ? .null : .real(self) }
}
extension Bool: DatabaseBindable {
    package var databaseValue: DatabaseValue { .integer(self ? 1 : 0) }
}
extension String: DatabaseBindable {
    package var databaseValue: DatabaseValue { .text(self) }
}
extension [UInt8]: DatabaseBindable {
    package var databaseValue: DatabaseValue { .blob(self) }
}
extension Optional: DatabaseBindable where Wrapped: DatabaseBindable {
    package var databaseValue: DatabaseValue { self?.databaseValue ?? .null }
}
