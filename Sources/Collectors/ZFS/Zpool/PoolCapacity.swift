import Primitives

/// A line of `zpool list -Hp`: what a pool has and how it is. What ZFS does not know, it writes as `-`.
struct PoolCapacity: Sendable, Equatable {
    /// The columns that are asked for; each ZFS since 0.8 has them.
    static let columns = [
        "name", "size", "alloc", "free", "checkpoint", "expandsize", "frag", "dedup", "health", "freeing", "leaked", "readonly",
    ]
    /// Pools that are believed.
    private static let poolLimit = 1000

    let name: String
    let sizeBytes: Double?
    let allocatedBytes: Double?
    let freeBytes: Double?
    let checkpointBytes: Double?
    let expandableBytes: Double?
    let fragmentationRatio: Double?
    /// Stored over referenced: 0.5 when each block is there twice by name and once on disk.
    let deduplicationRatio: Double?
    let state: PoolState?
    let freeingBytes: Double?
    let leakedBytes: Double?
    let isReadOnly: Bool?

    /// Reads all lines, each with as many fields as there are columns. Errors: one that has not.
    static func read(_ bytes: [UInt8]) throws(Failure) -> [PoolCapacity] {
        var pools: [PoolCapacity] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) where !line.elementsEqual(PoolStatus.noPools.utf8) {
            let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard let pool = PoolCapacity(fields) else {
                throw Failure(.malformed, "\(String(decoding: line.prefix(80), as: UTF8.self)) is not the line of a pool")
            }
            guard pools.count < poolLimit else { throw Failure(.limit, "more than \(poolLimit) pools") }
            pools.append(pool)
        }
        return pools
    }

    private init?(_ fields: [String]) {
        guard fields.count == Self.columns.count, !fields[0].isEmpty else { return nil }
        name = fields[0]
        sizeBytes = Self.number(fields[1])
        allocatedBytes = Self.number(fields[2])
        freeBytes = Self.number(fields[3])
        checkpointBytes = Self.number(fields[4])
        expandableBytes = Self.number(fields[5])
        fragmentationRatio = Self.number(fields[6]).map { $0 / 100 }
        deduplicationRatio = Self.number(fields[7]).flatMap { $0 > 0 ? 1 / $0 : nil }
        state = PoolState(word: fields[8])
        freeingBytes = Self.number(fields[9])
        leakedBytes = Self.number(fields[10])
        isReadOnly = ["on": true, "off": false][fields[11]]
    }

    /// Digits, with a fraction or without; some versions leave `%` and `x` behind them.
    private static func number(_ text: String) -> Double? {
        var digits = text[...]
        if let last = digits.last, last == "%" || last == "x" { digits.removeLast() }
        guard (1...24).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) else {
            return nil
        }
        return Double(digits)
    }
}
