import Primitives

/// What `zpool` is asked. The lists are fixed: nothing from outside becomes an argument.
enum ZpoolCommand: String, Sendable, CaseIterable {
    case list, status

    /// A way to ask, and how the answer is read.
    struct Form: Sendable {
        let arguments: [String]
        let read: @Sendable ([UInt8]) throws(Failure) -> ZpoolAnswer
    }

    /// Ways to ask, the best first; the next is for a program that does not know the options of the one before.
    var forms: [Form] {
        switch self {
        case .list:
            [
                Form(arguments: ["list", "-Hp", "-o", PoolCapacity.columns.joined(separator: ",")]) { bytes throws(Failure) in
                    .list(try PoolCapacity.read(bytes))
                }
            ]
        case .status:
            [
                Form(arguments: ["status", "-j", "--json-int", "-p", "-s"]) { bytes throws(Failure) in .status(try StatusJSON.read(bytes))
                },
                Form(arguments: ["status", "-p", "-s"]) { bytes throws(Failure) in .status(try StatusText.read(bytes)) },
            ]
        }
    }

    /// Whether it says that it does not know an option.
    static func refusesOption(_ errors: String) -> Bool {
        let text = errors.lowercased()
        return ["invalid option", "unrecognized option", "unknown option"].contains(where: text.contains)
    }
}

/// What `zpool` answered.
enum ZpoolAnswer: Sendable {
    case list([PoolCapacity])
    case status([PoolStatus])
}
