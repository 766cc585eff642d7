/// Compares what was given with what is right.
enum SecretComparison {
    /// Takes as long for bytes that are wrong at their beginning as for those that are wrong at their end. Nothing equals an empty secret.
    static func areEqual(_ given: [UInt8], _ expected: [UInt8]) -> Bool {
        guard !expected.isEmpty else { return false }
        var difference = given.count ^ expected.count
        for index in given.indices { difference |= Int(given[index] ^ expected[index % expected.count]) }
        return difference == 0
    }

    /// The same for texts.
    static func areEqual(_ given: String, _ expected: String) -> Bool { areEqual(Array(given.utf8), Array(expected.utf8)) }
}
