import Protobuf

/// Names for few numbers, and those far apart.
package enum Kind: ProtobufEnum {
    case unspecified
    case one
    case negative
    case greatest
    case least
    /// A number that this version has no name for.
    case other(Int32)

    package init(rawValue: Int32) {
        self =
            switch rawValue {
            case 0: .unspecified
            case 1: .one
            case -1: .negative
            case 2147483647: .greatest
            case -2147483648: .least
            default: .other(rawValue)
            }
    }

    package var rawValue: Int32 {
        switch self {
        case .unspecified: 0
        case .one: 1
        case .negative: -1
        case .greatest: 2147483647
        case .least: -2147483648
        case .other(let number): number
        }
    }
}
